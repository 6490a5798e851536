/* Whether a signature in base64url fits, as tests of keys ask it. */
#ifndef FA_TESTS_SIGNATURE_H
#define FA_TESTS_SIGNATURE_H

#include "lib/auth/keys.h"
#include "lib/base/arena.h"
#include "lib/base/base64.h"
#include "tests/unit/unit.h"

static inline bool
signature_fits(const struct fa_keys *keys, const char *algorithm, const char *kid, const char *text,
               const char *signature)
{
    struct fa_arena arena;
    unsigned char *bytes;
    size_t length;
    bool good;

    fa_arena_init(&arena, 1 << 16);
    bytes = fa_base64_decode(&arena, signature, strlen(signature), &length);
    assert_non_null(bytes);
    good = fa_keys_verify(keys, algorithm, kid, text, strlen(text), bytes, length);
    fa_arena_free(&arena);
    return good;
}

#endif
