/* The JWKS: published vectors verify, and only keys that are fit for signatures are taken. */
#include "lib/base/buf.h"
#include "tests/unit/jose_vectors.h"
#include "tests/unit/signature.h"

#include <openssl/bn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define RSA(n, more)   "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" n "\"" more "}"
#define EC(x, y, more) "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" x "\",\"y\":\"" y "\"" more "}"
#define SET(keys)      "{\"keys\":[" keys "]}"

/* A JWKS file in a folder of its own. */
struct fixture {
    char folder[64];
    char path[96];
    struct fa_keys *keys;
    struct fa_error err;
};

static int
set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    strcpy(fixture->folder, "/tmp/fileapi-keys-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/keys.json", fixture->folder);
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    fa_keys_close(&fixture->keys);
    unlink(fixture->path);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

/* Writes the file anew beside itself and renames, as an issuer does. */
static void
write_file(struct fixture *fixture, const char *text)
{
    char temporary[128];
    FILE *file;

    snprintf(temporary, sizeof temporary, "%s.new", fixture->path);
    file = fopen(temporary, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(rename(temporary, fixture->path), 0);
}

static int
open_text(struct fixture *fixture, const char *text)
{
    fa_keys_close(&fixture->keys);
    write_file(fixture, text);
    return fa_keys_open(fixture->path, &fixture->keys, &fixture->err);
}

static bool
rsa_verifies(struct fixture *fixture, const char *kid)
{
    return signature_fits(fixture->keys, "RS256", kid, "eyJhbGciOiJSUzI1NiJ9." RFC7515_PAYLOAD,
                          RSA_SIGNATURE);
}

static bool
ec_verifies(struct fixture *fixture, const char *kid)
{
    return signature_fits(fixture->keys, "ES256", kid, "eyJhbGciOiJFUzI1NiJ9." RFC7515_PAYLOAD,
                          EC_SIGNATURE);
}

/* The examples of RFC 7515 and RFC 7520 verify with their keys, and with nothing else. */
static void
published_vectors_verify(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(open_text(fixture, SET(RSA(RSA_N, "") "," EC(EC_X, EC_Y, ""))), 0);
    assert_true(rsa_verifies(fixture, NULL));
    assert_true(ec_verifies(fixture, NULL));
    assert_false(signature_fits(fixture->keys, "ES256", NULL,
                                "eyJhbGciOiJSUzI1NiJ9." RFC7515_PAYLOAD, RSA_SIGNATURE));
    assert_false(signature_fits(fixture->keys, "RS256", NULL,
                                "eyJhbGciOiJFUzI1NiJ9." RFC7515_PAYLOAD, EC_SIGNATURE));
    assert_false(signature_fits(fixture->keys, "RS256", NULL,
                                "eyJhbGciOiJSUzI1NiJ8." RFC7515_PAYLOAD, RSA_SIGNATURE));
    assert_false(
        signature_fits(fixture->keys, "none", NULL, "eyJhbGciOiJSUzI1NiJ9." RFC7515_PAYLOAD, ""));
    assert_int_equal(open_text(fixture, SET(RSA(BILBO_N, ""))), 0);
    assert_false(rsa_verifies(fixture, NULL));
    assert_true(signature_fits(fixture->keys, "RS256", NULL, BILBO_SIGNED, BILBO_SIGNATURE));
}

/* A token that names its key is verified by that one only. */
static void
kid_selects_the_key(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(
        open_text(fixture, SET(RSA(BILBO_N, ",\"kid\":\"a\"") "," RSA(RSA_N, ",\"kid\":\"b\""))),
        0);
    assert_true(rsa_verifies(fixture, NULL));
    assert_true(rsa_verifies(fixture, "b"));
    assert_false(rsa_verifies(fixture, "a"));
    assert_false(rsa_verifies(fixture, "c"));
    assert_false(rsa_verifies(fixture, ""));
    assert_int_equal(open_text(fixture, SET(RSA(RSA_N, ""))), 0);
    assert_true(rsa_verifies(fixture, NULL));
    assert_false(rsa_verifies(fixture, "b"));
}

/* Keys for other purposes are passed over; those that may sign are taken. */
static void
purpose_is_respected(void **state)
{
    static const struct {
        const char *jwk;
        bool taken;
    } cases[] = {
        {RSA(RSA_N, ""), true},
        {RSA(RSA_N, ",\"use\":\"sig\""), true},
        {RSA(RSA_N, ",\"use\":\"sig\",\"alg\":\"RS256\",\"x5c\":[\"any\"]"), true},
        {RSA(RSA_N, ",\"key_ops\":[\"verify\"]"), true},
        {RSA(RSA_N, ",\"key_ops\":[\"sign\",\"verify\"]"), true},
        {RSA(RSA_N, ",\"use\":\"enc\""), false},
        {RSA(RSA_N, ",\"use\":\"enc\",\"alg\":\"RSA-OAEP\""), false},
        {RSA(RSA_N, ",\"use\":null"), false},
        {RSA(RSA_N, ",\"use\":[\"sig\"]"), false},
        {RSA(RSA_N, ",\"key_ops\":[\"encrypt\"]"), false},
        {RSA(RSA_N, ",\"key_ops\":\"verify\""), false},
        {RSA(RSA_N, ",\"key_ops\":null"), false},
        {RSA(RSA_N, ",\"alg\":\"RS512\""), false},
        {RSA(RSA_N, ",\"alg\":\"ES256\""), false},
        {RSA(RSA_N, ",\"alg\":\"none\""), false},
        {RSA(RSA_N, ",\"alg\":null"), false},
        {"{\"kty\":\"rsa\",\"e\":\"AQAB\",\"n\":\"" RSA_N "\"}", false},
        {"{\"kty\":\"oct\",\"k\":\"AAAA\",\"e\":\"AQAB\",\"n\":\"" RSA_N "\"}", false},
        {"{\"e\":\"AQAB\",\"n\":\"" RSA_N "\"}", false},
        {"\"" RSA_N "\"", false},
        {"null", false},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < FA_COUNT(cases); i++) {
        char text[4096];

        snprintf(text, sizeof text, SET("%s"), cases[i].jwk);
        if ((open_text(fixture, text) == 0) != cases[i].taken)
            fail_msg("%s: %s", cases[i].taken ? "refused" : "taken", cases[i].jwk);
        if (cases[i].taken)
            assert_true(rsa_verifies(fixture, NULL));
        snprintf(text, sizeof text, SET("%s," EC(EC_X, EC_Y, "")), cases[i].jwk);
        assert_int_equal(open_text(fixture, text), 0);
        assert_true(ec_verifies(fixture, NULL));
    }
}

/* Weak and malformed keys are none. */
static void
weak_keys_are_left_out(void **state)
{
    static const char *const bad[] = {
        /* 512 bits; not base64url; no modulus */
        RSA("_____________________________________________________________________________________"
            "w",
            ""),
        RSA("=" RSA_N, ""),
        RSA("", ""),
        "{\"kty\":\"RSA\",\"e\":\"AQ\",\"n\":\"" RSA_N "\"}",
        "{\"kty\":\"RSA\",\"e\":\"Ag\",\"n\":\"" RSA_N "\"}",
        "{\"kty\":\"RSA\",\"e\":\"AA\",\"n\":\"" RSA_N "\"}",
        "{\"kty\":\"RSA\",\"e\":\"\",\"n\":\"" RSA_N "\"}",
        "{\"kty\":\"RSA\",\"e\":3,\"n\":\"" RSA_N "\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}",
        /* a point that is not on the curve, coordinates of another length, another curve */
        EC(EC_X, EC_X, ""),
        EC("AA", EC_Y, ""),
        EC(EC_X "AAAA", EC_Y, ""),
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
        "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
        "{\"kty\":\"EC\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\"}",
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < FA_COUNT(bad); i++) {
        char text[4096];

        snprintf(text, sizeof text, SET("%s"), bad[i]);
        if (open_text(fixture, text) == 0)
            fail_msg("taken: %s", bad[i]);
    }
}

/* An RSA modulus of `bits` that is `rest` modulo the primes 11, 13, ... 157 of the mark. */
static int
open_modulus(struct fixture *fixture, int bits, unsigned long rest)
{
    static const unsigned char primes[] = {11, 13, 17,  19,  37,  53,  61,  71, 73,
                                           79, 97, 103, 107, 109, 127, 151, 157};
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *product = BN_new();
    BIGNUM *n = BN_new();
    unsigned char bytes[512];
    struct fa_buf text;
    int result;

    assert_true(BN_one(product) && BN_set_bit(n, bits - 1));
    for (size_t i = 0; i < sizeof primes; i++)
        assert_true(BN_mul_word(product, primes[i]));
    assert_true(BN_div(n, NULL, n, product, ctx) && BN_add_word(n, 1));
    assert_true(BN_mul(n, n, product, ctx) && BN_add_word(n, rest));
    if (!BN_is_odd(n))
        assert_true(BN_add(n, n, product));
    assert_int_equal(BN_num_bits(n), bits);
    fa_buf_init(&text, 4096);
    fa_buf_add_text(&text, "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"");
    fa_base64_encode(&text, bytes, (size_t)BN_bn2bin(n, bytes));
    fa_buf_add_text(&text, "\"}]}");
    result = open_text(fixture, text.data);
    fa_buf_free(&text);
    BN_free(n);
    BN_free(product);
    BN_CTX_free(ctx);
    return result;
}

/* RSA needs 2048 bits, and a modulus without the mark of the faulty library (ROCA). */
static void
modulus_is_checked(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(open_modulus(fixture, 2048, 65539), 0);
    assert_int_equal(open_modulus(fixture, 2047, 65539), -1);
    assert_int_equal(open_modulus(fixture, 2048, 65537), -1);
    assert_int_equal(open_modulus(fixture, 2048, 1), -1);
    assert_int_equal(open_modulus(fixture, 4096, 65537UL * 65537), -1);
}

/* A file that is no JWKS opens nothing, and the error names the file. */
static void
malformed_files_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"keys\":{}}",
        "{\"keys\":[]}",
        SET(RSA(RSA_N, "")) "x",
        "{\"keys\":[" RSA(RSA_N, "") "],\"keys\":[]}",
        SET(RSA(RSA_N, ",\"kty\":\"RSA\"")),
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < FA_COUNT(bad); i++) {
        assert_int_equal(open_text(fixture, bad[i]), -1);
        assert_null(fixture->keys);
        assert_int_equal(fixture->err.code, FA_E_INTERNAL);
        assert_non_null(strstr(fixture->err.detail, fixture->path));
    }
    assert_int_equal(fa_keys_open(fixture->folder, &fixture->keys, &fixture->err), -1);
    assert_int_equal(fa_keys_open("/nowhere", &fixture->keys, &fixture->err), -1);
    unlink(fixture->path);
    assert_int_equal(mkfifo(fixture->path, 0600), 0);
    assert_int_equal(fa_keys_open(fixture->path, &fixture->keys, &fixture->err), -1);
}

/* A mebibyte is read, a byte more is not. */
static void
long_files_are_refused(void **state)
{
    struct fixture *fixture = *state;
    size_t size = 1 << 20;
    char *text = malloc(size + 2);

    assert_non_null(text);
    memset(text, ' ', size + 1);
    memcpy(text, SET(RSA(RSA_N, "")), strlen(SET(RSA(RSA_N, ""))));
    text[size] = '\0';
    assert_int_equal(open_text(fixture, text), 0);
    text[size] = ' ';
    text[size + 1] = '\0';
    assert_int_equal(open_text(fixture, text), -1);
    free(text);
}

/* Of very many keys the first are taken; no count overruns. */
static void
many_keys_are_cut(void **state)
{
    struct fixture *fixture = *state;
    struct fa_buf text;

    fa_buf_init(&text, 1 << 20);
    fa_buf_add_text(&text, "{\"keys\":[" RSA(RSA_N, ",\"kid\":\"first\""));
    for (int i = 0; i < 200; i++)
        fa_buf_add_text(&text, "," RSA(BILBO_N, ""));
    fa_buf_add_text(&text, "]}");
    assert_int_equal(open_text(fixture, text.data), 0);
    assert_true(rsa_verifies(fixture, "first"));
    fa_buf_free(&text);
}

/* The file is followed; while it is broken or gone the old keys stay, and the error comes once. */
static void
file_is_followed(void **state)
{
    struct fixture *fixture = *state;
    struct fa_error *err = &fixture->err;

    assert_int_equal(open_text(fixture, SET(RSA(RSA_N, ""))), 0);
    assert_int_equal(fa_keys_refresh(fixture->keys, err), 0);
    write_file(fixture, "{\"keys\":");
    assert_int_equal(fa_keys_refresh(fixture->keys, err), -1);
    assert_int_equal(fa_keys_refresh(fixture->keys, err), 0);
    assert_true(rsa_verifies(fixture, NULL));
    unlink(fixture->path);
    assert_int_equal(fa_keys_refresh(fixture->keys, err), -1);
    assert_int_equal(fa_keys_refresh(fixture->keys, err), 0);
    assert_true(rsa_verifies(fixture, NULL));
    write_file(fixture, SET(EC(EC_X, EC_Y, "")));
    assert_int_equal(fa_keys_refresh(fixture->keys, err), 0);
    assert_false(rsa_verifies(fixture, NULL));
    assert_true(ec_verifies(fixture, NULL));
    assert_int_equal(fa_keys_refresh(fixture->keys, err), 0);
}

/* Closing twice, or nothing, is allowed. */
static void
close_takes_nothing(void **state)
{
    struct fixture *fixture = *state;

    fa_keys_close(&fixture->keys);
    assert_int_equal(open_text(fixture, SET(RSA(RSA_N, ""))), 0);
    fa_keys_close(&fixture->keys);
    assert_null(fixture->keys);
    fa_keys_close(&fixture->keys);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

FA_RUN(TEST(published_vectors_verify), TEST(kid_selects_the_key), TEST(purpose_is_respected),
       TEST(weak_keys_are_left_out), TEST(modulus_is_checked), TEST(malformed_files_are_refused),
       TEST(long_files_are_refused), TEST(many_keys_are_cut), TEST(file_is_followed),
       TEST(close_takes_nothing))
