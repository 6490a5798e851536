/* Bearer tokens: signed JWTs (RFC 7519) under the rules of RFC 8725, and who they say is asking. */
#ifndef FA_AUTH_TOKEN_H
#define FA_AUTH_TOKEN_H

#include "lib/auth/keys.h"
#include "lib/base/arena.h"
#include "lib/base/options.h"

#include <stdint.h>

/* What a token is held against: who may have signed it, what it must carry, and where in it things
 * stand.  Lists have blanks between their words. */
struct fa_token_rules {
    const struct fa_keys *keys;
    const char *issuer;
    const char *audiences;         /* one of them must be in "aud" */
    const char *algorithms;        /* that are accepted */
    const char *client;            /* {client} in role paths */
    const char *role_paths;        /* claims that list roles (claim_path.h) */
    const char *manager_roles;     /* names that make a manager */
    const char *admin_roles;       /* and an admin */
    const char *organization_path; /* the claim that tells the organizations */
    int64_t leeway_s;              /* clock difference accepted */
    int64_t now_us;                /* for tests; 0: the clock */
};

/* The rules that the options make, without keys; FA_E_INTERNAL names the option that is wrong. */
int fa_token_rules_read(const struct fa_options *options, struct fa_token_rules *rules_r,
                        struct fa_error *err) FA_MUSTCHECK;

/* Who asks; texts live in the arena. */
/* So many organizations of a token count, the first by alias. */
enum { FA_IDENTITY_ORGANIZATIONS = 64 };

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
 * Verifies the token and reads who it stands for.  Every refusal is FA_E_AUTH_INVALID; its detail,
 * for the log, holds no part of the token.  FA_E_KEYS when the keys cannot be used and FA_E_MEMORY
 * when the arena is exhausted: neither says anything about the token.
 */
int fa_token_verify(const struct fa_token_rules *rules, const char *token, size_t length,
                    struct fa_arena *arena, struct fa_identity *identity_r,
                    struct fa_error *err) FA_MUSTCHECK;

/* True for a token that was refused and yet is right in all but its key, which we do not have: the
 * issuer may have a new one.  Nothing it says is verified. */
bool fa_token_lacks_key(const struct fa_token_rules *rules, const char *token, size_t length,
                        struct fa_arena *arena) FA_MUSTCHECK;

#endif
