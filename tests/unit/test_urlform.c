/* Query strings and small bodies: found by name, decoded strictly. */
#include "lib/base/urlform.h"
#include "tests/unit/unit.h"

#include <stdio.h>

/* What is found in `text`; "(none)", "(refused)" or the value. */
static const char *
find(const char *text, const char *name, struct fa_arena *arena)
{
    struct fa_error err = {0};
    const char *value;

    if (fa_urlform_find(text, strlen(text), name, arena, &value, &err) < 0) {
        assert_int_equal(err.code, FA_E_INPUT);
        assert_string_equal(err.fields[0].name, name);
        return "(refused)";
    }
    return value != NULL ? value : "(none)";
}

/* The first pair of the name counts, with every spelling a browser has for it. */
static void
values_are_found(void **state)
{
    static const struct {
        const char *text;
        const char *value;
    } cases[] = {
        {"", "(none)"},
        {"&", "(none)"},
        {"a=1", "(none)"},
        {"basename", ""},
        {"basename=", ""},
        {"basename&a=1", ""},
        {"b%61sename&a=1", ""},
        {"basename==x=", "=x="},
        {"basename=1&basename=2", "1"},
        {"xbasename=1&basenamex=2&Basename=3&basename=4", "4"},
        {"&&a=1&&basename=x&&", "x"},
        {"=x&basename=y", "y"},
        {"b%61se%6eam%65=%41%2f%2F+%2B%26%3D%25", "A// +&=%"},
        {"basename=%C3%A4.stl", "\xc3\xa4.stl"},
        {"basename=\xc3\xa4.stl", "\xc3\xa4.stl"},
        {"basename=a;b=c", "a;b=c"},
    };
    struct fa_arena arena;

    (void)state;
    fa_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < FA_COUNT(cases); i++) {
        const char *value = find(cases[i].text, "basename", &arena);

        if (strcmp(value, cases[i].value) != 0)
            fail_msg("%s: %s", cases[i].text, value);
    }
    fa_arena_free(&arena);
}

/* A text that no browser writes is refused, wherever in it the fault is. */
static void
malformed_texts_are_refused(void **state)
{
    static const char *const bad[] = {
        "basename=%",
        "basename=%4",
        "basename=%4g",
        "basename=%g4",
        "basename=% 4",
        "basename=%+4",
        "basename=%00",
        "basename=a%00b",
        "basename=%ff",
        "basename=%c3",
        "basename=%c3&a=%a4",
        "basename=%ed%a0%80",
        "basename=\x80",
        "a=%zz&basename=1",
        "basename=1&a=%zz",
        "basename=1&%zz=a",
        "basename=1&a=%00",
        "basename=%c0%af",
        "a%=1",
        "%u0041=1",
    };
    struct fa_arena arena;

    (void)state;
    fa_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < FA_COUNT(bad); i++)
        if (strcmp(find(bad[i], "basename", &arena), "(refused)") != 0)
            fail_msg("taken: %s", bad[i]);
    fa_arena_free(&arena);
}

/* 64 pairs are read, one more is refused; empty ones are none. */
static void
pairs_are_limited(void **state)
{
    struct fa_arena arena;
    char text[1000] = "";

    (void)state;
    fa_arena_init(&arena, 1 << 20);
    for (int i = 0; i < FA_URLFORM_PAIRS - 1; i++)
        strcat(text, "a=1&&");
    strcat(text, "basename=x&");
    assert_string_equal(find(text, "basename", &arena), "x");
    strcat(text, "b");
    assert_string_equal(find(text, "basename", &arena), "(refused)");
    fa_arena_free(&arena);
}

/* Only `length` bytes are read, and the arena's limit is no fault of the client. */
static void
lengths_and_limits_hold(void **state)
{
    struct fa_error err = {0};
    struct fa_arena arena;
    const char *value;

    (void)state;
    fa_arena_init(&arena, 1 << 16);
    assert_int_equal(fa_urlform_find("a=123%", 4, "a", &arena, &value, &err), 0);
    assert_string_equal(value, "12");
    fa_arena_free(&arena);
    fa_arena_init(&arena, 16);
    assert_int_equal(fa_urlform_find("a=1", 3, "a", &arena, &value, &err), -1);
    assert_int_equal(err.code, FA_E_MEMORY);
    fa_arena_free(&arena);
}

FA_RUN(cmocka_unit_test(values_are_found), cmocka_unit_test(malformed_texts_are_refused),
       cmocka_unit_test(pairs_are_limited), cmocka_unit_test(lengths_and_limits_hold))
