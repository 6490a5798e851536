/* The issuer: its discovery document (OpenID Connect Discovery 1.0, 4) and its JWKS. */
#ifndef FA_KEYS_PROVIDER_H
#define FA_KEYS_PROVIDER_H

#include "keys/fetch.h"

/* The address of the discovery document, into `out`. */
int fa_provider_address(const char *issuer, struct fa_buf *out, struct fa_error *err) FA_MUSTCHECK;

/* Finds the JWKS's address in a discovery document, whose issuer must be `issuer` to the letter.
 * FA_E_INTERNAL. */
int fa_provider_read(const char *text, size_t length, const char *issuer, struct fa_buf *jwks_uri,
                     struct fa_error *err) FA_MUSTCHECK;

/* Fetches both; the JWKS, unchecked, into `jwks`. */
int fa_provider_fetch(const struct fa_fetcher *fetcher, const char *issuer, struct fa_buf *jwks,
                      struct fa_error *err) FA_MUSTCHECK;

#endif
