/* Idempotency-Key: which values are keys, which key they are, and what fingerprints tell apart. */
#include "lib/replay/replay.h"
#include "tests/unit/unit.h"

#include <stdio.h>

enum { ARENA_BYTES = 1 << 16 };

/* The key that a header's value is; NULL when it is refused, by a word about that header. */
static const char *
read_key(const char *header)
{
    static char kept[512];
    struct fa_arena arena;
    struct fa_error err = {0};
    const char *key = NULL;

    fa_arena_init(&arena, ARENA_BYTES);
    if (fa_replay_read_key(header, &arena, &key, &err) == 0) {
        assert_true(strlen(key) < sizeof kept);
        strcpy(kept, key);
        key = kept;
    } else {
        assert_int_equal(err.code, FA_E_INPUT);
        assert_int_equal(err.field_count, 1);
        assert_string_equal(err.fields[0].name, "Idempotency-Key");
        key = NULL;
    }
    fa_arena_free(&arena);
    return key;
}

/* Visible characters are a key as they are; a structured-field string is its content. */
static void
keys_are_read(void **state)
{
    static const char *const good[][2] = {
        {"a", "a"},
        {"8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"},
        {"!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
        {"a\"b", "a\"b"},
        {"a\\b", "a\\b"},
        {"\"a\"", "a"},
        {"\"a b\"", "a b"},
        {"\" \"", " "},
        {"\"a\\\"b\\\\c\"", "a\"b\\c"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_string_equal(read_key(good[i][0]), good[i][1]);
}

static void
odd_values_are_refused(void **state)
{
    static const char *const bad[] = {
        "",         "\"\"",       "\"",          "\"a",       "\"a\"b",       "\"a\" ",
        "\"a\\\"",  "\"a\\",      "\"a\\b\"",    "a b",       " a",           "a ",
        "a\tb",     "\"a\tb\"",   "a\x7f",       "\"a\x7f\"", "a\x1f",        "\xc3\xa4",
        "\"\xff\"", "\"a\"\"b\"", "\"a\\\xff\"", "\"a\";b=1", "\"a\", \"b\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (read_key(bad[i]) != NULL)
            fail_msg("taken: %s", bad[i]);
}

/* 255 characters are a key, one more are none; of a string, those between its quotes count. */
static void
length_is_limited(void **state)
{
    char plain[FA_REPLAY_KEY + 2];
    char quoted[FA_REPLAY_KEY + 4];
    char escaped[2 * FA_REPLAY_KEY + 3] = "\"";

    (void)state;
    for (int length = FA_REPLAY_KEY; length <= FA_REPLAY_KEY + 1; length++) {
        bool fits = length == FA_REPLAY_KEY;

        memset(plain, 'x', (size_t)length);
        plain[length] = '\0';
        snprintf(quoted, sizeof quoted, "\"%s\"", plain);
        assert_int_equal(read_key(plain) != NULL, fits);
        assert_int_equal(read_key(quoted) != NULL, fits);
        if (fits)
            assert_string_equal(read_key(quoted), plain);
    }
    memset(plain, '"', FA_REPLAY_KEY);
    plain[FA_REPLAY_KEY] = '\0';
    for (size_t i = 0; i < FA_REPLAY_KEY; i++)
        strcat(escaped, "\\\"");
    strcat(escaped, "\"");
    assert_string_equal(read_key(escaped), plain);
}

static void
make(const char *const *texts, size_t count, struct fa_replay *replay)
{
    struct fa_error err;

    assert_int_equal(fa_replay_fingerprint(replay, texts, count, &err), 0);
}

/* Left out is not empty, and a text does not run into the next. */
static void
fingerprints_tell_requests_apart(void **state)
{
    static const char *const requests[][3] = {
        {"a", "b", NULL}, {"a", "b", ""},   {"ab", "", NULL},   {"", "ab", NULL},
        {"a", NULL, "b"}, {NULL, "a", "b"}, {NULL, NULL, NULL}, {"", "", ""},
    };
    struct fa_replay one = {.key = NULL};
    struct fa_replay other = {.key = NULL};

    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        for (size_t j = 0; j < sizeof requests / sizeof *requests; j++) {
            make(requests[i], 3, &one);
            make(requests[j], 3, &other);
            assert_int_equal(memcmp(one.fingerprint, other.fingerprint, FA_REPLAY_FINGERPRINT) == 0,
                             i == j);
        }
}

FA_RUN(cmocka_unit_test(keys_are_read), cmocka_unit_test(odd_values_are_refused),
       cmocka_unit_test(length_is_limited), cmocka_unit_test(fingerprints_tell_requests_apart))
