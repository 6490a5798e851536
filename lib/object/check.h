/*
 * The check of both sides: all objects that rows name against all objects of the store.
 *
 * Both are walked in the order of the keys and merged, in constant memory.  Uploads, deletions and
 * the collector go on meanwhile, so a difference that the walks show is a mere candidate: it is
 * judged by asking the rows, then the store, then the rows again.  As an object is there before a
 * row owns it, goes after the last row that names it, and a key is used once, what holds then is no
 * race.
 */
#ifndef FA_OBJECT_CHECK_H
#define FA_OBJECT_CHECK_H

#include "lib/object/row.h"

enum fa_check_kind {
    FA_CHECK_LOST,          /* a row owns it, the store does not have it */
    FA_CHECK_SIZE,          /* its size is not what its row says */
    FA_CHECK_CONTENT,       /* its SHA-256 is not what its row says, or it cannot be read */
    FA_CHECK_ORPHAN,        /* no row names it, and it is old enough to be sure */
    FA_CHECK_CONTRADICTION, /* a row owns it, another wants it removed */
    FA_CHECK_SHARED,        /* several rows own it */
    FA_CHECK_FOREIGN,       /* a name in the store that is no key of ours */
    FA_CHECK_KINDS
};

/* The kind's name in a word, and what it means in a few. */
const char *fa_check_kind_name(enum fa_check_kind kind);
const char *fa_check_kind_meaning(enum fa_check_kind kind);

struct fa_check_finding {
    enum fa_check_kind kind;
    const char *key;
    const struct fa_object_rows *rows; /* NULL: foreign */
    uint64_t size;                     /* of the object; 0 where it is lost */
    const char *detail;                /* more about it; may be "" */
};

/* A finding; non-zero ends the check. */
typedef int fa_check_report(void *closure, const struct fa_check_finding *finding,
                            struct fa_error *err);

enum { FA_CHECK_BATCH = 256 };

struct fa_check {
    struct fa_db *db;
    struct fa_store *store;
    bool verify; /* reads all bytes */
    fa_check_report *report;
    void (*progress)(void *closure, const struct fa_check *check); /* often */
    void *closure;

    /* how far it is, and what came of it */
    int64_t objects; /* in the store */
    int64_t owned;   /* of which rows own */
    int64_t young;   /* without a row, but too young to judge */
    int64_t verified_bytes;
    int64_t found[FA_CHECK_KINDS];

    /* candidates that wait to be judged, in no order */
    char candidates[FA_CHECK_BATCH][FA_STORE_KEY];
    size_t candidate_count;
};

/* Runs the check; 0 whatever it finds, -1 when a side cannot be read to its end. */
int fa_check_run(struct fa_check *self, struct fa_error *err) FA_MUSTCHECK;

#endif
