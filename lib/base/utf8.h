/* UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef FA_BASE_UTF8_H
#define FA_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the code point at `text`, 0 when `length` is 0 or the bytes are no UTF-8; `code_r` may
 * be NULL. */
size_t fa_utf8_next(const char *text, size_t length, uint32_t *code_r);

/* True when all `length` bytes are UTF-8; `count_r` (may be NULL) receives the code points. */
bool fa_utf8_valid(const char *text, size_t length, size_t *count_r);

/* Writes a code point, which must be one (no surrogate), and returns its bytes. */
size_t fa_utf8_put(uint32_t code, char text[4]);

/* A control character: C0, DEL or C1. */
static inline bool
fa_utf8_is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

#endif
