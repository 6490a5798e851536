/* SHA-256: begun, made of lists of texts, and read from hex. */
#ifndef FA_BASE_DIGEST_H
#define FA_BASE_DIGEST_H

#include <openssl/evp.h>
#include <stdbool.h>

enum { FA_DIGEST = 32 };

/* A SHA-256 that has begun; NULL when memory is short. */
EVP_MD_CTX *fa_digest_new(void);

/* Adds a text (NULL: absent) so that no two lists of texts are one; false when OpenSSL fails. */
bool fa_digest_text(EVP_MD_CTX *digest, const char *text);

/* Reads the 64 hex digits of a SHA-256; false, and all zero, when `hex` is NULL or something else.
 */
bool fa_digest_parse(const char *hex, unsigned char digest[FA_DIGEST]);

/* Fits FA_CLEANUP; NULL is fine. */
void fa_digest_free(EVP_MD_CTX **digest);

#endif
