#include "lib/base/digest.h"

#include <stdio.h>
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
fa_digest_parse(const char *hex, unsigned char digest[32])
{
    memset(digest, 0, 32);
    if (hex == NULL || strspn(hex, "0123456789abcdefABCDEF") != 64 || hex[64] != '\0')
        return false;
    for (size_t i = 0; i < 32; i++)
        if (sscanf(hex + 2 * i, "%2hhx", &digest[i]) != 1)
            return false;
    return true;
}

void
fa_digest_free(EVP_MD_CTX **digest)
{
    EVP_MD_CTX_free(*digest);
    *digest = NULL;
}
