/* What every store promises, asked of each backend. */
#include "lib/base/clock.h"
#include "tests/unit/minio.h"

enum { OBJECTS = 40 };

/* The bytes come back as they went in, from none to more than a buffer. */
static void
bytes_come_back(void **state)
{
    static const uint64_t sizes[] = {0, 1, 65536, 3000001};
    struct rig *rig = *state;

    for (size_t i = 0; i < FA_COUNT(sizes); i++) {
        char key[FA_STORE_KEY];

        if (rig_put(rig, fa_store_key(key), sizes[i], (unsigned)i) < 0)
            fail_msg("%s", rig->err.detail);
        assert_true(fa_store_is_key(key));
        rig_expect(rig, key, sizes[i], (unsigned)i);
    }
    assert_int_equal(fa_store_check(rig->store, &rig->err), 0);
}

/* A file that is not as long as said is not stored. */
static void
wrong_sizes_are_refused(void **state)
{
    struct rig *rig = *state;
    unsigned char sha256[32];
    FA_AUTO_FD fd = rig_spool(rig, 1000, 1, sha256);
    char key[FA_STORE_KEY];

    fa_store_key(key);
    assert_int_equal(fa_store_put(rig->store, key, fd, 999, sha256, &rig->err), -1);
    assert_int_equal(rig->err.code, FA_E_STORE);
    assert_int_equal(fa_store_put(rig->store, key, fd, 1001, sha256, &rig->err), -1);
    assert_int_equal(rig->err.code, FA_E_STORE);
    rig_expect_none(rig, key);
}

/* Removing is done once, and again is no error. */
static void
removed_objects_are_gone(void **state)
{
    struct rig *rig = *state;
    char key[FA_STORE_KEY];

    assert_int_equal(rig_put(rig, fa_store_key(key), 10, 1), 0);
    assert_int_equal(fa_store_remove(rig->store, key, &rig->err), 0);
    rig_expect_none(rig, key);
    assert_int_equal(fa_store_remove(rig->store, key, &rig->err), 0);
}

/* A copy lives on when its source is removed; of nothing there is none. */
static void
copies_stand_alone(void **state)
{
    struct rig *rig = *state;
    char from[FA_STORE_KEY];
    char to[FA_STORE_KEY];

    assert_int_equal(rig_put(rig, fa_store_key(from), 70000, 3), 0);
    assert_int_equal(rig_copy(rig, from, fa_store_key(to), 70000, 3), 0);
    assert_int_equal(fa_store_remove(rig->store, from, &rig->err), 0);
    rig_expect(rig, to, 70000, 3);
    assert_int_equal(rig_copy(rig, from, fa_store_key(to), 70000, 3), -1);
    assert_int_equal(rig->err.code, FA_E_NO_FILE);
}

/* Abandoning removes the object if it came to be, and is fine where there is nothing. */
static void
abandoned_objects_are_gone(void **state)
{
    struct rig *rig = *state;
    char key[FA_STORE_KEY];

    assert_int_equal(fa_store_abandon(rig->store, fa_store_key(key), &rig->err), 0);
    assert_int_equal(rig_put(rig, key, 10, 1), 0);
    assert_int_equal(fa_store_abandon(rig->store, key, &rig->err), 0);
    rig_expect_none(rig, key);
}

static int
compare_keys(const void *a, const void *b)
{
    return strcmp(a, b);
}

struct seen {
    char keys[OBJECTS][FA_STORE_KEY];
    size_t count;
    size_t foreign;
    size_t stop_at; /* 0: never */
};

static int
see(void *closure, const struct fa_store_entry *entry, struct fa_error *err)
{
    struct seen *seen = closure;

    (void)err;
    if (entry->foreign) {
        seen->foreign++;
        return 0;
    }
    assert_true(seen->count < OBJECTS);
    assert_int_equal(entry->size, 7);
    assert_true(llabs(entry->modified_us - fa_clock_now_us()) < 60LL * FA_SECOND_US);
    snprintf(seen->keys[seen->count++], FA_STORE_KEY, "%s", entry->key);
    return seen->stop_at != 0 && seen->count == seen->stop_at ? 77 : 0;
}

/* A list is in byte order, begins behind any text, and ends when it is told to. */
static void
lists_are_in_order(void **state)
{
    struct rig *rig = *state;
    char keys[OBJECTS][FA_STORE_KEY];
    struct seen seen = {.count = 0};

    assert_int_equal(fa_store_list(rig->store, NULL, see, &seen, &rig->err), 0);
    assert_int_equal(seen.count, 0);
    for (size_t i = 0; i < OBJECTS; i++)
        assert_int_equal(rig_put(rig, fa_store_key(keys[i]), 7, (unsigned)i), 0);
    qsort(keys, OBJECTS, sizeof keys[0], compare_keys);
    assert_int_equal(fa_store_list(rig->store, NULL, see, &seen, &rig->err), 0);
    assert_int_equal(seen.count, OBJECTS);
    assert_memory_equal(seen.keys[7], keys[7], FA_STORE_KEY_LENGTH);
    for (size_t i = 0; i < OBJECTS; i++) {
        struct seen rest = {.count = 0};

        assert_string_equal(seen.keys[i], keys[i]);
        assert_int_equal(fa_store_list(rig->store, keys[i], see, &rest, &rig->err), 0);
        assert_int_equal(rest.count, OBJECTS - 1 - i);
        if (rest.count > 0)
            assert_string_equal(rest.keys[0], keys[i + 1]);
    }
    seen = (struct seen){.stop_at = 5};
    assert_int_equal(fa_store_list(rig->store, NULL, see, &seen, &rig->err), 77);
    assert_int_equal(seen.count, 5);
    seen = (struct seen){.count = 0};
    assert_int_equal(fa_store_list(rig->store, "g", see, &seen, &rig->err), 0);
    assert_int_equal(seen.count, 0);
}

/* Sweeping a store where all puts have ended finds nothing and touches nothing. */
static void
sweeping_spares_objects(void **state)
{
    struct rig *rig = *state;
    char key[FA_STORE_KEY];
    int64_t count = -1;

    assert_int_equal(rig_put(rig, fa_store_key(key), 10, 1), 0);
    assert_int_equal(fa_store_sweep(rig->store, 0, &count, &rig->err), 0);
    assert_int_equal(count, 0);
    rig_expect(rig, key, 10, 1);
}

/* Only what fa_store_key makes has the form of a key. */
static void
keys_have_one_form(void **state)
{
    static const char *const bad[] = {
        "",
        "ab",
        "ab/",
        "ab/0123456789abcdef0123456789abcde",
        "ab/0123456789abcdef0123456789abcdef0",
        "ab/0123456789abcdef0123456789abcdeF",
        "ab/0123456789abcdef0123456789abcdeg",
        "abc0123456789abcdef0123456789abcdef",
        "a//0123456789abcdef0123456789abcdef",
        "../0123456789abcdef0123456789abcdef",
        "ab/0123456789abcdef/123456789abcdef",
    };

    (void)state;
    assert_true(fa_store_is_key("ab/0123456789abcdef0123456789abcdef"));
    for (size_t i = 0; i < FA_COUNT(bad); i++)
        if (fa_store_is_key(bad[i]))
            fail_msg("%s", bad[i]);
}

/* Where there is no server the store is none, and the test says so. */
#define ON_MINIO(test)                                                                             \
    static void test##_on_minio(void **state)                                                      \
    {                                                                                              \
        MINIO_NEEDED();                                                                            \
        test(state);                                                                               \
    }
#define EACH_CASE(apply)                                                                           \
    apply(bytes_come_back) apply(wrong_sizes_are_refused) apply(removed_objects_are_gone)          \
        apply(copies_stand_alone) apply(abandoned_objects_are_gone) apply(lists_are_in_order)      \
            apply(sweeping_spares_objects)

EACH_CASE(ON_MINIO)

#define ROWS(test)                                                                                 \
    {.name = #test " (directory)",                                                                 \
     .test_func = test,                                                                            \
     .setup_func = rig_open_directory,                                                             \
     .teardown_func = rig_tear_down},                                                              \
        {.name = #test " (S3)",                                                                    \
         .test_func = test##_on_minio,                                                             \
         .setup_func = rig_open_minio,                                                             \
         .teardown_func = rig_tear_down},

int
main(void)
{
    const struct CMUnitTest tests[] = {EACH_CASE(ROWS) cmocka_unit_test(keys_have_one_form)};

    return cmocka_run_group_tests(tests, minio_start, minio_stop);
}
