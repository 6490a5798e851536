/* base64url without padding (RFC 4648, section 5), as tokens and keys use it (RFC 7515). */
#ifndef FA_BASE_BASE64_H
#define FA_BASE_BASE64_H

#include "lib/base/arena.h"
#include "lib/base/buf.h"

/* Decodes `length` characters into the arena; the byte after the last is NUL.  NULL when there is a
 * character outside the alphabet (also padding and white space), an impossible length, or bits left
 * over (errno EINVAL), or no memory (ENOMEM). */
unsigned char *fa_base64_decode(struct fa_arena *arena, const char *text, size_t length,
                                size_t *size_r) FA_MUSTCHECK;

void fa_base64_encode(struct fa_buf *out, const unsigned char *data, size_t length);

#endif
