#include "lib/auth/issue.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/new_file.h"
#include "lib/base/uuid.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

enum { RSA_BITS = 2048, P256_BYTES = 32, JWK_LIMIT = 8192, TOKEN_LIMIT = 16384 };

/* A hundred years: more is a slip, and the sum with the clock must not overflow. */
static const int64_t TTL_MAX_S = 3155760000;

FA_CLEANUP_BY(free_key, EVP_PKEY *, EVP_PKEY_free)

static bool
is_usable(const EVP_PKEY *pkey)
{
    char curve[64];

    if (EVP_PKEY_is_a(pkey, "RSA"))
        return EVP_PKEY_get_bits(pkey) >= RSA_BITS;
    return EVP_PKEY_is_a(pkey, "EC") &&
           EVP_PKEY_get_group_name(pkey, curve, sizeof curve, NULL) == 1 &&
           strcmp(curve, "prime256v1") == 0;
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
    /* An empty passphrase, so that nobody is asked for one: a key that has one is none. */
    pkey = PEM_read_PrivateKey(file, NULL, NULL, (char[]){""});
    fclose(file);
    if (pkey == NULL || !is_usable(pkey)) {
        EVP_PKEY_free(pkey);
        fa_error_set(err, FA_E_INTERNAL,
                     "%s holds no private key that is P-256, or RSA of at least %d bits", path,
                     RSA_BITS);
        return NULL;
    }
    return pkey;
}

/* --- key and JWKS ----------------------------------------------------------------------------- */

/* As link, but content with a file that is there: of two that make a key at a time, one wins. */
static int
link_or_leave(const char *from, const char *to)
{
    return link(from, to) == 0 || errno == EEXIST ? 0 : -1;
}

int
fa_issue_key_create(const char *path, struct fa_error *err)
{
    FA_CLEANUP(free_key) EVP_PKEY *pkey = NULL;
    struct fa_new_file new;

    if (access(path, F_OK) == 0)
        return 0;
    pkey = EVP_RSA_gen(RSA_BITS);
    if (pkey == NULL)
        return fa_error_set(err, FA_E_INTERNAL, "make an RSA key");
    if (fa_new_file_open(&new, path, 0600, err) < 0)
        return -1;
    return fa_new_file_close(&new,
                             PEM_write_PrivateKey(new.file, pkey, NULL, NULL, 0, NULL, NULL) == 1,
                             link_or_leave, err);
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
    FA_AUTO_BUF(members, JWK_LIMIT);
    FA_AUTO_BUF(jwks, JWK_LIMIT);
    struct fa_new_file new;

    if (pkey == NULL)
        return -1;
    add_thumbprint_input(&members, pkey);
    fa_buf_printf(&jwks, "{\"keys\":[{\"use\":\"sig\",\"alg\":\"%s\",\"kid\":\"",
                  algorithm_of(pkey));
    add_kid(&jwks, &members);
    fa_buf_add_text(&jwks, "\",");
    if (fa_buf_check(&members, "JWKS", err) < 0)
        return -1;
    fa_buf_add_text(&jwks, members.data + 1);
    fa_buf_add_text(&jwks, "]}\n");
    if (fa_buf_check(&jwks, "JWKS", err) < 0)
        return -1;
    if (fa_new_file_open(&new, jwks_path, 0644, err) < 0)
        return -1;
    return fa_new_file_close(&new, fputs(jwks.data, new.file) >= 0, rename, err);
}

/* --- tokens ----------------------------------------------------------------------------------- */

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
    long long now = (long long)(fa_clock_now_us() / FA_SECOND_US);
    struct fa_uuid id = fa_uuid_new();
    char text[FA_UUID_TEXT];

    /* A token that is to be expired was issued before it expired. */
    fa_buf_printf(out, "{\"typ\":\"Bearer\",\"exp\":%lld,\"iat\":%lld",
                  now + (long long)claims->ttl_s,
                  claims->ttl_s < 0 ? now + (long long)claims->ttl_s - 1 : now);
    fa_buf_add_member(out, "jti", fa_uuid_text(&id, text));
    fa_buf_add_member(out, "iss", claims->issuer);
    fa_buf_add_member(out, "aud", claims->audience);
    fa_buf_add_member(out, "sub", claims->subject);
    if (claims->name != NULL)
        fa_buf_add_member(out, "name", claims->name);
    if (claims->email != NULL)
        fa_buf_add_member(out, "email", claims->email);
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
    return good && !out->failed ? 0
                                : fa_error_set(err, FA_E_INTERNAL,
                                               "the token cannot be signed, or "
                                               "is longer than a token may be");
}

static void
add_part(struct fa_buf *out, const struct fa_buf *part)
{
    if (part->failed)
        out->failed = true;
    else
        fa_base64_encode(out, (const unsigned char *)part->data, part->length);
}

static void
add_header(struct fa_buf *out, const EVP_PKEY *pkey)
{
    FA_AUTO_BUF(thumbprint, JWK_LIMIT);

    add_thumbprint_input(&thumbprint, pkey);
    fa_buf_printf(out, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"", algorithm_of(pkey));
    add_kid(out, &thumbprint);
    fa_buf_add_text(out, "\"}");
}

int
fa_issue_token(const char *path, const struct fa_issue_claims *claims, struct fa_buf *out,
               struct fa_error *err)
{
    FA_CLEANUP(free_key) EVP_PKEY *pkey = read_key(path, err);
    FA_AUTO_BUF(header, JWK_LIMIT);
    FA_AUTO_BUF(payload, TOKEN_LIMIT);
    size_t start = out->length;

    if (pkey == NULL)
        return -1;
    if (claims->ttl_s > TTL_MAX_S || claims->ttl_s < -TTL_MAX_S)
        return fa_error_set(err, FA_E_INTERNAL, "a token's life is a hundred years at most");
    add_header(&header, pkey);
    add_part(out, &header);
    fa_buf_add_text(out, ".");
    add_claims(&payload, claims);
    add_part(out, &payload);
    if (add_signature(out, start, pkey, err) == 0)
        return 0;
    /* No half token for anybody to print. */
    out->length = start;
    if (out->data != NULL)
        out->data[start] = '\0';
    return -1;
}
