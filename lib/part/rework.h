/* What the operator does to a job by hand. */
#ifndef FA_PART_REWORK_H
#define FA_PART_REWORK_H

#include "lib/part/announce.h"

enum fa_rework_what { FA_REWORK_RETRY, FA_REWORK_CANCEL };

struct fa_rework {
    struct fa_uuid job;
    enum fa_rework_what what;
    struct fa_announcement told; /* its log is the caller's to set */
};

/* FA_REWORK_RETRY: a job that has failed or was cancelled is queued again, as if asked for anew;
 * one that waits for its next attempt need not wait.  FA_REWORK_CANCEL: an open job is over; part
 * and stage say so, an event is kept.  FA_E_INTERNAL says why not: it runs, it has ended, another
 * is open, its file is no longer the part's CAD. */
int fa_rework_run(struct fa_db *db, struct fa_rework *rework, struct fa_error *err) FA_MUSTCHECK;

#endif
