/* What a transaction leaves to be told after its commit: kept events, and that there are jobs. */
#ifndef FA_PART_ANNOUNCE_H
#define FA_PART_ANNOUNCE_H

#include "lib/db/db.h"

/* Starts zeroed, again at each try of the transaction. */
struct fa_announcement {
    bool jobs;   /* some were queued, cancelled or ended: supervisors look */
    bool events; /* some were kept: they are published and told */
};

/* All of it in one notification transaction.  A failure is only worth a log line: rows are the
 * truth, listeners and supervisors look by themselves now and then. */
int fa_announce(struct fa_db *db, const struct fa_announcement *announcement, struct fa_error *err);

#endif
