/* Tokens verified lately: remembered, and never beyond what the token and the keys allow. */
#include "lib/auth/verified.h"
#include "tests/unit/issuer.h"

/* What a test's memory goes by; its time moves on. */
static struct fa_token_rules by;

static struct fa_verified *
new_memory(const struct issuer *issuer)
{
    by = rules_of(issuer, &then);
    return fa_verified_new(&by);
}

static bool
knows(struct fa_verified *verified, struct issuer *issuer, int64_t seconds_later, const char *token)
{
    by.now_us = then.now_us + seconds_later * 1000000;
    issuer->err = (struct fa_error){0};
    return fa_verified_token(verified, token, strlen(token), &issuer->arena, &issuer->identity,
                             &issuer->err) == 0;
}

/* The second time the identity comes from the memory, and is the same in every text. */
static void
token_is_remembered(void **state)
{
    static const char payload[] =
        PAYLOAD(",\"name\":\"Alice\",\"organization\":[\"zeta\",\"acme\"],"
                "\"realm_access\":{\"roles\":[\"manager\"]}");
    struct issuer *issuer = *state;
    struct fa_verified *verified = new_memory(issuer);
    char *token = sign(issuer, RS256, payload);
    const char *remembered = NULL;

    for (int i = 0; i < 3; i++) {
        assert_true(knows(verified, issuer, i, token));
        expect_alice(&issuer->identity);
        assert_true(issuer->identity.manager && !issuer->identity.admin);
        /* What the arena of the first call held is gone by the next. */
        if (i == 1)
            remembered = issuer->identity.subject;
        fa_arena_reset(&issuer->arena);
        token = sign(issuer, RS256, payload);
    }
    assert_ptr_equal(issuer->identity.subject, remembered);
    fa_verified_free(&verified);
}

/* A remembered token expires when it says so, with the leeway and no second later. */
static void
token_expires(void **state)
{
    struct issuer *issuer = *state;
    struct fa_verified *verified = new_memory(issuer);
    char *token = sign(issuer, RS256, PAYLOAD(""));

    assert_true(knows(verified, issuer, 0, token));
    assert_true(knows(verified, issuer, 129, token));
    assert_false(knows(verified, issuer, 130, token));
    assert_int_equal(issuer->err.code, FA_E_AUTH_INVALID);
    fa_verified_free(&verified);
}

/* What was refused stays refused, and what differs in one byte is another token. */
static void
other_tokens_are_refused(void **state)
{
    struct issuer *issuer = *state;
    struct fa_verified *verified = new_memory(issuer);
    char *token = sign(issuer, RS256, PAYLOAD(""));
    size_t length = strlen(token);

    assert_true(knows(verified, issuer, 0, token));
    for (size_t i = 0; i < length - 1; i++) {
        char saved = token[i];

        token[i] = saved == 'A' ? 'B' : 'A';
        assert_false(knows(verified, issuer, 0, token));
        assert_false(knows(verified, issuer, 0, token));
        token[i] = saved;
    }
    token[length - 1] = '\0';
    assert_false(knows(verified, issuer, 0, token));
    fa_verified_free(&verified);
}

/* Many tokens push each other out and are told apart all the same. */
static void
many_tokens_are_told_apart(void **state)
{
    enum { TOKENS = 600 };
    struct issuer *issuer = *state;
    struct fa_verified *verified = new_memory(issuer);
    char *tokens[TOKENS];

    for (int i = 0; i < TOKENS; i++) {
        char payload[160];

        snprintf(payload, sizeof payload, WITHOUT_SUB(",\"sub\":\"user-%d\""), i);
        tokens[i] = sign(issuer, RS256, payload);
    }
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < TOKENS; i++) {
            assert_true(knows(verified, issuer, 0, tokens[i]));
            assert_int_equal(atoi(issuer->identity.subject + 5), i);
        }
    fa_verified_free(&verified);
}

/* When the issuer's keys change, a token of the old ones is refused at once. */
static void
new_keys_forget(void **state)
{
    struct issuer *issuer = *state;
    struct fa_verified *verified = new_memory(issuer);
    char *token = sign(issuer, RS256, PAYLOAD(""));

    assert_true(knows(verified, issuer, 0, token));
    unlink(issuer->key);
    assert_int_equal(fa_issue_key_create(issuer->key, &issuer->err), 0);
    assert_int_equal(fa_issue_jwks_write(issuer->key, issuer->jwks, &issuer->err), 0);
    assert_int_equal(fa_keys_refresh(issuer->keys, &issuer->err), 0);
    assert_false(knows(verified, issuer, 0, token));
    assert_true(knows(verified, issuer, 0, sign(issuer, RS256, PAYLOAD(""))));
    fa_verified_free(&verified);
}

/* When the keys have come to their end, what they verified counts no more. */
static void
stale_keys_verify_nothing(void **state)
{
    struct issuer *issuer = *state;
    struct fa_verified *verified = new_memory(issuer);
    FILE *file = fopen(issuer->jwks, "r");
    struct fa_buf packed;
    char jwks[4096];
    char *token;

    assert_non_null(file);
    fa_buf_init(&packed, 16384);
    assert_int_equal(fa_keys_pack(jwks, fread(jwks, 1, sizeof jwks, file), "https://issuer",
                                  NOW_S + 50, &packed, &issuer->err),
                     0);
    fclose(file);
    file = fopen(issuer->jwks, "w");
    assert_non_null(file);
    fwrite(packed.data, 1, packed.length, file);
    fclose(file);
    fa_buf_free(&packed);
    assert_int_equal(fa_keys_refresh(issuer->keys, &issuer->err), 0);
    token = sign(issuer, RS256, PAYLOAD(""));
    assert_true(knows(verified, issuer, 0, token));
    assert_true(knows(verified, issuer, 49, token));
    assert_false(knows(verified, issuer, 50, token));
    assert_int_equal(issuer->err.code, FA_E_KEYS);
    fa_verified_free(&verified);
}

FA_RUN(WITH(token_is_remembered, open_rsa), WITH(token_expires, open_rsa),
       WITH(other_tokens_are_refused, open_rsa), WITH(many_tokens_are_told_apart, open_rsa),
       WITH(new_keys_forget, open_rsa), WITH(stale_keys_verify_nothing, open_rsa))
