/* Bearer tokens: which signatures and headers are accepted, and that nothing else is. */
#include "lib/base/clock.h"
#include "tests/unit/issuer.h"

#include <openssl/hmac.h>
#include <sys/stat.h>

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
    expect_alice(&issuer->identity);
    assert_true(issuer->identity.admin && issuer->identity.manager);
    assert_true(issuer->identity.expires_us > fa_clock_now_us());
    claims.ttl_s = -31;
    assert_false(verifies(issuer, issue(issuer, &claims)));
}

/* A header can neither choose the algorithm nor bring its own key. */
static void
headers_have_edges(void **state)
{
    static const char *const good[] = {
        RS256,
        "{\"alg\":\"RS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"RS256\",\"typ\":\"jwt\"}",
        "{\"alg\":\"RS256\",\"typ\":\"AT+JWT\"}",
        "{\"alg\":\"RS256\",\"typ\":\"application/at+jwt\"}",
        "{\"alg\":\"RS256\",\"x5t\":\"any\"}",
    };
    static const char *const bad[] = {
        "{\"alg\":\"none\"}",
        "{\"alg\":\"None\"}",
        "{\"alg\":\"\"}",
        "{\"alg\":null}",
        "{\"alg\":[\"RS256\"]}",
        "{\"alg\":\"HS256\"}",
        "{\"alg\":\"ES256\"}",
        "{\"alg\":\"RS512\"}",
        "{\"alg\":\"PS256\"}",
        "{\"alg\":\"rs256\"}",
        "{\"alg\":\"RS256\\u0000\"}",
        "{}",
        "[]",
        "",
        "{\"alg\":\"RS256\",\"crit\":[\"b64\"]}",
        "{\"alg\":\"RS256\",\"crit\":null}",
        "{\"alg\":\"RS256\",\"b64\":false}",
        "{\"alg\":\"RS256\",\"zip\":\"DEF\"}",
        "{\"alg\":\"RS256\",\"jwk\":{}}",
        "{\"alg\":\"RS256\",\"jku\":\"https://x\"}",
        "{\"alg\":\"RS256\",\"x5u\":\"https://x\"}",
        "{\"alg\":\"RS256\",\"x5c\":[]}",
        "{\"alg\":\"RS256\",\"kid\":\"other\"}",
        "{\"alg\":\"RS256\",\"kid\":\"\"}",
        "{\"alg\":\"RS256\",\"kid\":7}",
        "{\"alg\":\"RS256\",\"kid\":null}",
        "{\"alg\":\"RS256\",\"typ\":\"ID\"}",
        "{\"alg\":\"RS256\",\"typ\":null}",
        "{\"alg\":\"RS256\",\"alg\":\"none\"}",
        "{\"alg\":\"none\",\"\\u0061lg\":\"RS256\"}",
    };

    expect_headers(*state, good, FA_COUNT(good), true);
    expect_headers(*state, bad, FA_COUNT(bad), false);
}

/* The classic: HMAC with the public key as the secret, in each form an attacker has it. */
static void
hmac_by_the_public_key_is_refused(void **state)
{
    struct issuer *issuer = *state;
    FILE *file = fopen(issuer->key, "r");
    EVP_PKEY *pkey = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    BIO *pem = BIO_new(BIO_s_mem());
    unsigned char secret[2][8192], mac[32];
    size_t lengths[2];
    unsigned mac_length = sizeof mac;

    fclose(file);
    file = fopen(issuer->jwks, "r");
    lengths[0] = fread(secret[0], 1, sizeof secret[0], file);
    fclose(file);
    assert_int_equal(PEM_write_bio_PUBKEY(pem, pkey), 1);
    lengths[1] = (size_t)BIO_read(pem, secret[1], sizeof secret[1]);
    BIO_free(pem);
    EVP_PKEY_free(pkey);
    for (int i = 0; i < 2; i++) {
        struct fa_buf token;

        fa_buf_init(&token, 8192);
        fa_base64_encode(&token, (const unsigned char *)"{\"alg\":\"HS256\"}", 15);
        fa_buf_add_text(&token, ".");
        fa_base64_encode(&token, (const unsigned char *)PAYLOAD(""), strlen(PAYLOAD("")));
        HMAC(EVP_sha256(), secret[i], (int)lengths[i], (unsigned char *)token.data, token.length,
             mac, &mac_length);
        fa_buf_add_text(&token, ".");
        fa_base64_encode(&token, mac, mac_length);
        assert_false(verifies_by(issuer, &then, token.data));
        fa_buf_free(&token);
    }
}

/* No change of any character of a token, and no missing part, goes unseen. */
static void
changed_tokens_are_refused(void **state)
{
    static const char *const no_tokens[] = {"", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d"};
    struct issuer *issuer = *state;
    const struct fa_token_rules by = rules_of(issuer, &rules);
    char *good = issue(issuer, &plain);
    size_t length = strlen(good);

    assert_true(verifies(issuer, good));
    for (size_t i = 0; i < length; i++) {
        char saved = good[i];

        good[i] = saved == 'A' ? 'B' : 'A';
        if (verifies(issuer, good))
            fail_msg("accepted with byte %zu changed", i);
        good[i] = saved;
        assert_int_equal(issuer->err.code, FA_E_AUTH_INVALID);
    }
    for (size_t i = 0; i < length; i++)
        assert_int_equal(
            fa_token_verify(&by, good, i, &issuer->arena, &issuer->identity, &issuer->err), -1);
    assert_false(verifies(issuer, fa_arena_printf(&issuer->arena, "%s=", good)));
    assert_false(verifies(issuer, fa_arena_printf(&issuer->arena, "%s.", good)));
    assert_false(verifies(issuer, fa_arena_printf(&issuer->arena, "%s\n", good)));
    assert_false(verifies(issuer, fa_arena_printf(&issuer->arena, " %s", good)));
    for (size_t i = 0; i < FA_COUNT(no_tokens); i++)
        assert_false(verifies(issuer, no_tokens[i]));
}

/* 16 KiB are read, a byte more is not. */
static void
long_tokens_are_refused(void **state)
{
    struct issuer *issuer = *state;
    char *filler = fa_arena_alloc(&issuer->arena, 16000);
    char *token;

    /* In wide steps, but byte by byte around the limit. */
    for (size_t fill = 11500; fill < 12200; fill++) {
        memset(filler, 'x', fill);
        filler[fill] = '\0';
        token =
            sign(issuer, RS256, fa_arena_printf(&issuer->arena, PAYLOAD(",\"x\":\"%s\""), filler));
        assert_int_equal(verifies_by(issuer, &then, token), strlen(token) <= 16384);
        fill += strlen(token) < 16370 || strlen(token) > 16400 ? 50 : 0;
    }
}

/* ES256 signatures are r and s of 32 bytes each; DER, zeroes and other lengths are none. */
static void
odd_ec_signatures_are_refused(void **state)
{
    struct issuer *issuer = *state;
    char *good = issue(issuer, &plain);
    char *dot = strrchr(good, '.');
    size_t head = (size_t)(dot + 1 - good);
    unsigned char *signature;
    size_t length;

    assert_true(verifies(issuer, good));
    for (int zeroed = 1; zeroed <= 3; zeroed++) {
        struct fa_buf token;

        signature = fa_base64_decode(&issuer->arena, dot + 1, strlen(dot + 1), &length);
        assert_int_equal(length, 2 * P256_BYTES);
        if ((zeroed & 1) != 0)
            memset(signature, 0, P256_BYTES);
        if ((zeroed & 2) != 0)
            memset(signature + P256_BYTES, 0, P256_BYTES);
        fa_buf_init(&token, 16384);
        fa_buf_add(&token, good, head);
        fa_base64_encode(&token, signature, length);
        assert_false(verifies(issuer, token.data));
        fa_buf_free(&token);
    }
    for (size_t size = 0; size < 2 * P256_BYTES; size++) {
        struct fa_buf token;

        signature = fa_base64_decode(&issuer->arena, dot + 1, strlen(dot + 1), &length);
        fa_buf_init(&token, 16384);
        fa_buf_add(&token, good, head);
        fa_base64_encode(&token, signature, size);
        assert_false(verifies(issuer, token.data));
        fa_buf_free(&token);
    }
    assert_false(verifies(issuer, fa_arena_printf(&issuer->arena, "%sAAAA", good)));
}

/* An algorithm belongs to the key's type, whatever the header says. */
static void
algorithms_are_the_keys(void **state)
{
    struct issuer *issuer = *state;

    assert_true(verifies_by(issuer, &then, sign(issuer, "{\"alg\":\"ES256\"}", PAYLOAD(""))));
    assert_false(verifies_by(issuer, &then, sign(issuer, "{\"alg\":\"RS256\"}", PAYLOAD(""))));
    assert_false(verifies_by(issuer, &then, sign(issuer, "{\"alg\":\"ES384\"}", PAYLOAD(""))));
}

/* What goes to the log holds no part of the token: neither of its spelling nor of its contents. */
static void
details_hold_no_token(void **state)
{
    static const char *const payloads[] = {
        "CANARY",
        "{\"CANARY\":CANARY}",
        "{\"iss\":\"CANARY\",\"exp\":1700000100}",
        "{\"exp\":\"CANARY\"}",
        WITHOUT_SUB(",\"sub\":\"CANARY\\n\""),
    };
    struct issuer *issuer = *state;

    for (size_t i = 0; i < FA_COUNT(payloads); i++) {
        assert_false(verifies_by(issuer, &then, sign(issuer, RS256, payloads[i])));
        assert_null(strstr(issuer->err.detail, "CANARY"));
        assert_false(verifies_by(issuer, &then, sign(issuer, payloads[i], PAYLOAD(""))));
        assert_null(strstr(issuer->err.detail, "CANARY"));
    }
    assert_false(verifies(issuer, "CANARY.CANARY.CANARY"));
    assert_null(strstr(issuer->err.detail, "CANARY"));
}

/* The key file is private and is never replaced. */
static void
issuer_keeps_its_key(void **state)
{
    struct issuer *issuer = *state;
    struct stat before;
    struct stat after;

    assert_int_equal(stat(issuer->key, &before), 0);
    assert_int_equal(before.st_mode & 07777, 0600);
    assert_int_equal(fa_issue_key_create(issuer->key, &issuer->err), 0);
    assert_int_equal(stat(issuer->key, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    assert_int_equal(fa_issue_key_create("/nowhere/key.pem", &issuer->err), -1);
    assert_int_equal(issuer->err.code, FA_E_INTERNAL);
}

/* Nothing is signed with a key that no verifier would take, nor for a time beyond reason. */
static void
issuer_refuses_odd_orders(void **state)
{
    struct issuer *issuer = *state;
    struct fa_issue_claims claims = plain;
    struct fa_buf token;
    char subject[20000];

    fa_buf_init(&token, 16384);
    fa_buf_add_text(&token, "before");
    claims.ttl_s = INT64_MAX;
    assert_int_equal(fa_issue_token(issuer->key, &claims, &token, &issuer->err), -1);
    memset(subject, 'x', sizeof subject - 1);
    subject[sizeof subject - 1] = '\0';
    claims = plain;
    claims.subject = subject;
    assert_int_equal(fa_issue_token(issuer->key, &claims, &token, &issuer->err), -1);
    assert_string_equal(token.data, "before");
    fa_buf_free(&token);
    unlink(issuer->key);
    write_ec_key(issuer->key, "P-384");
    fa_buf_init(&token, 16384);
    assert_int_equal(fa_issue_token(issuer->key, &plain, &token, &issuer->err), -1);
    assert_int_equal(fa_issue_jwks_write(issuer->key, issuer->jwks, &issuer->err), -1);
    fa_buf_free(&token);
}

FA_RUN(WITH(good_token_is_accepted, open_rsa), WITH(good_token_is_accepted, open_ec),
       WITH(headers_have_edges, open_rsa), WITH(hmac_by_the_public_key_is_refused, open_rsa),
       WITH(changed_tokens_are_refused, open_rsa), WITH(changed_tokens_are_refused, open_ec),
       WITH(long_tokens_are_refused, open_rsa), WITH(odd_ec_signatures_are_refused, open_ec),
       WITH(algorithms_are_the_keys, open_ec), WITH(details_hold_no_token, open_rsa),
       WITH(issuer_keeps_its_key, open_rsa), WITH(issuer_refuses_odd_orders, open_rsa))
