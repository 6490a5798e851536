/* Digests: of bytes as they come, of lists of texts, and read from hex. */
#ifndef FA_BASE_DIGEST_H
#define FA_BASE_DIGEST_H

#include "lib/base/attr.h"
#include "lib/base/error.h"

#include <openssl/evp.h>
#include <stdbool.h>

enum { FA_DIGEST = 32 };

/* A digest that has begun.  One that fails, for want of memory or by OpenSSL, is NULL from then on
 * and takes whatever is added: it is asked once, at the end. */
EVP_MD_CTX *fa_digest_new(const EVP_MD *type);

void fa_digest_add(EVP_MD_CTX **digest, const void *bytes, size_t length);

/* Adds a text (NULL: absent) so that no two lists of texts are one. */
void fa_digest_text(EVP_MD_CTX **digest, const char *text);

/* Writes as many bytes as the type has, once; FA_E_MEMORY when it has failed. */
int fa_digest_end(EVP_MD_CTX **digest, unsigned char *bytes_r, struct fa_error *err) FA_MUSTCHECK;

/* Reads the 64 hex digits of a SHA-256; false, and all zero, when `hex` is NULL or something else.
 */
bool fa_digest_parse(const char *hex, unsigned char digest[FA_DIGEST]);

/* Fits FA_CLEANUP; NULL is fine. */
void fa_digest_free(EVP_MD_CTX **digest);

#endif
