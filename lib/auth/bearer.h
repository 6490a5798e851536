/*
 * What a service does with a bearer token: the keys it follows, the rules, and the question for a
 * key it does not have.
 *
 * When a token is right in all but an unknown key, fileapi-keys is asked on its socket: connecting
 * is the question, the answer is a line with the seconds until it may be asked again, sent once the
 * file is as new as it can be.  So a rotation at the issuer fails no request; and as fileapi-keys
 * fetches rarely, made-up tokens cost the issuer nothing and a worker at most one wait in that
 * time.
 */
#ifndef FA_AUTH_BEARER_H
#define FA_AUTH_BEARER_H

#include "lib/auth/verified.h"
#include "lib/base/log.h"

struct fa_bearer {
    struct fa_token_rules rules;
    struct fa_keys *keys;
    struct fa_verified *verified;
    const char *socket;   /* of fileapi-keys; empty: nobody is asked */
    int64_t patience_us;  /* how long an answer is waited for */
    int64_t ask_after_us; /* monotonic */
};

/* Reads rules and keys; keys that are not there yet are no error.  `options` must live as long.
 * FA_E_INTERNAL, FA_E_MEMORY. */
int fa_bearer_open(const struct fa_options *options, int64_t patience_us,
                   struct fa_bearer *bearer_r, struct fa_error *err) FA_MUSTCHECK;
void fa_bearer_close(struct fa_bearer *bearer);

/* The token in an Authorization header (RFC 6750, 2.1), whose value is NULL or empty when none
 * came. FA_E_AUTH_MISSING, FA_E_AUTH_INVALID. */
int fa_bearer_read(const char *header, const char **token_r, struct fa_error *err) FA_MUSTCHECK;

/* As fa_verified_token, by the newest keys there are. */
int fa_bearer_check(struct fa_bearer *bearer, const char *token, struct fa_arena *arena,
                    const struct fa_log *log, struct fa_identity *identity_r,
                    struct fa_error *err) FA_MUSTCHECK;

/* 0 when there are keys to verify tokens with; FA_E_KEYS. */
int fa_bearer_ready(struct fa_bearer *bearer, const struct fa_log *log,
                    struct fa_error *err) FA_MUSTCHECK;

#endif
