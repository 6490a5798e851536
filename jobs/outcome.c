#include "jobs/outcome.h"
#include "lib/base/cleanup.h"
#include "lib/part/announce.h"
#include "lib/part/cad.h"
#include "lib/part/stage.h"

#include <string.h>

enum { ARENA_LIMIT = 64 * 1024 };

struct ending {
    const struct fa_job *job;
    const char *part_status;
    const struct fa_error *failure; /* NULL: success */
    struct fa_announcement told;
};

/* `stage_r` receives the stage that failed. */
static enum fa_db_outcome
write_failure(struct fa_db *db, const struct ending *ending, struct fa_arena *arena,
              const char **stage_r, struct fa_error *err)
{
    const struct fa_job *job = ending->job;
    struct fa_stage_blame blame = {.asset = &job->asset,
                                   .otherwise = fa_stage_first(job->task),
                                   .failure = ending->failure,
                                   .stage = fa_stage_first(job->task)};
    enum fa_db_outcome outcome = FA_DB_NONE;

    if (fa_uuid_given(&job->asset) != NULL)
        outcome = fa_stage_blame(db, &blame, arena, err);
    *stage_r = blame.stage;
    if (outcome >= 0 && strcmp(job->task, FA_TASK_CAD) == 0)
        outcome = fa_cad_set_status(db, &job->part, "failed", err);
    return outcome;
}

static enum fa_db_outcome
end_job(struct fa_db *db, void *closure, struct fa_error *err)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    struct ending *ending = closure;
    const struct fa_job *job = ending->job;
    struct fa_event news = fa_announce_job(ending->failure == NULL ? "finished" : "failed", job);
    enum fa_db_outcome outcome = fa_job_hold(db, job, err);

    if (outcome != FA_DB_ROW)
        return outcome;
    news.failure = ending->failure;
    if (ending->failure != NULL)
        outcome = write_failure(db, ending, &arena, &news.stage, err);
    else if (ending->part_status != NULL)
        outcome = fa_cad_set_status(db, &job->part, ending->part_status, err);
    if (outcome >= 0)
        outcome = fa_event_keep(db, &news, &job->id, NULL, err);
    if (outcome < 0)
        return outcome;
    ending->told.events = true;
    /* The free slot is no news: the supervisor sees its child end. */
    return fa_job_end(db, job, news.event, ending->failure != NULL ? ending->failure->detail : NULL,
                      &ending->told.jobs, err);
}

enum fa_db_outcome
fa_outcome_finish(struct fa_db *db, const struct fa_job *job, const char *part_status,
                  struct fa_error *err)
{
    struct ending ending = {.job = job, .part_status = part_status};

    return fa_announce_after(db, end_job, &ending, &ending.told, err);
}

enum fa_db_outcome
fa_outcome_fail(struct fa_db *db, const struct fa_job *job, const struct fa_error *failure,
                struct fa_error *err)
{
    struct ending ending = {.job = job, .failure = failure};

    return fa_announce_after(db, end_job, &ending, &ending.told, err);
}

enum fa_db_outcome
fa_outcome_retry(struct fa_db *db, const struct fa_job *job, enum fa_fate fate, int64_t attempts,
                 struct fa_error *err)
{
    struct fa_error failure;

    if (fa_fate_again(fate) && job->crashes + 1 < attempts)
        return fa_job_requeue(db, job,
                              &(const struct fa_job_retry){
                                  .delay_s = fa_fate_backoff(fate, job->crashes),
                                  .crashed = true,
                                  .why = fa_fate_name(fate),
                              },
                              err);
    fa_fate_tell(fate, job->crashes + 1, &failure);
    return fa_outcome_fail(db, job, &failure, err);
}
