/* Keys that end, files that name their issuer, and tokens whose key is yet to come. */
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "tests/unit/issuer.h"

/* The issuer's own JWKS as text. */
static char *
read_jwks(struct issuer *issuer)
{
    char *text = fa_arena_alloc(&issuer->arena, 8192);
    FILE *file = fopen(issuer->jwks, "r");
    size_t length;

    assert_non_null(file);
    length = fread(text, 1, 8191, file);
    fclose(file);
    text[length] = '\0';
    return text;
}

static void
write_jwks(struct issuer *issuer, const char *text)
{
    FILE *file;

    unlink(issuer->jwks);
    file = fopen(issuer->jwks, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* Writes what fileapi-keys would write of the JWKS, and reads it. */
static void
pack(struct issuer *issuer, const char *name, int64_t valid_until_s)
{
    char *jwks = read_jwks(issuer);
    struct fa_buf text;

    fa_buf_init(&text, 16384);
    assert_int_equal(fa_keys_pack(jwks, strlen(jwks), name, valid_until_s, &text, &issuer->err), 0);
    write_jwks(issuer, text.data);
    fa_buf_free(&text);
    assert_int_equal(fa_keys_refresh(issuer->keys, &issuer->err), 0);
}

static int
usable_at(struct issuer *issuer, int64_t now_us)
{
    issuer->err = (struct fa_error){0};
    return fa_keys_usable(issuer->keys, "https://issuer", now_us, &issuer->err) == 0
               ? FA_OK
               : (int)issuer->err.code;
}

/* To the microsecond; then neither a good token nor a bad one is told anything but that. */
static void
keys_end_with_their_time(void **state)
{
    struct issuer *issuer = *state;
    char *token = sign(issuer, RS256, PAYLOAD(""));

    assert_int_equal(usable_at(issuer, INT64_MAX), FA_OK);
    pack(issuer, "https://issuer", NOW_S);
    assert_int_equal(usable_at(issuer, NOW_S * FA_SECOND_US - 1), FA_OK);
    assert_int_equal(usable_at(issuer, NOW_S * FA_SECOND_US), FA_E_KEYS);
    assert_false(verifies_by(issuer, &then, token));
    assert_int_equal(issuer->err.code, FA_E_KEYS);
    token[strlen(token) - 2] = token[strlen(token) - 2] == 'A' ? 'B' : 'A';
    assert_false(verifies_by(issuer, &then, token));
    assert_int_equal(issuer->err.code, FA_E_KEYS);
    pack(issuer, "https://issuer", NOW_S + 1);
    assert_false(verifies_by(issuer, &then, token));
    assert_int_equal(issuer->err.code, FA_E_AUTH_INVALID);
    assert_true(verifies_by(issuer, &then, sign(issuer, RS256, PAYLOAD(""))));
}

/* A file that names another issuer serves no token, whatever its keys are. */
static void
keys_belong_to_their_issuer(void **state)
{
    struct issuer *issuer = *state;

    pack(issuer, "https://issuer/", NOW_S + 100);
    assert_int_equal(usable_at(issuer, NOW_S * FA_SECOND_US), FA_E_KEYS);
    assert_false(verifies_by(issuer, &then, sign(issuer, RS256, PAYLOAD(""))));
    assert_int_equal(issuer->err.code, FA_E_KEYS);
    pack(issuer, "https://issuer", NOW_S + 100);
    assert_true(verifies_by(issuer, &then, sign(issuer, RS256, PAYLOAD(""))));
}

/* A frame that is no frame leaves the old keys in force. */
static void
odd_frames_are_refused(void **state)
{
    static const char *const bad[] = {
        "\"valid_until\":0",
        "\"valid_until\":-1",
        "\"valid_until\":null",
        "\"valid_until\":\"7\"",
        "\"valid_until\":1700000000000",
        "\"valid_until\":1e300",
        "\"issuer\":7",
        "\"issuer\":null",
        "\"issuer\":[\"https://issuer\"]",
    };
    struct issuer *issuer = *state;
    char *jwks = read_jwks(issuer);

    for (size_t i = 0; i < FA_COUNT(bad); i++) {
        write_jwks(issuer, fa_arena_printf(&issuer->arena, "{%s,%s", bad[i], jwks + 1));
        if (fa_keys_refresh(issuer->keys, &issuer->err) == 0)
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(issuer->err.code, FA_E_INTERNAL);
        assert_true(verifies_by(issuer, &then, sign(issuer, RS256, PAYLOAD(""))));
    }
}

/* What an issuer cannot have meant as its keys is not written. */
static void
odd_answers_are_not_packed(void **state)
{
    static const char *const bad[] = {"", "<html>", "{}", "{\"keys\":[]}", "{\"keys\":[{}]}"};
    struct issuer *issuer = *state;
    struct fa_buf text;

    fa_buf_init(&text, 16384);
    for (size_t i = 0; i < FA_COUNT(bad); i++) {
        assert_int_equal(
            fa_keys_pack(bad[i], strlen(bad[i]), "https://issuer", NOW_S, &text, &issuer->err), -1);
        assert_int_equal(issuer->err.code, FA_E_REQUEST);
        assert_int_equal(text.length, 0);
    }
    fa_buf_free(&text);
}

static bool
lacks_key(struct issuer *issuer, const char *token)
{
    const struct fa_token_rules by = rules_of(issuer, &then);

    assert_false(verifies_by(issuer, &then, token));
    return fa_token_lacks_key(&by, token, strlen(token), &issuer->arena);
}

static const char unknown[] = "{\"alg\":\"RS256\",\"kid\":\"new\"}";

/* The issuer is asked for the key of a token that is right in all else. */
static void
unknown_keys_are_worth_a_question(void **state)
{
    struct issuer *issuer = *state;

    assert_true(lacks_key(issuer, sign(issuer, unknown, PAYLOAD(""))));
    assert_true(
        lacks_key(issuer, sign(issuer, "{\"alg\":\"EdDSA\",\"kid\":\"new\"}", PAYLOAD(""))));
    /* Of another algorithm than our one key, and without a name. */
    assert_true(lacks_key(issuer, sign(issuer, "{\"alg\":\"ES256\"}", PAYLOAD(""))));
}

/* Nothing else is: what any answer would leave refused costs the issuer nothing. */
static void
hopeless_tokens_are_not(void **state)
{
    static const char *const headers[] = {
        "{\"alg\":\"HS256\",\"kid\":\"new\"}",
        "{\"alg\":\"none\",\"kid\":\"new\"}",
        "{\"alg\":\"RS256\",\"kid\":7}",
        "{\"alg\":\"RS256\",\"kid\":\"new\",\"crit\":[]}",
        "{\"alg\":\"RS256\",\"kid\":\"new\",\"jku\":\"https://x\"}",
        "{\"kid\":\"new\"}",
        "",
    };
    static const char *const payloads[] = {
        "{\"iss\":\"https://other\",\"aud\":\"fileapi\",\"sub\":\"a\",\"exp\":1700000100}",
        "{\"iss\":\"https://issuer\",\"aud\":\"other\",\"sub\":\"a\",\"exp\":1700000100}",
        "{\"iss\":\"https://issuer\",\"aud\":\"fileapi\",\"sub\":\"a\",\"exp\":1600000000}",
        "{\"iss\":\"https://issuer\",\"aud\":\"fileapi\",\"sub\":\"a\"}",
        WITHOUT_SUB(""),
        PAYLOAD(",\"typ\":\"ID\""),
        "{",
        "",
    };
    struct issuer *issuer = *state;
    const struct fa_token_rules by = rules_of(issuer, &rules);
    char *ours = issue(issuer, &plain);
    size_t last = strlen(ours) - 2;

    for (size_t i = 0; i < FA_COUNT(headers); i++)
        if (lacks_key(issuer, sign(issuer, headers[i], PAYLOAD(""))))
            fail_msg("%s", headers[i]);
    for (size_t i = 0; i < FA_COUNT(payloads); i++)
        if (lacks_key(issuer, sign(issuer, unknown, payloads[i])))
            fail_msg("%s", payloads[i]);
    /* By a key that we have, and wrong. */
    ours[last] = ours[last] == 'A' ? 'B' : 'A';
    assert_false(verifies(issuer, ours));
    assert_false(fa_token_lacks_key(&by, ours, strlen(ours), &issuer->arena));
    assert_false(lacks_key(issuer, "a.b.c"));
}

FA_RUN(WITH(keys_end_with_their_time, open_rsa), WITH(keys_belong_to_their_issuer, open_rsa),
       WITH(odd_frames_are_refused, open_rsa), WITH(odd_answers_are_not_packed, open_rsa),
       WITH(unknown_keys_are_worth_a_question, open_rsa), WITH(hopeless_tokens_are_not, open_rsa))
