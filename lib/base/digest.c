#include "lib/base/digest.h"
#include "lib/base/hex.h"

#include <string.h>

bool
fa_digest_text(EVP_MD_CTX *digest, const char *text)
{
    if (text == NULL)
        return EVP_DigestUpdate(digest, "\0", 1) == 1;
    return EVP_DigestUpdate(digest, "\1", 1) == 1 &&
           EVP_DigestUpdate(digest, text, strlen(text) + 1) == 1;
}

bool
fa_digest_parse(const char *hex, unsigned char digest[FA_DIGEST])
{
    if (hex != NULL && fa_hex_read(hex, digest, FA_DIGEST))
        return true;
    memset(digest, 0, FA_DIGEST);
    return false;
}

EVP_MD_CTX *
fa_digest_new(void)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();

    if (digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
        fa_digest_free(&digest);
    return digest;
}

void
fa_digest_free(EVP_MD_CTX **digest)
{
    EVP_MD_CTX_free(*digest);
    *digest = NULL;
}
