#include "lib/part/announce.h"
#include "lib/base/failpoint.h"
#include "lib/event/event.h"
#include "lib/job/job.h"

int
fa_announce(struct fa_db *db, const struct fa_announcement *announcement, struct fa_error *err)
{
    struct fa_notice notices[2];
    size_t count = 0;

    if (announcement->events && !FA_FAILPOINT("event.none"))
        notices[count++] = (struct fa_notice){FA_EVENT_CHANNEL, ""};
    if (announcement->jobs)
        notices[count++] = (struct fa_notice){FA_JOB_CHANNEL, ""};
    return count == 0 ? 0 : fa_db_notify_all(db, notices, count, err);
}
