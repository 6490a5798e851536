#include "lib/auth/jwk.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <json-c/json.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

enum { RSA_MIN_BITS = 2048, P256_BYTES = 32, ED25519_BYTES = 32 };

static bool
is_text(struct json_object *jwk, const char *name, const char *wanted)
{
    const char *text = fa_json_text(jwk, name);

    return text != NULL && strcmp(text, wanted) == 0;
}

/* Whether its owner meant the key for signatures (RFC 7517, 4.2 and 4.3). */
static bool
is_for_signatures(struct json_object *jwk)
{
    struct json_object *operations = fa_json_member(jwk, "key_ops");

    if (fa_json_has(jwk, "use") && !is_text(jwk, "use", "sig"))
        return false;
    if (!fa_json_has(jwk, "key_ops"))
        return true;
    if (!json_object_is_type(operations, json_type_array))
        return false;
    for (size_t i = 0; i < json_object_array_length(operations); i++) {
        const char *operation = fa_json_string(json_object_array_get_idx(operations, i));

        if (operation != NULL && strcmp(operation, "verify") == 0)
            return true;
    }
    return false;
}

bool
fa_jwk_serves(struct json_object *jwk, const struct fa_algorithm *algorithm)
{
    return is_for_signatures(jwk) && is_text(jwk, "kty", algorithm->kty) &&
           (!fa_json_has(jwk, "alg") || is_text(jwk, "alg", algorithm->name));
}

/* --- making public keys ----------------------------------------------------------------------- */

FA_CLEANUP_BY(free_builder, OSSL_PARAM_BLD *, OSSL_PARAM_BLD_free)
FA_CLEANUP_BY(free_number, BIGNUM *, BN_free)

static EVP_PKEY *
make_key(const char *type, OSSL_PARAM_BLD *builder)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY *pkey = NULL;

    if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) <= 0 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        pkey = NULL;
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static BIGNUM *
read_number(struct json_object *jwk, const char *name, struct fa_arena *arena)
{
    const char *text = fa_json_text(jwk, name);
    size_t size = 0;
    unsigned char *bytes = text != NULL ? fa_base64_decode(arena, text, strlen(text), &size) : NULL;

    return bytes != NULL ? BN_bin2bn(bytes, (int)size, NULL) : NULL;
}

/* The mark of keys made by a faulty chip library, which can be factored (CVE-2017-15361, "ROCA"):
 * modulo each small prime n is a power of 65537.  By chance one sound key in 2^27 bears it. */
static bool
is_roca(const BIGNUM *n)
{
    static const unsigned char primes[] = {11, 13, 17,  19,  37,  53,  61,  71, 73,
                                           79, 97, 103, 107, 109, 127, 151, 157};

    for (size_t i = 0; i < sizeof primes; i++) {
        BN_ULONG rest = BN_mod_word(n, primes[i]);
        unsigned long power = 65537 % primes[i];

        while (power != rest && power != 1)
            power = power * 65537 % primes[i];
        if (power != rest)
            return false;
    }
    return true;
}

/* RFC 7518, 6.3.1: modulus and exponent. */
static EVP_PKEY *
read_rsa(struct json_object *jwk, struct fa_arena *arena)
{
    FA_CLEANUP(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    FA_CLEANUP(free_number) BIGNUM *n = read_number(jwk, "n", arena);
    FA_CLEANUP(free_number) BIGNUM *e = read_number(jwk, "e", arena);

    if (builder == NULL || n == NULL || e == NULL || BN_num_bits(n) < RSA_MIN_BITS || is_roca(n) ||
        !BN_is_odd(e) || BN_is_one(e) ||
        !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) ||
        !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e))
        return NULL;
    return make_key("RSA", builder);
}

/* RFC 7518, 6.2.1: a point of P-256; OpenSSL refuses one that is not on the curve. */
static EVP_PKEY *
read_p256(struct json_object *jwk, struct fa_arena *arena)
{
    FA_CLEANUP(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    const char *curve = fa_json_text(jwk, "crv");
    const char *x = fa_json_text(jwk, "x");
    const char *y = fa_json_text(jwk, "y");
    unsigned char point[1 + 2 * P256_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
    const char *const coordinates[] = {x, y};

    if (builder == NULL || curve == NULL || strcmp(curve, "P-256") != 0 || x == NULL || y == NULL)
        return NULL;
    for (size_t i = 0; i < 2; i++) {
        size_t size;
        unsigned char *bytes =
            fa_base64_decode(arena, coordinates[i], strlen(coordinates[i]), &size);

        if (bytes == NULL || size != P256_BYTES)
            return NULL;
        memcpy(point + 1 + i * P256_BYTES, bytes, P256_BYTES);
    }
    if (!OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ||
        !OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point))
        return NULL;
    return make_key("EC", builder);
}

/* The points of small order, whose "signatures" anybody can make (the top bit is a sign). */
static bool
is_small_order(const unsigned char point[ED25519_BYTES])
{
    static const unsigned char points[][ED25519_BYTES] = {
        {0},
        {1},
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
         0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
         0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
         0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
         0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    };
    unsigned char plain[ED25519_BYTES];
    bool high = true;

    memcpy(plain, point, sizeof plain);
    plain[ED25519_BYTES - 1] &= 0x7f;
    for (size_t i = 0; i < FA_COUNT(points); i++)
        if (memcmp(plain, points[i], sizeof plain) == 0)
            return true;
    /* p - 1, p and p + 1, which stand for -1, 0 and 1; p is 2^255 - 19. */
    for (size_t i = 1; i < ED25519_BYTES - 1; i++)
        high = high && plain[i] == 0xff;
    return high && plain[ED25519_BYTES - 1] == 0x7f && plain[0] >= 0xec && plain[0] <= 0xee;
}

/* RFC 8037, 2: an octet key pair, here of Ed25519 alone. */
static EVP_PKEY *
read_ed25519(struct json_object *jwk, struct fa_arena *arena)
{
    const char *x = fa_json_text(jwk, "x");
    unsigned char *point;
    size_t size;

    if (!is_text(jwk, "crv", "Ed25519") || x == NULL)
        return NULL;
    point = fa_base64_decode(arena, x, strlen(x), &size);
    if (point == NULL || size != ED25519_BYTES || is_small_order(point))
        return NULL;
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point, size);
}

/* --- verifying -------------------------------------------------------------------------------- */

/* One pass over `data`; `digest` is NULL where the algorithm hashes by itself. */
static bool
verify_with(EVP_PKEY *pkey, const EVP_MD *digest, bool pss, const struct fa_signed *data)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *params = NULL;
    bool good = ctx != NULL && EVP_DigestVerifyInit(ctx, &params, digest, NULL, pkey) == 1;

    if (good && pss)
        good = EVP_PKEY_CTX_set_rsa_padding(params, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_mgf1_md(params, digest) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(params, RSA_PSS_SALTLEN_DIGEST) == 1;
    good = good && EVP_DigestVerify(ctx, data->signature, data->signature_length, data->bytes,
                                    data->length) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

/* RFC 7518, 3.3. */
static bool
verify_rs256(EVP_PKEY *pkey, const struct fa_signed *data)
{
    return verify_with(pkey, EVP_sha256(), false, data);
}

/* RFC 7518, 3.5: MGF1 with the same hash, and a salt of its length. */
static bool
verify_ps256(EVP_PKEY *pkey, const struct fa_signed *data)
{
    return verify_with(pkey, EVP_sha256(), true, data);
}

/* RFC 8037, 3.1. */
static bool
verify_ed25519(EVP_PKEY *pkey, const struct fa_signed *data)
{
    return verify_with(pkey, NULL, false, data);
}

/* JWS writes r and s side by side (RFC 7518, 3.4); OpenSSL wants DER. */
static bool
verify_es256(EVP_PKEY *pkey, const struct fa_signed *data)
{
    ECDSA_SIG *pair;
    BIGNUM *r;
    BIGNUM *s;
    unsigned char *der = NULL;
    int der_length = -1;
    bool good;

    if (data->signature_length != 2 * P256_BYTES)
        return false;
    pair = ECDSA_SIG_new();
    r = BN_bin2bn(data->signature, P256_BYTES, NULL);
    s = BN_bin2bn(data->signature + P256_BYTES, P256_BYTES, NULL);
    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        der_length = i2d_ECDSA_SIG(pair, &der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    good = der_length > 0 &&
           verify_with(pkey, EVP_sha256(), false,
                       &(struct fa_signed){data->bytes, data->length, der, (size_t)der_length});
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    return good;
}

const struct fa_algorithm fa_algorithms[] = {
    {"RS256", "RSA", read_rsa, verify_rs256},
    {"PS256", "RSA", read_rsa, verify_ps256},
    {"ES256", "EC", read_p256, verify_es256},
    {"EdDSA", "OKP", read_ed25519, verify_ed25519},
    {NULL, NULL, NULL, NULL},
};
