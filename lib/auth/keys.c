#include "lib/auth/keys.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_MAX_BYTES = 1 << 20,
    KEYS_MAX = 64,
    RSA_MIN_BITS = 2048,
    P256_BYTES = 32,
    RETRY_US = 10 * 1000000
};

struct key {
    const struct algorithm *algorithm;
    char *kid; /* NULL: it has none */
    EVP_PKEY *pkey;
};

struct fa_keys {
    char *path;
    struct stat seen; /* the file as it was when last read; zeroes: it was gone */
    int64_t retry_us; /* monotonic time of the next attempt after a failed one; 0: none failed */
    size_t count;
    struct key list[KEYS_MAX];
};

/* --- making public keys ----------------------------------------------------------------------- */

static void
free_builder(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

static void
free_number(BIGNUM **number)
{
    BN_free(*number);
}

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

/* --- verifying -------------------------------------------------------------------------------- */

static bool
verify_digest(EVP_PKEY *pkey, const char *data, size_t length, const unsigned char *signature,
              size_t signature_length)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1 &&
                EVP_DigestVerify(ctx, signature, signature_length, (const unsigned char *)data,
                                 length) == 1;

    EVP_MD_CTX_free(ctx);
    return good;
}

/* JWS writes r and s side by side (RFC 7518, 3.4); OpenSSL wants DER. */
static bool
verify_p256(EVP_PKEY *pkey, const char *data, size_t length, const unsigned char *signature,
            size_t signature_length)
{
    ECDSA_SIG *pair;
    BIGNUM *r;
    BIGNUM *s;
    unsigned char *der = NULL;
    int der_length = -1;
    bool good;

    if (signature_length != 2 * P256_BYTES)
        return false;
    pair = ECDSA_SIG_new();
    r = BN_bin2bn(signature, P256_BYTES, NULL);
    s = BN_bin2bn(signature + P256_BYTES, P256_BYTES, NULL);
    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        der_length = i2d_ECDSA_SIG(pair, &der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    good = der_length > 0 && verify_digest(pkey, data, length, der, (size_t)der_length);
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    return good;
}

/* One row per algorithm; a key gets the one of its type. */
static const struct algorithm {
    const char *name;
    const char *kty;
    EVP_PKEY *(*read)(struct json_object *jwk, struct fa_arena *arena);
    bool (*verify)(EVP_PKEY *pkey, const char *data, size_t length, const unsigned char *signature,
                   size_t signature_length);
} algorithms[] = {
    {"RS256", "RSA", read_rsa, verify_digest},
    {"ES256", "EC", read_p256, verify_p256},
};

bool
fa_keys_verify(const struct fa_keys *keys, const char *algorithm, const char *kid, const char *data,
               size_t length, const unsigned char *signature, size_t signature_length)
{
    for (size_t i = 0; i < keys->count; i++) {
        const struct key *key = &keys->list[i];

        if (strcmp(key->algorithm->name, algorithm) != 0)
            continue;
        if (kid != NULL && (key->kid == NULL || strcmp(key->kid, kid) != 0))
            continue;
        if (key->algorithm->verify(key->pkey, data, length, signature, signature_length))
            return true;
    }
    return false;
}

/* --- the file --------------------------------------------------------------------------------- */

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

/* Takes a key that fits; all others are none of our business (RFC 7517, 5).  -1: no memory. */
static int
add_key(struct fa_keys *keys, struct json_object *jwk, struct fa_arena *arena)
{
    const char *kid = fa_json_text(jwk, "kid");

    if (!is_for_signatures(jwk))
        return 0;
    for (size_t i = 0; i < FA_COUNT(algorithms) && keys->count < KEYS_MAX; i++) {
        struct key key = {.algorithm = &algorithms[i]};

        if (!is_text(jwk, "kty", algorithms[i].kty))
            continue;
        if (fa_json_has(jwk, "alg") && !is_text(jwk, "alg", algorithms[i].name))
            continue;
        key.pkey = algorithms[i].read(jwk, arena);
        if (key.pkey == NULL)
            continue;
        key.kid = kid != NULL ? strdup(kid) : NULL;
        keys->list[keys->count++] = key;
        if (kid != NULL && key.kid == NULL)
            return -1;
    }
    return 0;
}

static int
parse_keys(struct fa_keys *keys, const char *text, size_t length, struct fa_error *err)
{
    FA_CLEANUP(fa_json_free) struct json_object *jwks = NULL;
    FA_CLEANUP(fa_arena_free) struct fa_arena arena;
    struct json_object *list;

    fa_arena_init(&arena, 4 * FILE_MAX_BYTES);
    if (fa_json_parse(text, length, &jwks, err) < 0)
        return -1;
    list = fa_json_member(jwks, "keys");
    if (!json_object_is_type(list, json_type_array))
        return fa_error_set(err, FA_E_REQUEST, "no \"keys\" in the JWKS");
    for (size_t i = 0; i < json_object_array_length(list); i++)
        if (add_key(keys, json_object_array_get_idx(list, i), &arena) < 0)
            return fa_error_set(err, FA_E_MEMORY, "keys");
    if (keys->count == 0)
        return fa_error_set(err, FA_E_REQUEST, "no usable key in the JWKS");
    return 0;
}

static int
load(struct fa_keys *keys, struct fa_error *err)
{
    /* Not to wait for a writer, should it be a pipe. */
    FA_AUTO_FD fd = open(keys->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FA_AUTO_FREE char *text = NULL;
    struct fa_error why;
    ssize_t length;

    if (fd < 0 || fstat(fd, &keys->seen) < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "open %s", keys->path);
    if (!S_ISREG(keys->seen.st_mode) || keys->seen.st_size > FILE_MAX_BYTES)
        return fa_error_set(err, FA_E_INTERNAL, "%s is no file of at most %d bytes", keys->path,
                            FILE_MAX_BYTES);
    text = malloc((size_t)keys->seen.st_size + 1);
    length = text != NULL ? read(fd, text, (size_t)keys->seen.st_size) : -1;
    if (length < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "read %s", keys->path);
    if (parse_keys(keys, text, (size_t)length, &why) == 0)
        return 0;
    return fa_error_set(err, FA_E_INTERNAL, "%s: %s", keys->path, why.detail);
}

static void
drop_keys(struct fa_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        EVP_PKEY_free(keys->list[i].pkey);
        free(keys->list[i].kid);
    }
    keys->count = 0;
}

int
fa_keys_open(const char *path, struct fa_keys **keys_r, struct fa_error *err)
{
    struct fa_keys *keys = calloc(1, sizeof *keys);

    if (keys == NULL || (keys->path = strdup(path)) == NULL) {
        fa_keys_close(&keys);
        return fa_error_set(err, FA_E_MEMORY, "keys");
    }
    if (load(keys, err) < 0) {
        fa_keys_close(&keys);
        return fa_error_action(err, "fileapictl keys makes the file of the embedded issuer");
    }
    *keys_r = keys;
    return 0;
}

static bool
is_same_time(struct timespec left, struct timespec right)
{
    return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

/* st_ctim too: it also tells when permissions have been set right. */
static bool
is_same_file(const struct stat *left, const struct stat *right)
{
    return left->st_dev == right->st_dev && left->st_ino == right->st_ino &&
           left->st_size == right->st_size && is_same_time(left->st_mtim, right->st_mtim) &&
           is_same_time(left->st_ctim, right->st_ctim);
}

static int
reload(struct fa_keys *keys, const struct stat *now, struct fa_error *err)
{
    struct fa_keys fresh = {.path = keys->path};

    if (load(&fresh, err) < 0) {
        drop_keys(&fresh);
        keys->seen = *now;
        keys->retry_us = fa_clock_monotonic_us() + RETRY_US;
        return -1;
    }
    drop_keys(keys);
    *keys = fresh;
    return 0;
}

int
fa_keys_refresh(struct fa_keys *keys, struct fa_error *err)
{
    struct stat now;

    if (stat(keys->path, &now) < 0)
        now = (struct stat){0};
    if (is_same_file(&now, &keys->seen) &&
        (keys->retry_us == 0 || fa_clock_monotonic_us() < keys->retry_us))
        return 0;
    return reload(keys, &now, err);
}

void
fa_keys_close(struct fa_keys **keys)
{
    if (*keys == NULL)
        return;
    drop_keys(*keys);
    free((*keys)->path);
    free(*keys);
    *keys = NULL;
}
