/*
 * Inside lib/auth only: the table of algorithms, and public keys made from JWKs (RFC 7517, 7518,
 * 8037).
 */
#ifndef FA_AUTH_JWK_H
#define FA_AUTH_JWK_H

#include "lib/auth/keys.h"
#include "lib/base/arena.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

struct json_object;

/* One signature algorithm of JWS.  A key serves the ones of its type, or the one it names. */
struct fa_algorithm {
    const char *name;
    const char *kty;
    /* The public key, owned by the caller; NULL when it is malformed, weak or of another curve. */
    EVP_PKEY *(*read)(struct json_object *jwk, struct fa_arena *arena);
    bool (*verify)(EVP_PKEY *pkey, const struct fa_signed *data);
};

/* The table, ended by a NULL name: there is no other algorithm, "none" and HMAC least of all. */
extern const struct fa_algorithm fa_algorithms[];

/* Whether its owner meant the key for signatures by `algorithm`: kty, alg, use and key_ops. */
bool fa_jwk_serves(struct json_object *jwk, const struct fa_algorithm *algorithm);

#endif
