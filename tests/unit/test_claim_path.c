/* Lists of words, and where an option says that a claim stands. */
#include "lib/auth/claim_path.h"
#include "lib/base/json.h"
#include "lib/base/words.h"
#include "tests/unit/unit.h"

#include <json-c/json.h>

/* Words come one by one, whatever blanks are around them. */
static void
words_come_one_by_one(void **state)
{
    const char *words = "  one\ttwo  three ";
    static const char *const expected[] = {"one", "two", "three"};
    size_t length = 7;

    (void)state;
    for (size_t i = 0; i < FA_COUNT(expected); i++) {
        const char *word = fa_words_next(&words, &length);

        assert_non_null(word);
        assert_int_equal(length, strlen(expected[i]));
        assert_memory_equal(word, expected[i], length);
    }
    assert_null(fa_words_next(&words, &length));
    assert_null(fa_words_next(&words, &length));
    words = "";
    assert_null(fa_words_next(&words, &length));
    words = " \t ";
    assert_null(fa_words_next(&words, &length));
}

/* A word is in the list as a whole, to the letter; none is the empty one. */
static void
words_are_compared_whole(void **state)
{
    static const char words[] = "lead manager admin2";

    (void)state;
    assert_true(fa_words_has(words, "lead"));
    assert_true(fa_words_has(words, "manager"));
    assert_true(fa_words_has(words, "admin2"));
    assert_false(fa_words_has(words, "admin"));
    assert_false(fa_words_has(words, "manage"));
    assert_false(fa_words_has(words, "managers"));
    assert_false(fa_words_has(words, "Lead"));
    assert_false(fa_words_has(words, "lead manager"));
    assert_false(fa_words_has(words, ""));
    assert_false(fa_words_has("", "lead"));
    assert_false(fa_words_has("", ""));
}

static struct json_object *
payload(void)
{
    static const char text[] =
        "{\"flat\":\"1\",\"a\":{\"b\":{\"c\":\"2\"},\"d.e\":\"3\"},"
        "\"https://acme.example/roles\":\"4\",\"resource_access\":{\"web\":{\"roles\":\"5\"},"
        "\"{client}\":{\"roles\":\"6\"}},\"x]y\":\"7\",\"with blank\":\"8\",\"list\":[{\"c\":1}]}";
    struct json_object *object = NULL;
    struct fa_error err;

    assert_int_equal(fa_json_parse(text, strlen(text), &object, &err), 0);
    return object;
}

/* Each form of a path finds what it names, and nothing where there is nothing. */
static void
paths_find_claims(void **state)
{
    static const struct {
        const char *path;
        const char *found;
    } cases[] = {
        {"flat", "1"},
        {"[flat]", "1"},
        {"a.b.c", "2"},
        {"a.[b].c", "2"},
        {"a.[d.e]", "3"},
        {"[https://acme.example/roles]", "4"},
        {"resource_access.{client}.roles", "5"},
        {"resource_access.[{client}].roles", "6"},
        {"[x]]y]", "7"},
        {"[with blank]", "8"},
        {"nothing", NULL},
        {"flat.b", NULL},
        {"a.b.c.d", NULL},
        {"a.d.e", NULL},
        {"list.c", NULL},
        {"list.0", NULL},
        {"Flat", NULL},
    };
    struct json_object *object = payload();
    struct fa_error err;

    (void)state;
    for (size_t i = 0; i < FA_COUNT(cases); i++) {
        const char *paths = cases[i].path;
        struct json_object *value;

        assert_int_equal(fa_claim_paths_check(paths, "OPTION", &err), 0);
        assert_true(fa_claim_next(&paths, "web", object, &value));
        if (cases[i].found == NULL ? value != NULL
                                   : value == NULL || strcmp(fa_json_string(value), cases[i].found))
            fail_msg("%s", cases[i].path);
        assert_false(fa_claim_next(&paths, "web", object, &value));
    }
    json_object_put(object);
}

/* Several paths are followed in their order, a missing claim among them too. */
static void
paths_are_followed_in_order(void **state)
{
    static const char *const expected[] = {"4", NULL, "2"};
    const char *paths = " [https://acme.example/roles]\t nothing.here   a.b.c ";
    struct json_object *object = payload();
    struct json_object *value;

    (void)state;
    for (size_t i = 0; i < FA_COUNT(expected); i++) {
        assert_true(fa_claim_next(&paths, "web", object, &value));
        if (expected[i] == NULL)
            assert_null(value);
        else
            assert_string_equal(fa_json_string(value), expected[i]);
    }
    assert_false(fa_claim_next(&paths, "web", object, &value));
    json_object_put(object);
}

/* What is no path is told at the start, with the option's name. */
static void
malformed_paths_are_refused(void **state)
{
    static const char *const bad[] = {
        "",     " ",  ".",    ".a",   "a.",   "a..b",    "a. b", "[",      "[]",      "[a",
        "[a]b", "a]", "[a]]", "a[b]", "a{b}", "{other}", "a b.", "a b []", "{client", "{client}x",
    };
    static char name[300];
    struct fa_error err;

    (void)state;
    for (size_t i = 0; i < FA_COUNT(bad); i++) {
        if (fa_claim_paths_check(bad[i], "OIDC_ROLE_CLAIMS", &err) == 0)
            fail_msg("taken: \"%s\"", bad[i]);
        assert_int_equal(err.code, FA_E_INTERNAL);
        assert_non_null(strstr(err.detail, "OIDC_ROLE_CLAIMS"));
    }
    memset(name, 'a', sizeof name - 1);
    assert_int_equal(fa_claim_paths_check(name, "OPTION", &err), -1);
    name[255] = '\0';
    assert_int_equal(fa_claim_paths_check(name, "OPTION", &err), 0);
    name[0] = '[';
    assert_int_equal(fa_claim_paths_check(name, "OPTION", &err), -1);
    name[254] = ']';
    assert_int_equal(fa_claim_paths_check(name, "OPTION", &err), 0);
}

FA_RUN(cmocka_unit_test(words_come_one_by_one), cmocka_unit_test(words_are_compared_whole),
       cmocka_unit_test(paths_find_claims), cmocka_unit_test(paths_are_followed_in_order),
       cmocka_unit_test(malformed_paths_are_refused))
