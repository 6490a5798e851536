/*
 * The public keys that tokens are verified with: a JWKS file (RFC 7517), kept parsed per process.
 *
 * An algorithm belongs to a key's type, never to what a token says about itself (RFC 8725, 3.1):
 * the table of algorithms is in jwk.c.
 *
 * The file is written by fileapi-keys, which fetches it from the issuer and adds two members:
 * "issuer", and "valid_until" (seconds since 1970), after which the keys must not be used, whether
 * or not anybody is left to say so.  Without them, as `fileapictl keys` writes it, it holds for
 * ever.
 */
#ifndef FA_AUTH_KEYS_H
#define FA_AUTH_KEYS_H

#include "lib/base/buf.h"
#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fa_keys;

/* Reads the file; keys that are not for signatures, or weak, or of unknown type, are left out.  An
 * error when the file cannot be read or is malformed, or no key is left. */
int fa_keys_open(const char *path, struct fa_keys **keys_r, struct fa_error *err) FA_MUSTCHECK;

/* Promises to follow the file, which need not be there yet: no keys until fa_keys_refresh has found
 * some.  FA_E_MEMORY. */
int fa_keys_follow(const char *path, struct fa_keys **keys_r, struct fa_error *err) FA_MUSTCHECK;

/* Reads the file again when it is another one than last time (device, inode, size, times).  When
 * the new one is broken or gone the old keys stay in force; the error is returned at the change
 * and, while it lasts, with a new attempt every ten seconds. */
int fa_keys_refresh(struct fa_keys *keys, struct fa_error *err) FA_MUSTCHECK;

/* Another number each time that other keys have come in force. */
unsigned fa_keys_generation(const struct fa_keys *keys);

void fa_keys_close(struct fa_keys **keys);

/* 0 when there are keys, of that issuer as far as the file says, and not stale; else FA_E_KEYS,
 * which says nothing about any token. */
int fa_keys_usable(const struct fa_keys *keys, const char *issuer, int64_t now_us,
                   struct fa_error *err) FA_MUSTCHECK;

/* True when there is a key `kid` (NULL: any key) for `algorithm`. */
bool fa_keys_has(const struct fa_keys *keys, const char *algorithm, const char *kid);

/* Bytes, and the signature that is said to be over them. */
struct fa_signed {
    const unsigned char *bytes;
    size_t length;
    const unsigned char *signature;
    size_t signature_length;
};

/* True when the signature was made by the key `kid` (NULL: any key) with `algorithm`, and that
 * algorithm is the key's own. */
bool fa_keys_verify(const struct fa_keys *keys, const char *algorithm, const char *kid,
                    const struct fa_signed *content);

/* Adds the text of a keys file with the keys of an issuer's JWKS.  FA_E_REQUEST when that is
 * malformed or no key of it is usable; FA_E_MEMORY. */
int fa_keys_pack(const char *jwks, size_t length, const char *issuer, int64_t valid_until_s,
                 struct fa_buf *out, struct fa_error *err) FA_MUSTCHECK;

#endif
