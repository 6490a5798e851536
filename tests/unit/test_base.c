/* Arena, buffer, error, UTF-8, UUID, clock, base64. */
#include "lib/base/arena.h"
#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/base/utf8.h"
#include "lib/base/uuid.h"
#include "tests/unit/unit.h"

#include <errno.h>

/* An arena never holds more than its limit, and a reset makes room again. */
static void
arena_keeps_its_limit(void **state)
{
    struct fa_arena arena;

    (void)state;
    fa_arena_init(&arena, 64 * 1024);
    assert_non_null(fa_arena_alloc(&arena, 40 * 1024));
    assert_null(fa_arena_alloc(&arena, 40 * 1024));
    fa_arena_reset(&arena);
    assert_non_null(fa_arena_alloc(&arena, 40 * 1024));
    assert_null(fa_arena_alloc(&arena, SIZE_MAX));
    assert_null(fa_arena_array(&arena, SIZE_MAX / 2, 4));
    fa_arena_free(&arena);
    assert_int_equal(arena.total, 0);
}

/* Arena memory is zeroed also after the chunk was used before. */
static void
arena_gives_zeroes(void **state)
{
    struct fa_arena arena;
    char *memory;

    (void)state;
    fa_arena_init(&arena, 64 * 1024);
    memory = fa_arena_alloc(&arena, 100);
    memset(memory, 'x', 100);
    fa_arena_reset(&arena);
    memory = fa_arena_alloc(&arena, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(memory[i], 0);
    fa_arena_free(&arena);
}

/* A full buffer stays failed and holds what it had. */
static void
buffer_stops_at_its_limit(void **state)
{
    struct fa_buf buf;

    (void)state;
    fa_buf_init(&buf, 8);
    fa_buf_add_text(&buf, "12345");
    fa_buf_add_text(&buf, "6789");
    assert_true(buf.failed);
    fa_buf_add_text(&buf, "6");
    assert_string_equal(buf.data, "12345");
    fa_buf_reset(&buf);
    fa_buf_printf(&buf, "%d", 12345678);
    assert_false(buf.failed);
    assert_string_equal(buf.data, "12345678");
    fa_buf_free(&buf);
}

/* JSON strings: controls are escaped, broken UTF-8 becomes U+FFFD. */
static void
buffer_escapes_json(void **state)
{
    struct fa_buf buf;

    (void)state;
    fa_buf_init(&buf, 1000);
    fa_buf_add_json(&buf, "a\"\\\n\x80\xc3\xa4", 7);
    assert_string_equal(buf.data, "\"a\\\"\\\\\\u000a\\ufffd\xc3\xa4\"");
    fa_buf_free(&buf);
}

/* The code decides status and text; a full disk is told as such whatever was being done. */
static void
error_carries_its_status(void **state)
{
    struct fa_error err = {0};

    (void)state;
    assert_int_equal(fa_error_set(&err, FA_E_FORBIDDEN, "part %d", 7), -1);
    assert_int_equal(fa_error_status(err.code), 403);
    assert_string_equal(fa_error_text(err.code), "Access forbidden.");
    assert_string_equal(err.detail, "part 7");
    fa_error_wrap(&err, "reading");
    assert_string_equal(err.detail, "reading: part 7");
    fa_error_errno(&err, FA_E_STORE, ENOSPC, "write");
    assert_int_equal(fa_error_status(err.code), 507);
}

/* Every invalid field is named, up to the limit. */
static void
error_collects_fields(void **state)
{
    struct fa_error err = {0};

    (void)state;
    for (int i = 0; i < FA_ERROR_FIELDS + 3; i++)
        fa_error_field(&err, "overwrite", "wrong %d", i);
    assert_int_equal(err.code, FA_E_INPUT);
    assert_int_equal(err.field_count, FA_ERROR_FIELDS);
    assert_string_equal(err.fields[1].detail, "wrong 1");
}

/* UTF-8 is RFC 3629's: no overlong forms, surrogates, or code points above U+10FFFF. */
static void
utf8_is_strict(void **state)
{
    static const char *const bad[] = {"\x80",         "\xc0\xaf",     "\xc1\xbf",
                                      "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xf5",         "\xc3"};
    size_t count;

    (void)state;
    assert_true(fa_utf8_valid("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 10, &count));
    assert_int_equal(count, 4);
    for (size_t i = 0; i < FA_COUNT(bad); i++)
        assert_false(fa_utf8_valid(bad[i], strlen(bad[i]), NULL));
}

/* UUIDs are read in both forms and any case, printed in one; new ones are version 7. */
static void
uuid_has_one_printed_form(void **state)
{
    static const char plain[] = "bd288e8369c944e38ae22dbfe562ca3e";
    static const char dashed[] = "BD288E83-69C9-44e3-8ae2-2dbfe562ca3e";
    struct fa_uuid one, other;
    char text[FA_UUID_TEXT];

    (void)state;
    assert_true(fa_uuid_parse(plain, 32, &one));
    assert_true(fa_uuid_parse(dashed, 36, &other));
    assert_memory_equal(&one, &other, sizeof one);
    assert_string_equal(fa_uuid_text(&one, text), plain);
    assert_false(fa_uuid_parse("bd288e8369c944e38ae22dbfe562ca3g", 32, &one));
    assert_false(fa_uuid_parse(plain, 31, &one));
    one = fa_uuid_new();
    assert_int_equal(one.bytes[6] >> 4, 7);
    assert_int_equal(one.bytes[8] >> 6, 2);
}

/* Dates of HTTP come back as they went out. */
static void
clock_reads_what_it_writes(void **state)
{
    char text[FA_CLOCK_TEXT];

    (void)state;
    assert_string_equal(fa_clock_text(1674050403125000, text), "2023-01-18T14:00:03.125Z");
    assert_string_equal(fa_clock_http(1674050403125000, text), "Wed, 18 Jan 2023 14:00:03 GMT");
    assert_int_equal(fa_clock_http_parse(text), 1674050403000000);
    assert_int_equal(fa_clock_http_parse("yesterday"), -1);
}

/* base64url has one spelling for every value. */
static void
base64_is_strict(void **state)
{
    static const char *const bad[] = {"A", "AA==", "A A", "AB", "AA+A", "AA/A", "AAF"};
    struct fa_arena arena;
    struct fa_buf buf;
    size_t size;

    (void)state;
    fa_arena_init(&arena, 1 << 16);
    fa_buf_init(&buf, 100);
    for (size_t i = 0; i < FA_COUNT(bad); i++)
        assert_null(fa_base64_decode(&arena, bad[i], strlen(bad[i]), &size));
    fa_base64_encode(&buf, (const unsigned char *)"\xfb\xff\xfe!", 4);
    assert_string_equal(buf.data, "-__-IQ");
    assert_memory_equal(fa_base64_decode(&arena, buf.data, buf.length, &size), "\xfb\xff\xfe!", 4);
    assert_int_equal(size, 4);
    fa_buf_free(&buf);
    fa_arena_free(&arena);
}

FA_RUN(cmocka_unit_test(arena_keeps_its_limit), cmocka_unit_test(arena_gives_zeroes),
       cmocka_unit_test(buffer_stops_at_its_limit), cmocka_unit_test(buffer_escapes_json),
       cmocka_unit_test(error_carries_its_status), cmocka_unit_test(error_collects_fields),
       cmocka_unit_test(utf8_is_strict), cmocka_unit_test(uuid_has_one_printed_form),
       cmocka_unit_test(clock_reads_what_it_writes), cmocka_unit_test(base64_is_strict))
