/*
 * Bounded buffer: text that grows up to a ceiling given at the start.
 *
 * A failed addition (ceiling or memory) makes the buffer `failed` and every later addition a no-op,
 * so a writer checks once, at the end.
 */
#ifndef FA_BASE_BUF_H
#define FA_BASE_BUF_H

#include "lib/base/attr.h"
#include "lib/base/cleanup.h"
#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct fa_buf {
    char *data;    /* NUL-terminated once anything was added; NULL before */
    size_t length; /* bytes without the NUL */
    size_t capacity;
    size_t limit; /* largest length, in bytes */
    bool failed;
    bool full; /* it failed at the ceiling */
};

void fa_buf_init(struct fa_buf *buf, size_t limit);

/* Declares the buffer `name` of a scope, whose end releases it. */
#define FA_AUTO_BUF(name, bytes) FA_CLEANUP(fa_buf_free) struct fa_buf name = {.limit = (bytes)}

/* Forgets the content, keeps the memory and clears the failure. */
void fa_buf_reset(struct fa_buf *buf);

/* Releases the memory; fits FA_CLEANUP. */
void fa_buf_free(struct fa_buf *buf);

void fa_buf_add(struct fa_buf *buf, const void *data, size_t length);
void fa_buf_add_text(struct fa_buf *buf, const char *text);
void fa_buf_printf(struct fa_buf *buf, const char *fmt, ...) FA_PRINTF(2, 3);

/* 0 when all that was added is there; else -1, and why `what` is not: it is longer than the ceiling
 * (FA_E_INTERNAL), or FA_E_MEMORY. */
int fa_buf_check(const struct fa_buf *buf, const char *what, struct fa_error *err) FA_MUSTCHECK;

/* Adds `length` bytes as a JSON string with its quotes (RFC 8259): control characters escaped,
 * bytes that are no UTF-8 replaced by U+FFFD. */
void fa_buf_add_json(struct fa_buf *buf, const char *text, size_t length);

/* Adds a member behind others of a JSON object: a comma, the name as it is, and the text as a JSON
 * string, or null. */
void fa_buf_add_member(struct fa_buf *buf, const char *name, const char *text);

#endif
