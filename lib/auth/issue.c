#include "lib/auth/issue.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/uuid.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

enum {
    RSA_BITS = 2048,
    P256_BYTES = 32,
    JWK_LIMIT = 8192,
    TOKEN_LIMIT = 16384,
    SECOND_US = 1000000
};

static void
free_key(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
}

static EVP_PKEY *
read_key(const char *path, struct fa_error *err)
{
    FILE *file = fopen(path, "re");
    EVP_PKEY *pkey;

    if (file == NULL) {
        fa_error_errno(err, FA_E_INTERNAL, errno, "open %s", path);
        return NULL;
    }
    pkey = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    if (pkey == NULL || (!EVP_PKEY_is_a(pkey, "RSA") && !EVP_PKEY_is_a(pkey, "EC"))) {
        EVP_PKEY_free(pkey);
        fa_error_set(err, FA_E_INTERNAL, "%s holds no RSA or P-256 private key", path);
        return NULL;
    }
    return pkey;
}

/* --- key and JWKS ------------------------------------------------------------------------------
 */

/* Opens `path` + ".new"; whoever finishes writing it renames it. */
static FILE *
open_new(const char *path, mode_t mode, char *temporary, size_t size, struct fa_error *err)
{
    int fd;

    snprintf(temporary, size, "%s.%d.new", path, (int)getpid());
    fd = open(temporary, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode);
    if (fd < 0) {
        fa_error_errno(err, FA_E_INTERNAL, errno, "create %s", temporary);
        return NULL;
    }
    return fdopen(fd, "w");
}

static int
close_new(FILE *file, bool written, const char *temporary, const char *path, struct fa_error *err)
{
    written = written && fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (fclose(file) == 0 && written && rename(temporary, path) == 0)
        return 0;
    fa_error_errno(err, FA_E_INTERNAL, errno, "write %s", path);
    unlink(temporary);
    return -1;
}

int
fa_issue_key_create(const char *path, struct fa_error *err)
{
    FA_CLEANUP(free_key) EVP_PKEY *pkey = NULL;
    char temporary[4096];
    FILE *file;

    if (access(path, F_OK) == 0)
        return 0;
    pkey = EVP_RSA_gen(RSA_BITS);
    if (pkey == NULL)
        return fa_error_set(err, FA_E_INTERNAL, "make an RSA key");
    file = open_new(path, 0600, temporary, sizeof temporary, err);
    if (file == NULL)
        return -1;
    return close_new(file, PEM_write_PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL) == 1,
                     temporary, path, err);
}

static void
add_number(struct fa_buf *out, const EVP_PKEY *pkey, const char *param, int width)
{
    unsigned char bytes[1024];
    BIGNUM *number = NULL;
    int length = -1;

    if (EVP_PKEY_get_bn_param(pkey, param, &number) == 1 && BN_num_bytes(number) <= 1024)
        length = width > 0 ? BN_bn2binpad(number, bytes, width) : BN_bn2bin(number, bytes);
    BN_free(number);
    if (length < 0)
        out->failed = true;
    else
        fa_base64_encode(out, bytes, (size_t)length);
}

/* The required members in the order of RFC 7638: what the thumbprint is made of. */
static void
add_thumbprint_input(struct fa_buf *out, const EVP_PKEY *pkey)
{
    if (EVP_PKEY_is_a(pkey, "RSA")) {
        fa_buf_add_text(out, "{\"e\":\"");
        add_number(out, pkey, OSSL_PKEY_PARAM_RSA_E, 0);
        fa_buf_add_text(out, "\",\"kty\":\"RSA\",\"n\":\"");
        add_number(out, pkey, OSSL_PKEY_PARAM_RSA_N, 0);
    } else {
        fa_buf_add_text(out, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
        add_number(out, pkey, OSSL_PKEY_PARAM_EC_PUB_X, P256_BYTES);
        fa_buf_add_text(out, "\",\"y\":\"");
        add_number(out, pkey, OSSL_PKEY_PARAM_EC_PUB_Y, P256_BYTES);
    }
    fa_buf_add_text(out, "\"}");
}

static const char *
algorithm_of(const EVP_PKEY *pkey)
{
    return EVP_PKEY_is_a(pkey, "RSA") ? "RS256" : "ES256";
}

static void
add_kid(struct fa_buf *out, const struct fa_buf *thumbprint_input)
{
    unsigned char digest[32];

    if (thumbprint_input->failed || !EVP_Digest(thumbprint_input->data, thumbprint_input->length,
                                                digest, NULL, EVP_sha256(), NULL))
        out->failed = true;
    else
        fa_base64_encode(out, digest, sizeof digest);
}

int
fa_issue_jwks_write(const char *path, const char *jwks_path, struct fa_error *err)
{
    FA_CLEANUP(free_key) EVP_PKEY *pkey = read_key(path, err);
    FA_CLEANUP(fa_buf_free) struct fa_buf members;
    FA_CLEANUP(fa_buf_free) struct fa_buf jwks;
    char temporary[4096];
    FILE *file;

    fa_buf_init(&members, JWK_LIMIT);
    fa_buf_init(&jwks, JWK_LIMIT);
    if (pkey == NULL)
        return -1;
    add_thumbprint_input(&members, pkey);
    fa_buf_printf(&jwks, "{\"keys\":[{\"use\":\"sig\",\"alg\":\"%s\",\"kid\":\"",
                  algorithm_of(pkey));
    add_kid(&jwks, &members);
    fa_buf_add_text(&jwks, "\",");
    if (members.failed || jwks.failed)
        return fa_error_set(err, FA_E_INTERNAL, "write the JWKS");
    fa_buf_add_text(&jwks, members.data + 1);
    fa_buf_add_text(&jwks, "]}\n");
    file = open_new(jwks_path, 0644, temporary, sizeof temporary, err);
    if (file == NULL)
        return -1;
    return close_new(file, !jwks.failed && fputs(jwks.data, file) >= 0, temporary, jwks_path, err);
}

/* --- tokens ------------------------------------------------------------------------------------
 */

static void
add_member(struct fa_buf *out, const char *name, const char *text)
{
    if (text == NULL)
        return;
    fa_buf_printf(out, ",\"%s\":", name);
    fa_buf_add_json(out, text, strlen(text));
}

static void
add_list(struct fa_buf *out, const char *before, const char *const *list, size_t count,
         const char *after)
{
    fa_buf_add_text(out, before);
    for (size_t i = 0; i < count; i++) {
        fa_buf_add_text(out, i > 0 ? "," : "");
        fa_buf_add_json(out, list[i], strlen(list[i]));
    }
    fa_buf_add_text(out, after);
}

static void
add_claims(struct fa_buf *out, const struct fa_issue_claims *claims)
{
    long long now = (long long)(fa_clock_now_us() / SECOND_US);
    struct fa_uuid id = fa_uuid_new();
    char text[FA_UUID_TEXT];

    /* A token that is to be expired was issued before it expired. */
    fa_buf_printf(out, "{\"typ\":\"Bearer\",\"exp\":%lld,\"iat\":%lld",
                  now + (long long)claims->ttl_s,
                  claims->ttl_s < 0 ? now + (long long)claims->ttl_s - 1 : now);
    add_member(out, "jti", fa_uuid_text(&id, text));
    add_member(out, "iss", claims->issuer);
    add_member(out, "aud", claims->audience);
    add_member(out, "sub", claims->subject);
    add_member(out, "name", claims->name);
    add_member(out, "email", claims->email);
    if (claims->organization_count > 0)
        add_list(out, ",\"organization\":[", claims->organizations, claims->organization_count,
                 "]");
    add_list(out, ",\"realm_access\":{\"roles\":[", claims->roles, claims->role_count, "]}}");
}

/* DER to r and s side by side. */
static bool
add_p256_signature(struct fa_buf *out, const unsigned char *der, size_t length)
{
    unsigned char pair[2 * P256_BYTES];
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)length);
    bool good =
        signature != NULL &&
        BN_bn2binpad(ECDSA_SIG_get0_r(signature), pair, P256_BYTES) == P256_BYTES &&
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), pair + P256_BYTES, P256_BYTES) == P256_BYTES;

    ECDSA_SIG_free(signature);
    if (good)
        fa_base64_encode(out, pair, sizeof pair);
    return good;
}

static int
add_signature(struct fa_buf *out, size_t start, EVP_PKEY *pkey, struct fa_error *err)
{
    unsigned char signature[1024];
    size_t length = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = !out->failed && ctx != NULL &&
                EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1 &&
                EVP_DigestSign(ctx, signature, &length, (unsigned char *)out->data + start,
                               out->length - start) == 1;

    EVP_MD_CTX_free(ctx);
    fa_buf_add_text(out, ".");
    if (good && EVP_PKEY_is_a(pkey, "RSA"))
        fa_base64_encode(out, signature, length);
    else if (good)
        good = add_p256_signature(out, signature, length);
    return good && !out->failed ? 0 : fa_error_set(err, FA_E_INTERNAL, "sign the token");
}

int
fa_issue_token(const char *path, const struct fa_issue_claims *claims, struct fa_buf *out,
               struct fa_error *err)
{
    FA_CLEANUP(free_key) EVP_PKEY *pkey = read_key(path, err);
    FA_CLEANUP(fa_buf_free) struct fa_buf part;
    FA_CLEANUP(fa_buf_free) struct fa_buf thumbprint;
    size_t start = out->length;

    fa_buf_init(&part, TOKEN_LIMIT);
    fa_buf_init(&thumbprint, JWK_LIMIT);
    if (pkey == NULL)
        return -1;
    add_thumbprint_input(&thumbprint, pkey);
    fa_buf_printf(&part, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"", algorithm_of(pkey));
    add_kid(&part, &thumbprint);
    fa_buf_add_text(&part, "\"}");
    if (!part.failed)
        fa_base64_encode(out, (unsigned char *)part.data, part.length);
    fa_buf_reset(&part);
    add_claims(&part, claims);
    fa_buf_add_text(out, ".");
    if (!part.failed)
        fa_base64_encode(out, (unsigned char *)part.data, part.length);
    return part.failed ? fa_error_set(err, FA_E_INTERNAL, "the token is too long")
                       : add_signature(out, start, pkey, err);
}
