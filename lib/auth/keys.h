/*
 * The public keys that tokens are verified with: a JWKS file (RFC 7517), kept parsed per process.
 *
 * An algorithm belongs to a key's type, never to what a token says about itself (RFC 8725, 3.1):
 * the table of algorithms is in keys.c.
 */
#ifndef FA_AUTH_KEYS_H
#define FA_AUTH_KEYS_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct fa_keys;

/* Reads the file; keys that are not for signatures, or weak, or of unknown type, are left out.  An
 * error when the file cannot be read or is malformed, or no key is left. */
int fa_keys_open(const char *path, struct fa_keys **keys_r, struct fa_error *err) FA_MUSTCHECK;

/* Reads the file again when it is another one than last time (device, inode, size, times).  When
 * the new one is broken or gone the old keys stay in force; the error is returned at the change
 * and, while it lasts, with a new attempt every ten seconds. */
int fa_keys_refresh(struct fa_keys *keys, struct fa_error *err) FA_MUSTCHECK;

void fa_keys_close(struct fa_keys **keys);

/* True when `signature` over `data` was made by the key `kid` (NULL: any key) with `algorithm`, and
 * that algorithm is the key's own. */
bool fa_keys_verify(const struct fa_keys *keys, const char *algorithm, const char *kid,
                    const char *data, size_t length, const unsigned char *signature,
                    size_t signature_length);

#endif
