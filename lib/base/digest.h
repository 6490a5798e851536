/* SHA-256 of lists of texts, and the clean-up of OpenSSL's digest contexts. */
#ifndef FA_BASE_DIGEST_H
#define FA_BASE_DIGEST_H

#include <openssl/evp.h>
#include <stdbool.h>

/* Adds a text (NULL: absent) so that no two lists of texts are one; false when OpenSSL fails. */
bool fa_digest_text(EVP_MD_CTX *digest, const char *text);

/* Fits FA_CLEANUP; NULL is fine. */
void fa_digest_free(EVP_MD_CTX **digest);

#endif
