/* The four algorithms: each verifies its own signatures, and no other's by the same key. */
#include "lib/base/buf.h"
#include "tests/unit/jose_vectors.h"
#include "tests/unit/signature.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ED(x, more) "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" x "\"" more "}"

static const char data[] = "header.payload";

/* Opens a JWKS of one key; -1 when the key is not taken. */
static int
open_jwk(const char *jwk, struct fa_keys **keys_r)
{
    char path[] = "/tmp/fileapi-algorithms-XXXXXX";
    int fd = mkstemp(path);
    struct fa_error err;
    int result;

    assert_true(fd >= 0);
    assert_true(dprintf(fd, "{\"keys\":[%s]}", jwk) > 0);
    close(fd);
    result = fa_keys_open(path, keys_r, &err);
    unlink(path);
    return result;
}

/* The example of RFC 8037 verifies, and not with any bit of it changed. */
static void
ed25519_vector_verifies(void **state)
{
    struct fa_keys *keys = NULL;
    struct fa_arena arena;
    unsigned char *bytes;
    size_t length;

    (void)state;
    assert_int_equal(open_jwk(ED(ED_X, ""), &keys), 0);
    assert_true(signature_fits(keys, "EdDSA", NULL, ED_SIGNED, ED_SIGNATURE));
    assert_false(signature_fits(keys, "EdDSA", NULL, ED_SIGNED "A", ED_SIGNATURE));
    assert_false(signature_fits(keys, "ES256", NULL, ED_SIGNED, ED_SIGNATURE));
    assert_false(signature_fits(keys, "Ed25519", NULL, ED_SIGNED, ED_SIGNATURE));
    fa_arena_init(&arena, 1 << 16);
    bytes = fa_base64_decode(&arena, ED_SIGNATURE, strlen(ED_SIGNATURE), &length);
    assert_int_equal(length, 64);
    for (size_t bit = 0; bit < 8 * length; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        if (bytes_fit(keys, "EdDSA", ED_SIGNED, bytes, length))
            fail_msg("accepted with bit %zu changed", bit);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    for (size_t size = 0; size < length; size++)
        assert_false(bytes_fit(keys, "EdDSA", ED_SIGNED, bytes, size));
    fa_arena_free(&arena);
    fa_keys_close(&keys);
}

/* Points of small order, in each spelling, and keys of other curves and lengths are none. */
static void
odd_octet_keys_are_left_out(void **state)
{
    static const char *const bad[] = {
        ED("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ""), /* order 4 */
        ED("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA", ""),
        ED("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ""), /* order 1 */
        ED("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA", ""),
        ED("JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU", ""), /* order 8 */
        ED("JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_IU", ""),
        ED("xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o", ""),
        ED("xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA_o", ""),
        ED("7P_______________________________________38", ""), /* p - 1: order 2 */
        ED("7P________________________________________8", ""),
        ED("7f_______________________________________38", ""), /* p: 0 again */
        ED("7f________________________________________8", ""),
        ED("7v_______________________________________38", ""), /* p + 1: 1 again */
        ED("7v________________________________________8", ""),
        ED(ED_X "AA", ""),
        ED("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ", ""),
        ED("", ""),
        ED(ED_X "=", ""),
        ED(ED_X, ",\"use\":\"enc\""),
        ED(ED_X, ",\"alg\":\"ES256\""),
        ED(ED_X, ",\"alg\":\"Ed25519\""),
        "{\"kty\":\"OKP\",\"x\":\"" ED_X "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED_X "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" ED_X "\"}",
        "{\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\",\"y\":\"" ED_X "\"}",
    };
    struct fa_keys *keys = NULL;

    (void)state;
    for (size_t i = 0; i < FA_COUNT(bad); i++)
        if (open_jwk(bad[i], &keys) == 0)
            fail_msg("taken: %s", bad[i]);
    assert_int_equal(open_jwk(ED(ED_X, ",\"alg\":\"EdDSA\",\"use\":\"sig\""), &keys), 0);
    fa_keys_close(&keys);
}

/* --- RSA: one key, two paddings -----------------------------------------------------------------
 */

static void
add_number(struct fa_buf *out, const EVP_PKEY *pkey, const char *param)
{
    unsigned char bytes[512];
    BIGNUM *number = NULL;

    assert_int_equal(EVP_PKEY_get_bn_param(pkey, param, &number), 1);
    fa_base64_encode(out, bytes, (size_t)BN_bn2bin(number, bytes));
    BN_free(number);
}

/* The key's JWK with the member alg (NULL: without), opened. */
static struct fa_keys *
open_rsa_key(const EVP_PKEY *pkey, const char *algorithm)
{
    struct fa_keys *keys = NULL;
    struct fa_buf jwk;

    fa_buf_init(&jwk, 4096);
    fa_buf_add_text(&jwk, "{\"kty\":\"RSA\",\"n\":\"");
    add_number(&jwk, pkey, OSSL_PKEY_PARAM_RSA_N);
    fa_buf_add_text(&jwk, "\",\"e\":\"");
    add_number(&jwk, pkey, OSSL_PKEY_PARAM_RSA_E);
    fa_buf_add_text(&jwk, "\"");
    if (algorithm != NULL)
        fa_buf_printf(&jwk, ",\"alg\":\"%s\"", algorithm);
    fa_buf_add_text(&jwk, "}");
    assert_int_equal(open_jwk(jwk.data, &keys), 0);
    fa_buf_free(&jwk);
    return keys;
}

/* A way to sign with an RSA key; a salt of -1: PKCS #1 v1.5. */
struct way {
    const EVP_MD *digest;
    const EVP_MD *mask;
    int salt;
};

static bool
signed_so_verifies(const struct fa_keys *keys, EVP_PKEY *pkey, const struct way *way,
                   const char *algorithm)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *params;
    unsigned char signature[512];
    size_t length = sizeof signature;

    assert_int_equal(EVP_DigestSignInit(ctx, &params, way->digest, NULL, pkey), 1);
    if (way->salt >= 0) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(params, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(params, way->mask), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(params, way->salt), 1);
    }
    assert_int_equal(
        EVP_DigestSign(ctx, signature, &length, (const unsigned char *)data, strlen(data)), 1);
    EVP_MD_CTX_free(ctx);
    return bytes_fit(keys, algorithm, data, signature, length);
}

/* PS256 is one padding in one form; a key without alg serves both paddings, one with alg its own.
 */
static void
rsa_paddings_are_told_apart(void **state)
{
    const struct way pkcs1 = {EVP_sha256(), NULL, -1};
    const struct way pss = {EVP_sha256(), EVP_sha256(), 32};
    const struct way other_ways[] = {
        {EVP_sha256(), EVP_sha256(), 0},
        {EVP_sha256(), EVP_sha256(), 20},
        {EVP_sha256(), EVP_sha256(), 222},
        {EVP_sha256(), EVP_sha1(), 32},
        {EVP_sha384(), EVP_sha384(), 48},
        {EVP_sha512(), NULL, -1},
        {EVP_sha1(), NULL, -1},
    };
    static const struct {
        const char *alg;
        bool rs256;
        bool ps256;
    } keys_of[] = {{NULL, true, true}, {"RS256", true, false}, {"PS256", false, true}};
    EVP_PKEY *pkey = EVP_RSA_gen(2048);

    (void)state;
    for (size_t i = 0; i < FA_COUNT(keys_of); i++) {
        struct fa_keys *keys = open_rsa_key(pkey, keys_of[i].alg);

        assert_int_equal(fa_keys_has(keys, "RS256", NULL), keys_of[i].rs256);
        assert_int_equal(fa_keys_has(keys, "PS256", NULL), keys_of[i].ps256);
        assert_int_equal(signed_so_verifies(keys, pkey, &pkcs1, "RS256"), keys_of[i].rs256);
        assert_int_equal(signed_so_verifies(keys, pkey, &pss, "PS256"), keys_of[i].ps256);
        assert_false(signed_so_verifies(keys, pkey, &pkcs1, "PS256"));
        assert_false(signed_so_verifies(keys, pkey, &pss, "RS256"));
        for (size_t k = 0; k < FA_COUNT(other_ways); k++) {
            assert_false(signed_so_verifies(keys, pkey, &other_ways[k], "RS256"));
            assert_false(signed_so_verifies(keys, pkey, &other_ways[k], "PS256"));
        }
        fa_keys_close(&keys);
    }
    EVP_PKEY_free(pkey);
}

/* ES256 of RFC 7515 by a key that names it, and by none that names another algorithm. */
static void
p256_serves_es256_alone(void **state)
{
    static const char text[] = "eyJhbGciOiJFUzI1NiJ9." RFC7515_PAYLOAD;
    static const char jwk[] =
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\",\"alg\":\"%s\"}";
    struct fa_keys *keys = NULL;
    char named[512];

    (void)state;
    snprintf(named, sizeof named, jwk, "ES256");
    assert_int_equal(open_jwk(named, &keys), 0);
    assert_true(signature_fits(keys, "ES256", NULL, text, EC_SIGNATURE));
    assert_false(signature_fits(keys, "EdDSA", NULL, text, EC_SIGNATURE));
    assert_false(signature_fits(keys, "RS256", NULL, text, EC_SIGNATURE));
    fa_keys_close(&keys);
    snprintf(named, sizeof named, jwk, "ES384");
    assert_int_equal(open_jwk(named, &keys), -1);
    snprintf(named, sizeof named, jwk, "EdDSA");
    assert_int_equal(open_jwk(named, &keys), -1);
}

FA_RUN(cmocka_unit_test(ed25519_vector_verifies), cmocka_unit_test(odd_octet_keys_are_left_out),
       cmocka_unit_test(rsa_paddings_are_told_apart), cmocka_unit_test(p256_serves_es256_alone))
