/*
 * The collector: removes from the store what no row owns any more.
 *
 * An intent past its deadline becomes a tombstone first, in one committed statement: from then on
 * the upload that made it can no longer own the object (fa_object_own finds no intent), and as a
 * key is used once, nobody ever can.  So what a tombstone names may be removed outside any
 * transaction, again and again, by two collectors at once, or by one that dies in between: an
 * object that is not there counts as removed, and the tombstone's row goes only after the object.
 *
 * An object that a row owns is never touched, whatever else names it.
 */
#ifndef FA_OBJECT_COLLECT_H
#define FA_OBJECT_COLLECT_H

#include "lib/db/db.h"
#include "lib/store/store.h"

struct fa_collect {
    /* what to do */
    struct fa_db *db; /* a direct connection: its session holds the collector's lock */
    struct fa_store *store;
    int64_t limit;    /* objects at most */
    int64_t slice_us; /* begins with no other object after that long; 0: takes its time */
    bool retry;       /* also those whose last try failed, before their time */
    bool sweep;       /* also what unfinished uploads left in the store, whatever rows say */

    /* what came of it */
    bool busy;               /* another collector is at work: nothing was done */
    bool more;               /* limit or slice ended it: there may be more */
    int64_t abandoned;       /* uploads that nobody finished */
    int64_t removed;         /* objects */
    int64_t failed;          /* objects that could not be removed; tried again later */
    int64_t swept;           /* unfinished uploads */
    struct fa_error failure; /* why the last of the failed did */
    int64_t end_us;          /* of the slice; its own */
};

/* One cycle.  0 also when single objects could not be removed; -1 when database or store are
 * away. */
int fa_collect_run(struct fa_collect *self, struct fa_error *err) FA_MUSTCHECK;

/* What a cycle would do now: `abandoned` and `removed` (those included) are set. */
int fa_collect_count(struct fa_collect *self, struct fa_error *err) FA_MUSTCHECK;

#endif
