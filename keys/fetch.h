/* Fetching a small document over HTTPS. */
#ifndef FA_KEYS_FETCH_H
#define FA_KEYS_FETCH_H

#include "lib/base/buf.h"
#include "lib/base/error.h"

enum { FA_FETCH_BYTES = 256 * 1024, FA_FETCH_TIMEOUT_S = 10 };

struct fa_fetcher {
    const char *ca; /* file of certificate authorities; empty: the system's */
    int stop;       /* a descriptor that ends a fetch when it becomes readable */
};

/*
 * GETs `url` into `out` (appended): https with a certificate that is right for the host, or http
 * from the loopback; no redirect; status 200; at most FA_FETCH_BYTES within FA_FETCH_TIMEOUT_S.
 * FA_E_INTERNAL says what was wrong with which address.
 */
int fa_fetch(const struct fa_fetcher *fetcher, const char *url, struct fa_buf *out,
             struct fa_error *err) FA_MUSTCHECK;

#endif
