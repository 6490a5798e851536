/*
 * nothing: what a job costs that does nothing.  For bench/jobs and tests; only builds with
 * failpoints know the task.
 */
#include "jobs/outcome.h"
#include "jobs/task.h"
#include "lib/base/failpoint.h"

int
fa_task_nothing_run(struct fa_task_ctx *ctx, struct fa_error *err)
{
    if (FA_FAILPOINT("job.nothing"))
        return fa_error_set(err, FA_E_STORE, "as the test asks");
    return fa_outcome_finish(ctx->db, ctx->job, NULL, err) < 0 ? -1 : 0;
}
