/* What the operator does to a job by hand. */
#ifndef FA_PART_REWORK_H
#define FA_PART_REWORK_H

#include "lib/part/announce.h"

struct fa_rework {
    struct fa_uuid job;
    struct fa_announcement told; /* its log is the caller's to set */
};

/* A job that has failed or was cancelled is queued again, as if asked for anew; one that waits for
 * its next attempt need not wait.  FA_E_INTERNAL says why not: it runs, it has finished, another is
 * open, its file is no longer the part's CAD. */
int fa_rework_retry(struct fa_db *db, struct fa_rework *rework, struct fa_error *err) FA_MUSTCHECK;

/* An open job is over; part and stage say so, an event is kept.  FA_E_INTERNAL when it has ended.
 */
int fa_rework_cancel(struct fa_db *db, struct fa_rework *rework, struct fa_error *err) FA_MUSTCHECK;

#endif
