#include "lib/base/digest.h"
#include "lib/base/hex.h"

#include <string.h>

EVP_MD_CTX *
fa_digest_new(const EVP_MD *type)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();

    if (digest != NULL && EVP_DigestInit_ex(digest, type, NULL) != 1)
        fa_digest_free(&digest);
    return digest;
}

void
fa_digest_add(EVP_MD_CTX **digest, const void *bytes, size_t length)
{
    if (*digest != NULL && EVP_DigestUpdate(*digest, bytes, length) != 1)
        fa_digest_free(digest);
}

void
fa_digest_text(EVP_MD_CTX **digest, const char *text)
{
    fa_digest_add(digest, text != NULL ? "\1" : "\0", 1);
    if (text != NULL)
        fa_digest_add(digest, text, strlen(text) + 1);
}

int
fa_digest_end(EVP_MD_CTX **digest, unsigned char *bytes_r, struct fa_error *err)
{
    if (*digest == NULL || EVP_DigestFinal_ex(*digest, bytes_r, NULL) != 1)
        return fa_error_set(err, FA_E_MEMORY, "digest");
    return 0;
}

bool
fa_digest_parse(const char *hex, unsigned char digest[FA_DIGEST])
{
    if (hex != NULL && fa_hex_read(hex, digest, FA_DIGEST))
        return true;
    memset(digest, 0, FA_DIGEST);
    return false;
}

void
fa_digest_free(EVP_MD_CTX **digest)
{
    EVP_MD_CTX_free(*digest);
    *digest = NULL;
}
