/*
 * The risky half of the CAD task: fileapi-cad, a process that gets an open file and gives back a
 * model, a picture and figures, all of which are checked here as untrusted.
 */
#ifndef FA_JOBS_CAD_PROCESS_H
#define FA_JOBS_CAD_PROCESS_H

#include "jobs/task.h"

#include <sys/types.h>

enum fa_cad_output { FA_CAD_METRICS, FA_CAD_GLB, FA_CAD_PNG, FA_CAD_PNG_SMALL, FA_CAD_OUTPUTS };

enum { FA_CAD_LINE = 1024 };

struct fa_cad_process {
    pid_t pid;
    int outputs[FA_CAD_OUTPUTS];
    int progress; /* its lines */
    char lines[FA_CAD_LINE];
    size_t length; /* of `lines`: what has come and was not yet taken */
    int64_t said;  /* bytes, altogether */
    int64_t deadline_us;
    bool has_fate; /* set when it has not ended well */
    enum fa_fate fate;
};

/* A line of its progress, or that it has been quiet for a while; texts point into `line`. */
struct fa_cad_step {
    enum {
        FA_CAD_BEGIN,
        FA_CAD_PERCENT,
        FA_CAD_END,
        FA_CAD_ERROR,
        FA_CAD_FAILED,
        FA_CAD_QUIET
    } what;
    const char *stage;
    int percent;
    const char *message;
    const char *action;
    char line[FA_CAD_LINE];
};

/* Starts it on `input`, with limits that grow with the file.  FA_E_INTERNAL when the kernel has no
 * sandbox, unless FILEAPI_SANDBOX is off. */
int fa_cad_process_start(struct fa_cad_process *process, const struct fa_task_ctx *ctx, int input,
                         struct fa_error *err) FA_MUSTCHECK;

/* Waits for the next step; 1, or 0 when it has closed its progress, or -1 when what it says makes
 * no sense (unknown, too long, too much, or no text) or its time is over. */
int fa_cad_process_step(struct fa_cad_process *process, struct fa_cad_step *step,
                        struct fa_error *err) FA_MUSTCHECK;

/* Copies an output into a new spool file of ours, which the process cannot touch any more, and
 * checks its form and size: the descriptor, or -1. */
int fa_cad_process_take(const struct fa_cad_process *process, enum fa_cad_output output,
                        const struct fa_task_ctx *ctx, struct fa_error *err) FA_MUSTCHECK;

/* Waits for its end; 0 when it ended well, else -1 with its fate: FA_E_CONTENT when the file is the
 * reason, FA_E_KILLED when another attempt may fare better. */
int fa_cad_process_end(struct fa_cad_process *process, struct fa_error *err) FA_MUSTCHECK;

/* Kills it if it still runs, closes everything; fits FA_CLEANUP. */
void fa_cad_process_close(struct fa_cad_process *process);

#endif
