/*
 * The move to another store: every object that a row owns is copied under its key, while the
 * service goes on.
 *
 * An object never changes, so a copy that is whole stays right, and a move that was broken off goes
 * on where it was: what is there already with the right size is not copied again.  Nothing is
 * removed from where the objects come from.  What a row stops owning while it is copied is removed
 * from where it went: no row there will ever ask for it.
 */
#ifndef FA_OBJECT_MOVE_H
#define FA_OBJECT_MOVE_H

#include "lib/object/row.h"

/* An object that could not be moved. */
typedef void fa_move_report(void *closure, const struct fa_object_rows *rows, const char *why);

enum { FA_MOVE_BATCH = 256 };

/* What has become of objects. */
struct fa_move_counts {
    int64_t seen; /* that rows own */
    int64_t copied;
    int64_t copied_bytes;
    int64_t present; /* were there */
    int64_t gone;    /* no row owns them any more */
    int64_t failed;
};

struct fa_move {
    struct fa_db *db;
    struct fa_store *from;
    struct fa_store *to;
    char after[FA_STORE_KEY];  /* keys up to this are another's; "": none */
    char before[FA_STORE_KEY]; /* keys from this on are another's; "": none */
    bool verify;               /* reads again what is there already */
    fa_move_report *report;
    bool (*progress)(void *closure, const struct fa_move *move); /* often; false ends the move */
    void *closure;

    struct fa_move_counts counts;

    /* copied, and not yet asked about again */
    char fresh[FA_MOVE_BATCH][FA_STORE_KEY];
    size_t fresh_count;
};

/* One pass over the objects of its keys.  0 also when some could not be moved (`failed`), and when
 * it was ended; -1 when database or one of the stores is away. */
int fa_move_run(struct fa_move *self, struct fa_error *err) FA_MUSTCHECK;

#endif
