/* Bearer tokens: what is accepted, and that nothing else is. */
#include "lib/auth/issue.h"
#include "lib/auth/token.h"
#include "lib/base/base64.h"
#include "lib/base/clock.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

static const struct fa_token_rules rules = {
    .issuer = "https://issuer", .audience = "fileapi", .client = "fileapi", .leeway_s = 30};

static int
open_issuer(void **state, const char *type)
{
    struct issuer *issuer = calloc(1, sizeof *issuer);

    strcpy(issuer->folder, "/tmp/fileapi-token-XXXXXX");
    assert_non_null(mkdtemp(issuer->folder));
    snprintf(issuer->key, sizeof issuer->key, "%s/key.pem", issuer->folder);
    snprintf(issuer->jwks, sizeof issuer->jwks, "%s/keys.json", issuer->folder);
    if (strcmp(type, "EC") == 0) {
        EVP_PKEY *pkey = EVP_EC_gen("P-256");
        FILE *file = fopen(issuer->key, "w");

        assert_int_equal(PEM_write_PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL), 1);
        fclose(file);
        EVP_PKEY_free(pkey);
    } else {
        assert_int_equal(fa_issue_key_create(issuer->key, &issuer->err), 0);
    }
    assert_int_equal(fa_issue_jwks_write(issuer->key, issuer->jwks, &issuer->err), 0);
    assert_int_equal(fa_keys_open(issuer->jwks, &issuer->keys, &issuer->err), 0);
    fa_arena_init(&issuer->arena, 1 << 22);
    *state = issuer;
    return 0;
}

static int
open_rsa(void **state)
{
    return open_issuer(state, "RSA");
}

static int
open_ec(void **state)
{
    return open_issuer(state, "EC");
}

static int
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

static bool
verifies(struct issuer *issuer, const char *token)
{
    return fa_token_verify(issuer->keys, &rules, token, strlen(token), &issuer->arena,
                           &issuer->identity, &issuer->err) == 0;
}

static char *
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

/* Signs any header and payload with the issuer's RSA key, as a hostile holder of it could. */
static char *
sign(struct issuer *issuer, const char *header, const char *payload)
{
    FILE *file = fopen(issuer->key, "r");
    EVP_PKEY *pkey = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char signature[512];
    size_t length = sizeof signature;
    struct fa_buf token;
    char *copy;

    fclose(file);
    fa_buf_init(&token, 32768);
    fa_base64_encode(&token, (const unsigned char *)header, strlen(header));
    fa_buf_add_text(&token, ".");
    fa_base64_encode(&token, (const unsigned char *)payload, strlen(payload));
    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey);
    EVP_DigestSign(ctx, signature, &length, (unsigned char *)token.data, token.length);
    fa_buf_add_text(&token, ".");
    fa_base64_encode(&token, signature, length);
    copy = fa_arena_strdup(&issuer->arena, token.data);
    fa_buf_free(&token);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return copy;
}

#define PAYLOAD(more)                                                                              \
    "{\"iss\":\"https://issuer\",\"aud\":\"fileapi\",\"sub\":\"alice\",\"exp\":99999999999" more "}"
#define RS256 "{\"alg\":\"RS256\"}"

/* A token of ours is accepted and says who it is, by RSA and by P-256. */
static void
good_token_is_accepted(void **state)
{
    static const char *const organizations[] = {"zeta", "acme", "zeta"};
    static const char *const roles[] = {"admin"};
    struct issuer *issuer = *state;
    struct fa_issue_claims claims = plain;

    claims.name = "Alice";
    claims.organizations = organizations;
    claims.organization_count = 3;
    claims.roles = roles;
    claims.role_count = 1;
    assert_true(verifies(issuer, issue(issuer, &claims)));
    assert_string_equal(issuer->identity.subject, "alice");
    assert_string_equal(issuer->identity.name, "Alice");
    assert_null(issuer->identity.email);
    assert_int_equal(issuer->identity.organization_count, 2);
    assert_string_equal(issuer->identity.organizations[0], "acme");
    assert_true(issuer->identity.admin && issuer->identity.manager);
    assert_true(issuer->identity.expires_us > fa_clock_now_us());
}

/* Expired, or for somebody else: refused. */
static void
wrong_claims_are_refused(void **state)
{
    static const char *const bad[] = {
        "{\"iss\":\"https://other\",\"aud\":\"fileapi\",\"sub\":\"a\",\"exp\":99999999999}",
        "{\"iss\":\"https://issuer\",\"aud\":\"other\",\"sub\":\"a\",\"exp\":99999999999}",
        "{\"iss\":\"https://issuer\",\"aud\":[\"other\"],\"sub\":\"a\",\"exp\":99999999999}",
        "{\"iss\":\"https://issuer\",\"aud\":\"fileapi\",\"exp\":99999999999}",
        "{\"iss\":\"https://issuer\",\"aud\":\"fileapi\",\"sub\":\"\",\"exp\":99999999999}",
        "{\"iss\":\"https://issuer\",\"aud\":\"fileapi\",\"sub\":7,\"exp\":99999999999}",
        "{\"iss\":\"https://issuer\",\"aud\":\"fileapi\",\"sub\":\"a\"}",
        "{\"iss\":\"https://issuer\",\"aud\":\"fileapi\",\"sub\":\"a\",\"exp\":1}",
        "{\"iss\":\"https://issuer\",\"aud\":\"fileapi\",\"sub\":\"a\",\"exp\":\"99999999999\"}",
        PAYLOAD(",\"nbf\":99999999990"),
        PAYLOAD(",\"iat\":99999999990"),
        PAYLOAD(",\"typ\":\"Refresh\""),
        PAYLOAD(",\"typ\":\"ID\""),
        PAYLOAD(",\"sub\":\"bob\""),
        "[]",
        "x",
    };
    struct issuer *issuer = *state;

    assert_true(verifies(issuer, sign(issuer, RS256, PAYLOAD(",\"typ\":\"Bearer\""))));
    for (size_t i = 0; i < FA_COUNT(bad); i++) {
        if (verifies(issuer, sign(issuer, RS256, bad[i])))
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(issuer->err.code, FA_E_AUTH_INVALID);
    }
}

/* A header can neither choose the algorithm nor bring its own key. */
static void
hostile_headers_are_refused(void **state)
{
    static const char *const bad[] = {
        "{\"alg\":\"none\"}",
        "{\"alg\":\"HS256\"}",
        "{\"alg\":\"ES256\"}",
        "{\"alg\":\"RS512\"}",
        "{\"alg\":\"rs256\"}",
        "{}",
        "{\"alg\":\"RS256\",\"crit\":[\"b64\"]}",
        "{\"alg\":\"RS256\",\"b64\":false}",
        "{\"alg\":\"RS256\",\"jwk\":{}}",
        "{\"alg\":\"RS256\",\"jku\":\"https://x\"}",
        "{\"alg\":\"RS256\",\"x5c\":[]}",
        "{\"alg\":\"RS256\",\"zip\":\"DEF\"}",
        "{\"alg\":\"RS256\",\"kid\":\"other\"}",
        "{\"alg\":\"RS256\",\"kid\":7}",
        "{\"alg\":\"RS256\",\"typ\":\"ID\"}",
        "{\"alg\":\"RS256\",\"alg\":\"none\"}",
    };
    struct issuer *issuer = *state;

    for (size_t i = 0; i < FA_COUNT(bad); i++)
        if (verifies(issuer, sign(issuer, bad[i], PAYLOAD(""))))
            fail_msg("accepted: %s", bad[i]);
}

/* The classic: HMAC with the public key as the secret, and no signature at all. */
static void
forged_tokens_are_refused(void **state)
{
    struct issuer *issuer = *state;
    unsigned char mac[32], jwks[8192];
    unsigned mac_length = sizeof mac;
    struct fa_buf token;
    FILE *file = fopen(issuer->jwks, "r");
    size_t length = fread(jwks, 1, sizeof jwks, file);
    char *good = issue(issuer, &plain);
    char *dot;

    fclose(file);
    fa_buf_init(&token, 8192);
    fa_base64_encode(&token, (const unsigned char *)"{\"alg\":\"HS256\"}", 15);
    fa_buf_add_text(&token, ".");
    fa_base64_encode(&token, (const unsigned char *)PAYLOAD(""), strlen(PAYLOAD("")));
    HMAC(EVP_sha256(), jwks, (int)length, (unsigned char *)token.data, token.length, mac,
         &mac_length);
    fa_buf_add_text(&token, ".");
    fa_base64_encode(&token, mac, mac_length);
    assert_false(verifies(issuer, token.data));
    fa_buf_free(&token);
    assert_true(verifies(issuer, good));
    dot = strrchr(good, '.');
    dot[1] = dot[1] == 'A' ? 'B' : 'A';
    assert_false(verifies(issuer, good));
    dot[1] = '\0';
    assert_false(verifies(issuer, good));
    dot[0] = '\0';
    assert_false(verifies(issuer, good));
    assert_false(verifies(issuer, ""));
    assert_false(verifies(issuer, "a.b.c.d"));
}

/* ES256 signatures have 64 bytes, and zero is no signature. */
static void
odd_ec_signatures_are_refused(void **state)
{
    struct issuer *issuer = *state;
    char *token = issue(issuer, &plain);
    char *dot = strrchr(token, '.');
    char zero[1000];

    assert_true(verifies(issuer, token));
    snprintf(zero, sizeof zero, "%.*s.%086d", (int)(dot - token), token, 0);
    for (char *c = zero + (dot - token) + 1; *c != '\0'; c++)
        *c = 'A';
    assert_false(verifies(issuer, zero));
    dot[strlen(dot) - 4] = '\0';
    assert_false(verifies(issuer, token));
}

/* A changed key file is read again; a broken one leaves the old keys in force. */
static void
keys_follow_their_file(void **state)
{
    struct issuer *issuer = *state;
    char *token = issue(issuer, &plain);
    FILE *file = fopen(issuer->jwks, "w");

    fputs("{\"keys\":", file);
    fclose(file);
    assert_int_equal(fa_keys_refresh(issuer->keys, &issuer->err), -1);
    assert_true(verifies(issuer, token));
    assert_int_equal(fa_keys_refresh(issuer->keys, &issuer->err), 0);
    unlink(issuer->key);
    assert_int_equal(fa_issue_key_create(issuer->key, &issuer->err), 0);
    assert_int_equal(fa_issue_jwks_write(issuer->key, issuer->jwks, &issuer->err), 0);
    assert_int_equal(fa_keys_refresh(issuer->keys, &issuer->err), 0);
    assert_false(verifies(issuer, token));
    assert_true(verifies(issuer, issue(issuer, &plain)));
}

#define WITH(test, open) cmocka_unit_test_setup_teardown(test, open, close_issuer)

FA_RUN(WITH(good_token_is_accepted, open_rsa), WITH(good_token_is_accepted, open_ec),
       WITH(wrong_claims_are_refused, open_rsa), WITH(hostile_headers_are_refused, open_rsa),
       WITH(forged_tokens_are_refused, open_rsa), WITH(odd_ec_signatures_are_refused, open_ec),
       WITH(keys_follow_their_file, open_rsa))
