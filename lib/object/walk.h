/* A store's objects one after another, for whoever walks over two sides at once. */
#ifndef FA_OBJECT_WALK_H
#define FA_OBJECT_WALK_H

#include "lib/store/store.h"

enum { FA_WALK_PAGE = 1000, FA_WALK_NAME = 1100 };

struct fa_walk {
    struct fa_store *store;
    struct fa_arena arena;
    struct fa_store_entry *entries; /* the page, in the arena */
    size_t count;
    size_t next;
    char after[FA_WALK_NAME]; /* the last name of the page */
    bool ended;
};

void fa_walk_open(struct fa_walk *walk, struct fa_store *store);
void fa_walk_close(struct fa_walk *walk);

/* The next object, in byte order of the keys; NULL in `entry_r` after the last.  It is valid until
 * the next call. */
int fa_walk_next(struct fa_walk *walk, const struct fa_store_entry **entry_r,
                 struct fa_error *err) FA_MUSTCHECK;

/* What fa_walk_find looks for, and found. */
struct fa_walk_target {
    const char *key;
    bool present;
    uint64_t size;
    int64_t modified_us;
};

/* Looks for keys as they are now.  `targets` must be sorted by key; those that lie close together
 * share a listing. */
int fa_walk_find(struct fa_store *store, struct fa_walk_target *targets, size_t count,
                 struct fa_error *err) FA_MUSTCHECK;

#endif
