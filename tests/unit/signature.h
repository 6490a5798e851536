/* Whether a signature fits, in bytes or in base64url, as tests of keys ask it. */
#ifndef FA_TESTS_SIGNATURE_H
#define FA_TESTS_SIGNATURE_H

#include "lib/auth/keys.h"
#include "lib/base/arena.h"
#include "lib/base/base64.h"
#include "tests/unit/unit.h"

static inline bool
bytes_fit(const struct fa_keys *keys, const char *algorithm, const char *text,
          const unsigned char *signature, size_t length)
{
    const struct fa_signed content = {(const unsigned char *)text, strlen(text), signature, length};

    return fa_keys_verify(keys, algorithm, NULL, &content);
}

static inline bool
signature_fits(const struct fa_keys *keys, const char *algorithm, const char *kid, const char *text,
               const char *signature)
{
    struct fa_signed content = {(const unsigned char *)text, strlen(text), NULL, 0};
    struct fa_arena arena;
    bool good;

    fa_arena_init(&arena, 1 << 16);
    content.signature =
        fa_base64_decode(&arena, signature, strlen(signature), &content.signature_length);
    assert_non_null(content.signature);
    good = fa_keys_verify(keys, algorithm, kid, &content);
    fa_arena_free(&arena);
    return good;
}

#endif
