#include "lib/object/walk.h"

#include <stdio.h>
#include <string.h>

enum {
    ARENA_LIMIT = 8 << 20, /* a page of the longest names */
    STOP = 1
};

void
fa_walk_open(struct fa_walk *walk, struct fa_store *store)
{
    *walk = (struct fa_walk){.store = store};
    fa_arena_init(&walk->arena, ARENA_LIMIT);
}

void
fa_walk_close(struct fa_walk *walk)
{
    fa_arena_free(&walk->arena);
}

static int
take(void *closure, const struct fa_store_entry *entry, struct fa_error *err)
{
    struct fa_walk *walk = closure;
    struct fa_store_entry *kept = &walk->entries[walk->count];

    *kept = *entry;
    kept->key = fa_arena_strdup(&walk->arena, entry->key);
    if (kept->key == NULL)
        return fa_error_set(err, FA_E_MEMORY, "list the store");
    return ++walk->count == FA_WALK_PAGE ? STOP : 0;
}

/* A listing ends with each page: so nothing is held open while the caller works. */
static int
read_page(struct fa_walk *walk, struct fa_error *err)
{
    int result;

    fa_arena_reset(&walk->arena);
    walk->count = walk->next = 0;
    walk->entries = fa_arena_array(&walk->arena, FA_WALK_PAGE, sizeof *walk->entries);
    if (walk->entries == NULL)
        return fa_error_set(err, FA_E_MEMORY, "list the store");
    result = fa_store_list(walk->store, walk->after, take, walk, err);
    if (result < 0)
        return -1;
    walk->ended = result != STOP;
    if (walk->count > 0)
        snprintf(walk->after, sizeof walk->after, "%s", walk->entries[walk->count - 1].key);
    return 0;
}

int
fa_walk_next(struct fa_walk *walk, const struct fa_store_entry **entry_r, struct fa_error *err)
{
    *entry_r = NULL;
    if (walk->next == walk->count && !walk->ended && read_page(walk, err) < 0)
        return -1;
    if (walk->next < walk->count)
        *entry_r = &walk->entries[walk->next++];
    return 0;
}

struct search {
    struct fa_walk_target *targets;
    size_t count;
    size_t at;
    size_t passed; /* objects since the last target */
};

static int
compare_target(void *closure, const struct fa_store_entry *entry, struct fa_error *err)
{
    struct search *search = closure;

    (void)err;
    search->passed++;
    while (search->at < search->count && strcmp(search->targets[search->at].key, entry->key) < 0)
        search->at++;
    if (search->at < search->count && strcmp(search->targets[search->at].key, entry->key) == 0) {
        struct fa_walk_target *target = &search->targets[search->at++];

        target->present = !entry->foreign;
        target->size = entry->size;
        target->modified_us = entry->modified_us;
        search->passed = 0;
    }
    return search->at == search->count || search->passed >= FA_WALK_PAGE ? STOP : 0;
}

int
fa_walk_find(struct fa_store *store, struct fa_walk_target *targets, size_t count,
             struct fa_error *err)
{
    struct search search = {.targets = targets, .count = count};
    int result = STOP;

    for (size_t i = 0; i < count; i++)
        targets[i].present = false;
    while (search.at < count && result == STOP) {
        char before[FA_STORE_KEY];

        /* Nothing of ours lies between a key's first characters and itself. */
        snprintf(before, sizeof before, "%.*s", FA_STORE_KEY_LENGTH - 1, targets[search.at].key);
        search.passed = 0;
        result = fa_store_list(store, before, compare_target, &search, err);
        if (result < 0)
            return -1;
    }
    return 0;
}
