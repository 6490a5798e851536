/*
 * application/x-www-form-urlencoded, as in a query string or a small body: looked up by name.
 *
 * The format is the URL Standard's (WHATWG, "application/x-www-form-urlencoded parsing"), read
 * strictly: what a browser never writes is refused instead of guessed at.
 */
#ifndef FA_BASE_URLFORM_H
#define FA_BASE_URLFORM_H

#include "lib/base/arena.h"
#include "lib/base/error.h"

enum { FA_URLFORM_PAIRS = 64 };

/*
 * The value of the first pair called `name`, decoded (%XX, and + as a blank) into the arena; NULL
 * when there is none, "" for a pair without "=".  The whole text is checked: FA_E_INPUT, field
 * `name` (which must be static), when anywhere in it a % stands before anything but two hex digits,
 * a decoded text is no UTF-8 or holds a NUL, or there are more than FA_URLFORM_PAIRS pairs.
 * FA_E_MEMORY.
 */
int fa_urlform_find(const char *text, size_t length, const char *name, struct fa_arena *arena,
                    const char **value_r, struct fa_error *err) FA_MUSTCHECK;

#endif
