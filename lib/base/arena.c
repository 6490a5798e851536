#include "lib/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 16 * 1024 };

struct fa_arena_chunk {
    struct fa_arena_chunk *next;
    size_t size; /* usable bytes in data */
    size_t used;
    alignas(max_align_t) unsigned char data[];
};

void
fa_arena_init(struct fa_arena *arena, size_t limit)
{
    *arena = (struct fa_arena){.limit = limit};
}

static void
release(struct fa_arena *arena, struct fa_arena_chunk *chunk)
{
    while (chunk != NULL) {
        struct fa_arena_chunk *next = chunk->next;

        arena->total -= chunk->size;
        free(chunk);
        chunk = next;
    }
}

void
fa_arena_reset(struct fa_arena *arena)
{
    struct fa_arena_chunk *keep = arena->head;

    /* An oversized chunk is not kept: one large request must not fatten the worker for good. */
    if (keep == NULL || keep->size != CHUNK_BYTES) {
        fa_arena_free(arena);
        return;
    }
    release(arena, keep->next);
    keep->next = NULL;
    keep->used = 0;
}

void
fa_arena_free(struct fa_arena *arena)
{
    if (arena == NULL)
        return;
    release(arena, arena->head);
    arena->head = NULL;
}

void *
fa_arena_alloc(struct fa_arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    struct fa_arena_chunk *chunk = arena->head;
    size_t capacity;
    void *memory;

    if (size > SIZE_MAX - align)
        return NULL;
    size = size == 0 ? align : (size + align - 1) / align * align;
    if (chunk == NULL || chunk->size - chunk->used < size) {
        capacity = size > CHUNK_BYTES ? size : CHUNK_BYTES;
        if (capacity > arena->limit || arena->total > arena->limit - capacity)
            return NULL;
        chunk = malloc(sizeof *chunk + capacity);
        if (chunk == NULL)
            return NULL;
        *chunk = (struct fa_arena_chunk){.next = arena->head, .size = capacity};
        arena->head = chunk;
        arena->total += capacity;
    }
    memory = chunk->data + chunk->used;
    chunk->used += size;
    return memset(memory, 0, size);
}

void *
fa_arena_array(struct fa_arena *arena, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return fa_arena_alloc(arena, bytes);
}

char *
fa_arena_strdup(struct fa_arena *arena, const char *text)
{
    return fa_arena_strndup(arena, text, strlen(text));
}

char *
fa_arena_strndup(struct fa_arena *arena, const char *text, size_t length)
{
    char *copy = length == SIZE_MAX ? NULL : fa_arena_alloc(arena, length + 1);

    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

char *
fa_arena_printf(struct fa_arena *arena, const char *fmt, ...)
{
    va_list args;
    char *text;
    int length;

    va_start(args, fmt);
    length = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (length < 0)
        return NULL;
    text = fa_arena_alloc(arena, (size_t)length + 1);
    if (text == NULL)
        return NULL;
    va_start(args, fmt);
    vsnprintf(text, (size_t)length + 1, fmt, args);
    va_end(args);
    return text;
}
