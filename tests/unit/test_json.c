/* JSON from outside. */
#include "lib/base/json.h"
#include "tests/unit/unit.h"

#include <json-c/json.h>

static bool
is_taken(const char *text, size_t length)
{
    struct json_object *object = NULL;
    struct fa_error err;
    bool taken = fa_json_parse(text, length, &object, &err) == 0;

    fa_json_free(&object);
    return taken;
}

/* What RFC 8259 allows is read. */
static void
valid_texts_are_read(void **state)
{
    static const char *const good[] = {
        "{}", "[]",    " {\"a\" : [1, -0.5e+3, true, null, \"\\u00e4\\ud83d\\ude00\"]} ",
        "12", "\"x\"",
    };

    (void)state;
    for (size_t i = 0; i < FA_COUNT(good); i++)
        assert_true(is_taken(good[i], strlen(good[i])));
}

/* What json-c would let through is refused. */
static void
lax_texts_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "{'a':1}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":1,}",
        "[1 2]",
        "{\"a\":1} x",
        "{\"a\":1,\"a\":2}",
        "\"\xc0\xaf\"",
        "\"\x01\"",
        "\"\\ud800\"",
        "{\"a\\u0000b\":1}",
        "01",
        "1.",
        "-",
        "tru",
        "{\"a\":{\"b\":1,\"b\":1}}",
        "\"\\x41\"",
        "/**/1",
        "[",
    };

    (void)state;
    for (size_t i = 0; i < FA_COUNT(bad); i++)
        if (is_taken(bad[i], strlen(bad[i])))
            fail_msg("taken: %s", bad[i]);
    assert_false(is_taken("{}\0", 3));
}

/* Nesting ends at the limit instead of the stack. */
static void
depth_is_limited(void **state)
{
    char deep[200];

    (void)state;
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    assert_false(is_taken(deep, 200));
    assert_true(is_taken(deep + 100 - FA_JSON_DEPTH, 2 * FA_JSON_DEPTH));
}

/* A member of another type is as if it were not there. */
static void
getters_check_types(void **state)
{
    static const char text[] = "{\"t\":\"x\",\"n\":1.5,\"z\":\"a\\u0000b\"}";
    struct json_object *object = NULL;
    struct fa_error err;
    double number = 0;

    (void)state;
    assert_int_equal(fa_json_parse(text, strlen(text), &object, &err), 0);
    assert_string_equal(fa_json_text(object, "t"), "x");
    assert_null(fa_json_text(object, "n"));
    assert_null(fa_json_text(object, "z"));
    assert_null(fa_json_text(object, "missing"));
    assert_true(fa_json_number(object, "n", &number));
    assert_true(number > 1.4 && number < 1.6);
    assert_false(fa_json_number(object, "t", &number));
    fa_json_free(&object);
}

FA_RUN(cmocka_unit_test(valid_texts_are_read), cmocka_unit_test(lax_texts_are_refused),
       cmocka_unit_test(depth_is_limited), cmocka_unit_test(getters_check_types))
