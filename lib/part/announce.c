#include "lib/part/announce.h"
#include "lib/base/failpoint.h"

#include <string.h>

struct announced {
    fa_db_work *work;
    void *closure;
    struct fa_announcement *told;
};

static enum fa_db_outcome
try(struct fa_db *db, void *closure, struct fa_error *err)
{
    struct announced *self = closure;

    self->told->jobs = self->told->events = false;
    return self->work(db, self->closure, err);
}

static void
announce(struct fa_db *db, const struct fa_announcement *told)
{
    struct fa_notice notices[2];
    struct fa_error lost;
    size_t count = 0;

    if (told->events && !FA_FAILPOINT("event.none"))
        notices[count++] = (struct fa_notice){FA_EVENT_CHANNEL, ""};
    if (told->jobs)
        notices[count++] = (struct fa_notice){FA_JOB_CHANNEL, ""};
    if (count > 0 && fa_db_notify_all(db, notices, count, &lost) < 0 && told->log != NULL)
        fa_log_error(told->log, "announce", &lost);
}

enum fa_db_outcome
fa_announce_after(struct fa_db *db, fa_db_work *work, void *closure, struct fa_announcement *told,
                  struct fa_error *err)
{
    struct announced self = {.work = work, .closure = closure, .told = told};
    enum fa_db_outcome outcome = fa_db_transaction(db, try, &self, err);

    if (outcome >= 0)
        announce(db, told);
    return outcome;
}

struct fa_event
fa_announce_job(const char *event, const struct fa_job *job)
{
    bool about_asset = strcmp(job->task, FA_TASK_CAD) == 0;

    return (struct fa_event){.event = event,
                             .job = job->task,
                             .part = &job->part,
                             .asset = about_asset ? fa_uuid_given(&job->asset) : NULL,
                             .percent = -1};
}
