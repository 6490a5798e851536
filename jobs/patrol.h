/* The supervisor's rounds: whoever has ended, runs too long, is not wanted any more, or is dead
 * with nobody to know. */
#ifndef FA_JOBS_PATROL_H
#define FA_JOBS_PATROL_H

#include "jobs/children.h"
#include "lib/base/log.h"
#include "lib/job/machine.h"
#include "lib/store/store.h"

struct fa_supervisor {
    const struct fa_options *options;
    const struct fa_log *log;
    struct fa_db *db;
    struct fa_store *store;
    struct fa_children children;
    struct fa_spares spares;
    char machine[FA_MACHINE_BYTES];
    int signals;
    bool adopted; /* all children that rows of this machine name are watched; looked at again now
                   * and then, for one that had not begun when its supervisor died */
    bool hinted;  /* a notification has come: a job may have been cancelled */
    unsigned claims;
    unsigned generation; /* of the database session, and since when */
    int64_t connected_us;
    int64_t patrol_us;
    int64_t housekeeping_us;
    int64_t collect_us; /* not before, on the monotonic clock */
    int64_t sweep_us;
};

/* Logs an error of its own: the next round may fare better. */
void fa_supervisor_complain(const struct fa_supervisor *self, const char *event,
                            const struct fa_error *err);

/* Waits for children that have ended, and gives their jobs an outcome where they left none. */
void fa_patrol_reap(struct fa_supervisor *self);

/* Kills what is overdue, or unwanted when a notification hints at it; now and then also looks for
 * the dead of all machines, hears whether to drain, and drops what is long over. */
void fa_patrol(struct fa_supervisor *self);

#endif
