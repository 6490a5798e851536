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
        "{}",
        "[]",
        " {\"a\" : [1, -0.5e+3, true, null, \"\\u00e4\\ud83d\\ude00\"]} ",
        "12",
        "\"x\"",
        "null",
        "-0",
        "0e1",
        "1E+2",
        "-1.5e-300",
        "1e999",
        "123456789012345678901234567890",
        "[[],{},\"\",[{}]]",
        "\t\r\n [ ] \n",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0000\"",
        "\"\x7f\"",
        "\"\\uFFFF\\ud800\\udc00\"",
        "{\"\":{\"\":1},\"a\":[{\"a\":1},{\"a\":2}]}",
    };

    (void)state;
    for (size_t i = 0; i < FA_COUNT(good); i++)
        assert_true(is_taken(good[i], strlen(good[i])));
}

/* Texts that a strict reader refuses; json-c alone takes many of them. */
static const char *const lax_texts[] = {
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
    "]",
    "{",
    "[1,]",
    "[,1]",
    "{\"a\"}",
    "{\"a\":}",
    "{a:1}",
    "{\"a\":1 \"b\":2}",
    "\"",
    "\"\\\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\\U0041\"",
    "\"\\udc00\"",
    "\"\\udc00\\ud800\"",
    "\"\\ud800x\"",
    "\"\\ud800\\u0041\"",
    "\"\xed\xa0\x80\"",
    "\"\xf4\x90\x80\x80\"",
    "\"\n\"",
    "+1",
    ".5",
    "-01",
    "0x1",
    "1e",
    "1e+",
    "1_000",
    "NULL",
    "True",
    "nan",
    "-Infinity",
    "nullx",
    "\xef\xbb\xbf{}",
    "{} {}",
    "\x0b{}",
    "{\"a\":1,\"\\u0061\":2}",
    "[{\"a\":1,\"b\":{\"c\":1,\"c\":1}}]",
    "{\"\\u0000\":1}",
};

/* What json-c would let through is refused. */
static void
lax_texts_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < FA_COUNT(lax_texts); i++)
        if (is_taken(lax_texts[i], strlen(lax_texts[i])))
            fail_msg("taken: %s", lax_texts[i]);
    assert_false(is_taken("{}\0", 3));
    assert_false(is_taken("\"a\0\"", 4));
    assert_false(is_taken("\0{}", 3));
    assert_false(is_taken("tr\0e", 4));
}

/* Every text cut short is another text: refused, or a number. */
static void
cut_texts_are_refused(void **state)
{
    static const char text[] = " {\"a\" : [1, -0.5e+3, true, null, \"\\u00e4\\ud83d\\ude00\"]}";

    (void)state;
    assert_true(is_taken(text, sizeof text - 1));
    for (size_t i = 0; i < sizeof text - 1; i++)
        assert_false(is_taken(text, i));
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
    static const char text[] =
        "{\"t\":\"x\",\"n\":1.5,\"z\":\"a\\u0000b\",\"big\":1e999,\"none\":null}";
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
    assert_false(fa_json_number(object, "big", &number));
    assert_false(fa_json_number(object, "none", &number));
    assert_false(fa_json_number(object, "missing", &number));
    assert_null(fa_json_member(fa_json_member(object, "t"), "x"));
    assert_null(fa_json_member(NULL, "x"));
    assert_null(fa_json_string(NULL));
    fa_json_free(&object);
}

/* A null is there, though json-c gives NULL for it. */
static void
null_is_not_nothing(void **state)
{
    static const char text[] = "{\"none\":null,\"n\":1}";
    struct json_object *object = NULL;
    struct fa_error err;

    (void)state;
    assert_int_equal(fa_json_parse(text, strlen(text), &object, &err), 0);
    assert_null(fa_json_member(object, "none"));
    assert_true(fa_json_has(object, "none"));
    assert_true(fa_json_has(object, "n"));
    assert_false(fa_json_has(object, "missing"));
    assert_false(fa_json_has(fa_json_member(object, "n"), "n"));
    assert_false(fa_json_has(NULL, "n"));
    fa_json_free(&object);
}

FA_RUN(cmocka_unit_test(valid_texts_are_read), cmocka_unit_test(lax_texts_are_refused),
       cmocka_unit_test(depth_is_limited), cmocka_unit_test(getters_check_types),
       cmocka_unit_test(cut_texts_are_refused), cmocka_unit_test(null_is_not_nothing))
