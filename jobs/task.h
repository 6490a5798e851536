/*
 * A kind of work: what a child process does for a job of that task.  One row in the table (task.c)
 * and one file (task_<name>.c) each.
 */
#ifndef FA_JOBS_TASK_H
#define FA_JOBS_TASK_H

#include "jobs/fate.h"
#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/options.h"
#include "lib/job/job.h"
#include "lib/store/store.h"

/* What a child has for its one job. */
struct fa_task_ctx {
    const struct fa_options *options;
    const struct fa_log *log;
    struct fa_arena *arena;
    struct fa_db *db; /* holds the job's advisory lock */
    struct fa_store *store;
    const struct fa_job *job;
    int64_t told_us; /* when progress was told last */
    bool has_fate;   /* the task knows better than its error's code how the attempt has ended */
    enum fa_fate fate;
};

/*
 * Does the work up to its last result and ends the job (fa_outcome_finish).  Returns 0 when the job
 * has ended or is superseded, else -1 with `err`: FA_E_CONTENT (sentences for the user) ends it as
 * failed, any other code is tried again.
 */
typedef int fa_task_run(struct fa_task_ctx *ctx, struct fa_error *err);

struct fa_task {
    const char *name; /* FA_TASK_… */
    fa_task_run *run;
};

/* The task of that name; NULL when there is none. */
const struct fa_task *fa_task_find(const char *name);

fa_task_run fa_task_cad_run, fa_task_nothing_run, fa_task_report_run;

#endif
