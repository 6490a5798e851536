/* The issuer: its discovery document (OpenID Connect Discovery 1.0, 4) and its JWKS. */
#ifndef FA_KEYS_PROVIDER_H
#define FA_KEYS_PROVIDER_H

#include "keys/fetch.h"

/* Fetches both; the JWKS, unchecked, into `jwks`.  FA_E_INTERNAL. */
int fa_provider_fetch(const struct fa_fetcher *fetcher, const char *issuer, struct fa_buf *jwks,
                      struct fa_error *err) FA_MUSTCHECK;

#endif
