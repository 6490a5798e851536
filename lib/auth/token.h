/* Bearer tokens: signed JWTs (RFC 7519) under the rules of RFC 8725, and who they say is asking. */
#ifndef FA_AUTH_TOKEN_H
#define FA_AUTH_TOKEN_H

#include "lib/auth/keys.h"
#include "lib/base/arena.h"

#include <stdint.h>

/* What a token must carry. */
struct fa_token_rules {
    const char *issuer;
    const char *audience;
    const char *client; /* whose resource_access roles count beside the realm's */
    int64_t leeway_s;   /* clock difference accepted */
    int64_t now_us;     /* for tests; 0: the clock */
};

/* Who asks; texts live in the arena. */
struct fa_identity {
    const char *issuer;
    const char *subject;
    const char *name;                 /* NULL: not told */
    const char *email;                /* NULL: not told */
    const char *const *organizations; /* aliases, sorted, each once */
    size_t organization_count;
    bool manager; /* an admin is one too */
    bool admin;
    int64_t expires_us;
};

/*
 * Verifies the token and reads who it stands for.  Accepted are RS256 and ES256 by keys of `keys`,
 * nothing else.  Every refusal is FA_E_AUTH_INVALID; its detail, for the log, holds no part of the
 * token.  FA_E_MEMORY when the arena is exhausted: that says nothing about the token.
 */
int fa_token_verify(const struct fa_keys *keys, const struct fa_token_rules *rules,
                    const char *token, size_t length, struct fa_arena *arena,
                    struct fa_identity *identity_r, struct fa_error *err) FA_MUSTCHECK;

#endif
