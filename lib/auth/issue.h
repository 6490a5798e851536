/* The embedded issuer: makes a key, publishes it, signs tokens.  For a first run and for tests. */
#ifndef FA_AUTH_ISSUE_H
#define FA_AUTH_ISSUE_H

#include "lib/base/buf.h"
#include "lib/base/error.h"

#include <stdint.h>

struct fa_issue_claims {
    const char *issuer;
    const char *audience;
    const char *subject;
    const char *name;  /* NULL: left out */
    const char *email; /* NULL: left out */
    const char *const *organizations;
    size_t organization_count;
    const char *const *roles; /* of the realm */
    size_t role_count;
    int64_t ttl_s; /* negative: expired already; a hundred years at most */
};

/* Makes an RSA key of 2048 bits in a PEM file of mode 0600, unless the file is there.  Of several
 * callers at a time one wins, and its key is everybody's. */
int fa_issue_key_create(const char *path, struct fa_error *err) FA_MUSTCHECK;

/* Writes the public half of the private key `path` (RSA or P-256) as a JWKS, replaced by rename;
 * its kid is the key's thumbprint (RFC 7638). */
int fa_issue_jwks_write(const char *path, const char *jwks_path, struct fa_error *err) FA_MUSTCHECK;

/* Appends a signed token, RS256 or ES256 by the key's type; nothing when it fails. */
int fa_issue_token(const char *path, const struct fa_issue_claims *claims, struct fa_buf *out,
                   struct fa_error *err) FA_MUSTCHECK;

#endif
