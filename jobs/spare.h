/*
 * The spare: a child that is exec'd, connected and waiting, so that a job need not wait for that.
 *
 * It reads its one job from a pipe, whose end before a job makes it leave: it never outlives the
 * supervisor that made it, nor sees another's options.  While there is none, or when it is broken,
 * a fresh child does the same.
 */
#ifndef FA_JOBS_SPARE_H
#define FA_JOBS_SPARE_H

#include "lib/base/options.h"
#include "lib/job/job.h"

#include <sys/types.h>

/* The spare's end of the pipe, and room for the line that comes on it: "JOB ATTEMPT\n". */
enum { FA_SPARE_FD = 3, FA_SPARE_LINE = 80 };

struct fa_spare {
    pid_t pid; /* 0: there is none */
    int pipe;
    int64_t
        not_before_us; /* when the next may be made: one that dies must not be made in a circle */
};

void fa_spare_init(struct fa_spare *spare);

/* Makes one where there is none; -1 when that fails, to be tried again later. */
int fa_spare_keep(struct fa_spare *spare, const struct fa_options *options,
                  struct fa_error *err) FA_MUSTCHECK;

/* Gives it the job: its process, the caller's child from now on; 0 when there is none to take it.
 */
pid_t fa_spare_give(struct fa_spare *spare, const struct fa_job *job);

/* Waits for one that has died. */
void fa_spare_reap(struct fa_spare *spare);

/* Ends it, before a job. */
void fa_spare_drop(struct fa_spare *spare);

#endif
