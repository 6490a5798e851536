#include "lib/part/cancel.h"
#include "lib/base/cleanup.h"

#include <string.h>

enum { ARENA_LIMIT = 64 * 1024 };

enum fa_db_outcome
fa_cancel_job(struct fa_db *db, const struct fa_job *job, struct fa_announcement *told,
              struct fa_error *err)
{
    const struct fa_event news = fa_announce_job("cancelled", job);
    enum fa_db_outcome outcome = fa_event_keep(db, &news, &job->id, NULL, err);

    if (outcome < 0)
        return outcome;
    told->events = told->jobs = true;
    return fa_job_cancel(db, &job->id, err);
}

enum fa_db_outcome
fa_cancel_jobs(struct fa_db *db, const struct fa_uuid *part, const char *task,
               struct fa_announcement *told, struct fa_error *err)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    struct fa_job job;
    enum fa_db_outcome outcome = fa_job_open(db, part, &rows, err);

    while (outcome >= 0 && (outcome = fa_job_open_next(&rows, &arena, &job, err)) == FA_DB_ROW)
        if (task == NULL || strcmp(job.task, task) == 0)
            outcome = fa_cancel_job(db, &job, told, err);
    return outcome;
}
