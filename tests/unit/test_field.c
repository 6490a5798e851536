/* Fields of a request: every type's good and bad values, from a form and from JSON. */
#include "fcgi/textform.h"
#include "tests/unit/unit.h"

#include <stdio.h>

static const char *const colours[] = {"red", "green", NULL};

static const struct fa_field fields[] = {
    {.name = "colour", .type = FA_FIELD_CHOICE, .choices = colours},
    {.name = "loud", .type = FA_FIELD_BOOL},
    {.name = "name", .type = FA_FIELD_TEXT, .flags = FA_FIELD_NULLABLE, .min = 1, .max = 4},
    {.name = "note", .type = FA_FIELD_TEXT, .flags = FA_FIELD_LINES, .max = 20},
    {.name = "count", .type = FA_FIELD_NUMBER, .min = 1, .max = 1000},
    {.name = "day", .type = FA_FIELD_DATE, .flags = FA_FIELD_NULLABLE},
    {.name = "file", .type = FA_FIELD_FILE},
    {.name = NULL},
};

/* One value: what is wrong with it, "" when nothing is. */
struct value_case {
    const char *field;
    const char *text;
    const char *wrong;
};

static void
values_are_judged_by_their_type(void **state)
{
    static const struct value_case cases[] = {
        {"colour", "red", ""},
        {"colour", "Red", "is none of the known values"},
        {"colour", "", "is none of the known values"},
        {"loud", "TRUE", ""},
        {"loud", "False", ""},
        {"loud", "", ""},
        {"loud", "1", "must be true or false, in any case"},
        {"name", "a", ""},
        {"name", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\xa9z", ""},
        {"name", "", "is empty"},
        {"name", "abcde", "is too long"},
        {"name", "a\nb", "holds control characters"},
        {"name", "\xc2\x85", "holds control characters"},
        {"name", "a\x7f", "holds control characters"},
        {"name", "\xff", "is not UTF-8"},
        {"name", "\xed\xa0\x80", "is not UTF-8"},
        {"note", "a\r\n\tb", ""},
        {"note", "", ""},
        {"note", "\x1b[0m", "holds control characters"},
        {"count", "1", ""},
        {"count", "1000", ""},
        {"count", "007", ""},
        {"count", "0", "must be a whole number within its limits"},
        {"count", "1001", "must be a whole number within its limits"},
        {"count", "-1", "must be a whole number within its limits"},
        {"count", "+1", "must be a whole number within its limits"},
        {"count", " 1", "must be a whole number within its limits"},
        {"count", "1.0", "must be a whole number within its limits"},
        {"count", "", "must be a whole number within its limits"},
        {"count", "18446744073709551617", "must be a whole number within its limits"},
        {"day", "2026-02-28", ""},
        {"day", "2028-02-29", ""},
        {"day", "2026-02-29", "is no day of the calendar"},
        {"day", "2026-13-01", "must be a date, YYYY-MM-DD"},
        {"day", "2026-1-1", "must be a date, YYYY-MM-DD"},
        {"day", "2026-01-01T00:00:00Z", "must be a date, YYYY-MM-DD"},
        {"day", "", "must be a date, YYYY-MM-DD"},
        {"file", "x", "must be a file, not a text"},
    };

    (void)state;
    for (size_t i = 0; i < FA_COUNT(cases); i++) {
        const struct fa_field *field = &fields[fa_field_find(fields, cases[i].field)];
        struct fa_error err = {0};
        struct fa_value value = {.given = false};
        struct fa_arena arena;
        const char *wrong;

        fa_arena_init(&arena, 1 << 16);
        assert_int_equal(
            fa_field_take(field, cases[i].text, strlen(cases[i].text), &arena, &value, &err), 0);
        wrong = err.field_count > 0 ? err.fields[0].detail : "";
        if (strcmp(wrong, cases[i].wrong) != 0)
            fail_msg("%s=%s: \"%s\"", cases[i].field, cases[i].text, wrong);
        assert_true(value.given);
        fa_arena_free(&arena);
    }
}

/* What a text of pairs or a JSON object brings for the fields. */
static void
read_form(bool json, const char *text, struct fa_arena *arena, struct fa_form *form,
          struct fa_error *err)
{
    size_t length = strlen(text);
    int result;

    *form = (struct fa_form){.file = -1};
    *err = (struct fa_error){.code = FA_OK};
    fa_arena_init(arena, 1 << 16);
    result = json ? fa_textform_json(fields, text, length, arena, form, err)
                  : fa_textform_pairs(fields, text, length, arena, form, err);
    assert_true(result == 0 || err->code == FA_E_INPUT);
}

static const struct fa_value *
value_of(const struct fa_form *form, const char *name)
{
    return &form->values[fa_field_find(fields, name)];
}

static void
the_same_form_comes_in_every_encoding(void **state)
{
    static const char *const texts[] = {
        "colour=red&loud=True&name=%C3%A4&count=12&day=2026-11-25&other=1",
        "{\"colour\": \"red\", \"loud\": true, \"name\": \"\\u00e4\", \"count\": 12, "
        "\"day\": \"2026-11-25\", \"other\": [1]}",
        "{\"colour\": \"red\", \"loud\": \"TRUE\", \"name\": \"\xc3\xa4\", \"count\": \"12\", "
        "\"day\": \"2026-11-25\"}",
    };

    (void)state;
    for (size_t i = 0; i < FA_COUNT(texts); i++) {
        struct fa_error err;
        struct fa_form form;
        struct fa_arena arena;

        read_form(i > 0, texts[i], &arena, &form, &err);
        assert_int_equal(err.code, FA_OK);
        assert_string_equal(value_of(&form, "colour")->text, "red");
        assert_int_equal(value_of(&form, "loud")->number, 1);
        assert_string_equal(value_of(&form, "name")->text, "\xc3\xa4");
        assert_int_equal(value_of(&form, "count")->number, 12);
        assert_string_equal(value_of(&form, "day")->text, "2026-11-25");
        assert_false(value_of(&form, "note")->given);
        fa_arena_free(&arena);
    }
}

/* null is a value of a field that can be taken back, and of no other. */
static void
null_takes_a_value_back(void **state)
{
    struct fa_error err;
    struct fa_form form;
    struct fa_arena arena;

    (void)state;
    read_form(true, "{\"name\": null, \"day\": null}", &arena, &form, &err);
    assert_int_equal(err.code, FA_OK);
    assert_true(value_of(&form, "name")->given);
    assert_null(value_of(&form, "name")->text);
    assert_true(value_of(&form, "day")->given);
    fa_arena_free(&arena);
    read_form(true, "{\"count\": null, \"loud\": 1, \"colour\": [\"red\"]}", &arena, &form, &err);
    assert_int_equal(err.code, FA_E_INPUT);
    assert_int_equal(err.field_count, 3);
    fa_arena_free(&arena);
}

static void
texts_that_are_no_form_are_refused(void **state)
{
    static const char *const bad[] = {"", "[]", "null", "\"a\"", "{", "{\"name\": }", "{} x"};
    struct fa_error err;
    struct fa_form form;
    struct fa_arena arena;

    (void)state;
    for (size_t i = 0; i < FA_COUNT(bad); i++) {
        read_form(true, bad[i], &arena, &form, &err);
        if (err.code != FA_E_INPUT || strcmp(err.fields[0].name, "body") != 0)
            fail_msg("taken: %s", bad[i]);
        fa_arena_free(&arena);
    }
}

static void
a_value_comes_once(void **state)
{
    struct fa_error err = {0};
    struct fa_form form;
    struct fa_arena arena;

    (void)state;
    read_form(false, "count=1", &arena, &form, &err);
    assert_int_equal(fa_textform_json(fields, "{\"count\": 2}", 12, &arena, &form, &err), 0);
    assert_int_equal(err.code, FA_E_INPUT);
    assert_string_equal(err.fields[0].detail, "must come only once");
    assert_int_equal(value_of(&form, "count")->number, 1);
    fa_arena_free(&arena);
}

static void
required_fields_are_missed_by_name(void **state)
{
    static const struct fa_field needed[] = {
        {.name = "a", .type = FA_FIELD_BOOL, .flags = FA_FIELD_REQUIRED},
        {.name = "b", .type = FA_FIELD_BOOL},
        {.name = "c", .type = FA_FIELD_BOOL, .flags = FA_FIELD_REQUIRED},
        {.name = NULL},
    };
    struct fa_form form = {.values[0].given = true};
    struct fa_error err = {0};

    (void)state;
    assert_int_equal(fa_field_complete(needed, &form, &err), -1);
    assert_int_equal(err.field_count, 1);
    assert_string_equal(err.fields[0].name, "c");
    form.values[2].given = true;
    err = (struct fa_error){.code = FA_OK};
    assert_int_equal(fa_field_complete(needed, &form, &err), 0);
}

FA_RUN(cmocka_unit_test(values_are_judged_by_their_type),
       cmocka_unit_test(the_same_form_comes_in_every_encoding),
       cmocka_unit_test(null_takes_a_value_back),
       cmocka_unit_test(texts_that_are_no_form_are_refused), cmocka_unit_test(a_value_comes_once),
       cmocka_unit_test(required_fields_are_missed_by_name))
