/*
 * Arena: memory that is released together.
 *
 * One arena per request, job or message.  Nothing taken from it is freed singly; fa_arena_reset
 * gives everything back and keeps one chunk for the next round, so a worker's memory stays flat.
 */
#ifndef FA_BASE_ARENA_H
#define FA_BASE_ARENA_H

#include "lib/base/attr.h"
#include "lib/base/cleanup.h"

#include <stddef.h>

struct fa_arena_chunk;

struct fa_arena {
    struct fa_arena_chunk *head; /* the chunk being filled */
    size_t total;                /* bytes held in chunks */
    size_t limit;                /* ceiling for `total`, in bytes */
};

/* Prepares an empty arena that never holds more than `limit` bytes; allocates nothing yet. */
void fa_arena_init(struct fa_arena *arena, size_t limit);

/* Declares the arena `name` of a scope, whose end gives it back. */
#define FA_AUTO_ARENA(name, bytes)                                                                 \
    FA_CLEANUP(fa_arena_free) struct fa_arena name = {.limit = (bytes)}

/* Gives back everything but one chunk; all pointers from the arena are dead. */
void fa_arena_reset(struct fa_arena *arena);

/* Gives back everything; the arena may be used again.  NULL is allowed. */
void fa_arena_free(struct fa_arena *arena);

/* `size` zeroed bytes, aligned for any type; NULL when the limit or the memory is exhausted. */
void *fa_arena_alloc(struct fa_arena *arena, size_t size) FA_MUSTCHECK;

/* An array of `count` zeroed elements; NULL also when count * size overflows. */
void *fa_arena_array(struct fa_arena *arena, size_t count, size_t size) FA_MUSTCHECK;

/* NUL-terminated copies; NULL as above. */
char *fa_arena_strdup(struct fa_arena *arena, const char *text) FA_MUSTCHECK;
char *fa_arena_strndup(struct fa_arena *arena, const char *text, size_t length) FA_MUSTCHECK;
char *fa_arena_printf(struct fa_arena *arena, const char *fmt, ...) FA_PRINTF(2, 3) FA_MUSTCHECK;

#endif
