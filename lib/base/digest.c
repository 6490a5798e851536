#include "lib/base/digest.h"

#include <string.h>

bool
fa_digest_text(EVP_MD_CTX *digest, const char *text)
{
    if (text == NULL)
        return EVP_DigestUpdate(digest, "\0", 1) == 1;
    return EVP_DigestUpdate(digest, "\1", 1) == 1 &&
           EVP_DigestUpdate(digest, text, strlen(text) + 1) == 1;
}

void
fa_digest_free(EVP_MD_CTX **digest)
{
    EVP_MD_CTX_free(*digest);
    *digest = NULL;
}
