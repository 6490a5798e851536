/* The work of store migrate: several moves at a time. */
#ifndef FA_CTL_MOVERS_H
#define FA_CTL_MOVERS_H

#include "lib/base/options.h"
#include "lib/object/move.h"

enum { FA_MOVERS_MAX = 32 };

struct fa_movers {
    const struct fa_options *options;
    enum fa_store_kind from;
    enum fa_store_kind to;
    int64_t count; /* moves at a time, 1 to FA_MOVERS_MAX */
    bool verify;
    int64_t total;                /* objects that rows own, for the line of progress */
    struct fa_move_counts counts; /* of all, in the end */
};

/*
 * Moves all objects, each mover those of its share of the keys with stores and a connection of its
 * own.  What cannot be moved is told on standard output.  When a mover fails the others end after
 * the object at hand, and its error is the call's.  A store must have been asked before: libcurl
 * wants its first use to be in the only thread.
 */
int fa_movers_run(struct fa_movers *self, struct fa_error *err) FA_MUSTCHECK;

#endif
