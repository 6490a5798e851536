/* An issuer for tests: its key, its JWKS, and tokens of any content that bear its signature. */
#ifndef FA_TESTS_ISSUER_H
#define FA_TESTS_ISSUER_H

#include "lib/auth/issue.h"
#include "lib/auth/token.h"
#include "lib/base/base64.h"
#include "tests/unit/unit.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NOW_S = 1700000000, P256_BYTES = 32 };

/* An issuer with its key and JWKS in a folder of its own. */
struct issuer {
    char folder[64];
    char key[96];
    char jwks[96];
    struct fa_keys *keys;
    struct fa_arena arena;
    struct fa_identity identity;
    struct fa_error err;
};

/* The rules that the default options make. */
#define RULES                                                                                      \
    .issuer = "https://issuer", .audiences = "fileapi", .client = "fileapi",                       \
    .algorithms = "RS256 PS256 ES256 EdDSA", .manager_roles = "manager", .admin_roles = "admin",   \
    .role_paths = "realm_access.roles resource_access.{client}.roles",                             \
    .organization_path = "organization", .leeway_s = 30

static const struct fa_token_rules rules = {RULES};

/* The same at a fixed time, for tokens signed here. */
static const struct fa_token_rules then = {RULES, .now_us = (int64_t)NOW_S * 1000000};

static inline void
write_ec_key(const char *path, const char *curve)
{
    EVP_PKEY *pkey = EVP_EC_gen(curve);
    FILE *file = fopen(path, "w");

    assert_non_null(pkey);
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    EVP_PKEY_free(pkey);
}

static inline int
open_issuer(void **state, const char *type)
{
    struct issuer *issuer = calloc(1, sizeof *issuer);

    assert_non_null(issuer);
    strcpy(issuer->folder, "/tmp/fileapi-token-XXXXXX");
    assert_non_null(mkdtemp(issuer->folder));
    snprintf(issuer->key, sizeof issuer->key, "%s/key.pem", issuer->folder);
    snprintf(issuer->jwks, sizeof issuer->jwks, "%s/keys.json", issuer->folder);
    if (strcmp(type, "EC") == 0)
        write_ec_key(issuer->key, "P-256");
    else
        assert_int_equal(fa_issue_key_create(issuer->key, &issuer->err), 0);
    assert_int_equal(fa_issue_jwks_write(issuer->key, issuer->jwks, &issuer->err), 0);
    assert_int_equal(fa_keys_open(issuer->jwks, &issuer->keys, &issuer->err), 0);
    fa_arena_init(&issuer->arena, 1 << 24);
    *state = issuer;
    return 0;
}

static inline int
open_rsa(void **state)
{
    return open_issuer(state, "RSA");
}

static inline int
open_ec(void **state)
{
    return open_issuer(state, "EC");
}

static inline int
close_issuer(void **state)
{
    struct issuer *issuer = *state;

    fa_keys_close(&issuer->keys);
    fa_arena_free(&issuer->arena);
    unlink(issuer->key);
    unlink(issuer->jwks);
    rmdir(issuer->folder);
    free(issuer);
    return 0;
}

/* The rules with the issuer's keys. */
static inline struct fa_token_rules
rules_of(const struct issuer *issuer, const struct fa_token_rules *by)
{
    struct fa_token_rules whole = *by;

    whole.keys = issuer->keys;
    return whole;
}

static inline bool
verifies_by(struct issuer *issuer, const struct fa_token_rules *by, const char *token)
{
    const struct fa_token_rules whole = rules_of(issuer, by);

    issuer->err = (struct fa_error){0};
    return fa_token_verify(&whole, token, strlen(token), &issuer->arena, &issuer->identity,
                           &issuer->err) == 0;
}

static inline bool
verifies(struct issuer *issuer, const char *token)
{
    return verifies_by(issuer, &rules, token);
}

static inline char *
issue(struct issuer *issuer, const struct fa_issue_claims *claims)
{
    struct fa_buf token;
    char *copy;

    fa_buf_init(&token, 16384);
    assert_int_equal(fa_issue_token(issuer->key, claims, &token, &issuer->err), 0);
    copy = fa_arena_strdup(&issuer->arena, token.data);
    fa_buf_free(&token);
    return copy;
}

static const struct fa_issue_claims plain = {
    .issuer = "https://issuer", .audience = "fileapi", .subject = "alice", .ttl_s = 60};

/* DER to r and s side by side, written over the DER. */
static inline size_t
flatten(unsigned char *signature, size_t length)
{
    const unsigned char *der = signature;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)length);

    assert_non_null(pair);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, P256_BYTES);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + P256_BYTES, P256_BYTES);
    ECDSA_SIG_free(pair);
    return 2 * P256_BYTES;
}

/* Signs any header and payload with the issuer's key, as a hostile holder of it could. */
static inline char *
sign_bytes(struct issuer *issuer, const char *header, const void *payload, size_t payload_length)
{
    FILE *file = fopen(issuer->key, "r");
    EVP_PKEY *pkey = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char signature[512];
    size_t length = sizeof signature;
    struct fa_buf token;
    char *copy;

    fclose(file);
    fa_buf_init(&token, 65536);
    fa_base64_encode(&token, (const unsigned char *)header, strlen(header));
    fa_buf_add_text(&token, ".");
    fa_base64_encode(&token, payload, payload_length);
    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey);
    EVP_DigestSign(ctx, signature, &length, (unsigned char *)token.data, token.length);
    if (EVP_PKEY_is_a(pkey, "EC"))
        length = flatten(signature, length);
    fa_buf_add_text(&token, ".");
    fa_base64_encode(&token, signature, length);
    copy = fa_arena_strdup(&issuer->arena, token.data);
    fa_buf_free(&token);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return copy;
}

static inline char *
sign(struct issuer *issuer, const char *header, const char *payload)
{
    return sign_bytes(issuer, header, payload, strlen(payload));
}

#define WITHOUT_SUB(more)                                                                          \
    "{\"iss\":\"https://issuer\",\"aud\":\"fileapi\",\"exp\":1700000100" more "}"
#define PAYLOAD(more) WITHOUT_SUB(",\"sub\":\"alice\"" more)
#define RS256         "{\"alg\":\"RS256\"}"

/* Signs each payload; all must be accepted, or all refused as invalid tokens. */
static inline void
expect_payloads(struct issuer *issuer, const char *const *payloads, size_t count, bool accepted)
{
    for (size_t i = 0; i < count; i++) {
        if (verifies_by(issuer, &then, sign(issuer, RS256, payloads[i])) != accepted)
            fail_msg("%s: %s", accepted ? issuer->err.detail : "accepted", payloads[i]);
        assert_int_equal(issuer->err.code, accepted ? FA_OK : FA_E_AUTH_INVALID);
    }
}

/* Alice of two organizations, as some tokens tell of her. */
static inline void
expect_alice(const struct fa_identity *alice)
{
    assert_string_equal(alice->issuer, "https://issuer");
    assert_string_equal(alice->subject, "alice");
    assert_string_equal(alice->name, "Alice");
    assert_null(alice->email);
    assert_int_equal(alice->organization_count, 2);
    assert_string_equal(alice->organizations[0], "acme");
    assert_string_equal(alice->organizations[1], "zeta");
}

static inline void
expect_headers(struct issuer *issuer, const char *const *headers, size_t count, bool accepted)
{
    for (size_t i = 0; i < count; i++) {
        if (verifies_by(issuer, &then, sign(issuer, headers[i], PAYLOAD(""))) != accepted)
            fail_msg("%s: %s", accepted ? issuer->err.detail : "accepted", headers[i]);
        assert_int_equal(issuer->err.code, accepted ? FA_OK : FA_E_AUTH_INVALID);
    }
}

#define WITH(test, open) cmocka_unit_test_setup_teardown(test, open, close_issuer)

#endif
