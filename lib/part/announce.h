/* Work that others are to hear of: transactions, and the hints that go out after them. */
#ifndef FA_PART_ANNOUNCE_H
#define FA_PART_ANNOUNCE_H

#include "lib/base/log.h"
#include "lib/event/event.h"
#include "lib/job/job.h"

/* What a transaction leaves to be hinted at. */
struct fa_announcement {
    bool jobs;                /* some were queued, cancelled or ended: supervisors look */
    bool events;              /* some were kept: they are published and told */
    const struct fa_log *log; /* where a lost hint is told; NULL: nowhere */
};

/* Runs `work` as fa_db_transaction does, with nothing announced yet at each try, and after the
 * commit gives the hints that the work has asked for in `told`, in one notification transaction.
 * One that is lost is no failure: rows are the truth, listeners and supervisors look by themselves
 * now and then. */
enum fa_db_outcome fa_announce_after(struct fa_db *db, fa_db_work *work, void *closure,
                                     struct fa_announcement *told,
                                     struct fa_error *err) FA_MUSTCHECK;

/* What happened to a job, without stage, failure or percentage.  It names the asset of a CAD job;
 * all others are about the part. */
struct fa_event fa_announce_job(const char *event, const struct fa_job *job);

#endif
