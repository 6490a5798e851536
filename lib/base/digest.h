/* SHA-256 of lists of texts and in hex, and the clean-up of OpenSSL's digest contexts. */
#ifndef FA_BASE_DIGEST_H
#define FA_BASE_DIGEST_H

#include <openssl/evp.h>
#include <stdbool.h>

/* Adds a text (NULL: absent) so that no two lists of texts are one; false when OpenSSL fails. */
bool fa_digest_text(EVP_MD_CTX *digest, const char *text);

/* Reads the 64 hex digits of a SHA-256; false, and all zero, when `hex` is NULL or something else.
 */
bool fa_digest_parse(const char *hex, unsigned char digest[32]);

/* Fits FA_CLEANUP; NULL is fine. */
void fa_digest_free(EVP_MD_CTX **digest);

#endif
