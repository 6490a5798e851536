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

/* Memory is aligned for any type, and pieces do not overlap. */
static void
arena_aligns(void **state)
{
    struct fa_arena arena;
    char *before = NULL;

    (void)state;
    fa_arena_init(&arena, 1 << 20);
    for (size_t size = 0; size < 100; size++) {
        char *memory = fa_arena_alloc(&arena, size);

        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        assert_true(memory != before);
        memset(memory, 'x', size);
        before = memory;
    }
    assert_string_equal(fa_arena_printf(&arena, "%s-%d", "a", 7), "a-7");
    assert_string_equal(fa_arena_strndup(&arena, "abc", 2), "ab");
    fa_arena_free(&arena);
    fa_arena_free(NULL);
}

/* A large round does not fatten the arena for good. */
static void
arena_shrinks_again(void **state)
{
    struct fa_arena arena;

    (void)state;
    fa_arena_init(&arena, 1 << 24);
    assert_non_null(fa_arena_alloc(&arena, 1));
    for (int i = 0; i < 10; i++)
        assert_non_null(fa_arena_alloc(&arena, 1 << 20));
    fa_arena_reset(&arena);
    assert_true(arena.total <= 64 * 1024);
    fa_arena_free(&arena);
}

/* A full buffer stays failed and holds what it had. */
static void
buffer_stops_at_its_limit(void **state)
{
    struct fa_buf buf;
    struct fa_error err;

    (void)state;
    fa_buf_init(&buf, 8);
    fa_buf_add_text(&buf, "12345");
    fa_buf_add_text(&buf, "6789");
    assert_int_equal(fa_buf_check(&buf, "text", &err), -1);
    assert_int_equal(err.code, FA_E_INTERNAL);
    assert_string_equal(err.detail, "text: more than 8 bytes");
    assert_true(buf.failed);
    fa_buf_add_text(&buf, "6");
    assert_string_equal(buf.data, "12345");
    fa_buf_reset(&buf);
    assert_int_equal(fa_buf_check(&buf, "text", &err), 0);
    fa_buf_printf(&buf, "%d", 12345678);
    assert_false(buf.failed);
    assert_string_equal(buf.data, "12345678");
    fa_buf_free(&buf);
}

/* A limit is kept also where adding to it would overflow. */
static void
buffer_does_not_overflow(void **state)
{
    struct fa_buf buf;

    (void)state;
    fa_buf_init(&buf, 100);
    fa_buf_add(&buf, "x", 1);
    fa_buf_add(&buf, "x", SIZE_MAX);
    assert_true(buf.failed);
    assert_int_equal(buf.length, 1);
    fa_buf_free(&buf);
    assert_null(buf.data);
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

/* Texts that are too long are cut, never overrun. */
static void
error_cuts_long_texts(void **state)
{
    struct fa_error err = {0};
    char text[1000];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    fa_error_set(&err, FA_E_INTERNAL, "%s", text);
    fa_error_wrap(&err, "%s", text);
    fa_error_action(&err, "%s", text);
    assert_true(strlen(err.detail) < sizeof err.detail);
    assert_true(strlen(err.action) < sizeof err.action);
    fa_error_field(&err, "f", "%s", text);
    assert_true(strlen(err.fields[0].detail) < sizeof err.fields[0].detail);
}

/* Every code has a status, a title and a text, and nothing but OK is below 400. */
static void
error_registry_is_complete(void **state)
{
    (void)state;
    for (int code = FA_OK + 1; code < FA_ERROR_COUNT; code++) {
        int status = fa_error_status((enum fa_error_code)code);

        assert_true(status >= 400 && status < 600);
        assert_true(strlen(fa_error_title((enum fa_error_code)code)) > 0);
        assert_true(strlen(fa_error_text((enum fa_error_code)code)) > 0);
    }
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

/* Every code point reads back as itself, and no byte sequence has a second reading. */
static void
utf8_is_complete(void **state)
{
    uint32_t count = 0;

    (void)state;
    for (uint32_t bytes = 0; bytes < 1U << 24; bytes++) {
        char text[3] = {(char)(bytes >> 16), (char)(bytes >> 8), (char)bytes};
        uint32_t code;

        if ((bytes >> 16) >= 0xe0 && fa_utf8_next(text, 3, &code) == 3) {
            assert_true(code >= 0x800 && code < 0x10000 && (code < 0xd800 || code > 0xdfff));
            count++;
        }
    }
    assert_int_equal(count, 0x10000 - 0x800 - 0x800);
    for (uint32_t point = 0x10000; point < 0x110000; point++) {
        char text[4] = {(char)(0xf0 | point >> 18), (char)(0x80 | (point >> 12 & 63)),
                        (char)(0x80 | (point >> 6 & 63)), (char)(0x80 | (point & 63))};
        uint32_t code;

        assert_int_equal(fa_utf8_next(text, 4, &code), 4);
        assert_int_equal(code, point);
        assert_int_equal(fa_utf8_next(text, 3, &code), 0);
    }
    assert_int_equal(fa_utf8_next("", 0, NULL), 0);
    assert_int_equal(fa_utf8_next("\0", 1, NULL), 1);
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

/* New ones sort by the time they were made at, and none comes twice. */
static void
uuid_sorts_by_time(void **state)
{
    struct fa_uuid one = fa_uuid_new();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct fa_uuid other = fa_uuid_new();

        assert_true(memcmp(one.bytes, other.bytes, 6) <= 0);
        assert_memory_not_equal(&one, &other, sizeof one);
        one = other;
    }
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
    assert_int_equal(fa_clock_http_parse(""), -1);
    assert_int_equal(fa_clock_http_parse("Wed, 18 Jan 2023 14:00:03 GMT "), -1);
    assert_int_equal(fa_clock_http_parse("Wed, 18 Jan 2023 14:00:03 CET"), -1);
    assert_int_equal(fa_clock_http_parse("Wed, 18 Foo 2023 14:00:03 GMT"), -1);
    assert_int_equal(fa_clock_http_parse("Thu, 29 Feb 2024 00:00:00 GMT"), 1709164800000000);
    assert_string_equal(fa_clock_http(0, text), "Thu, 01 Jan 1970 00:00:00 GMT");
}

/* The examples of RFC 4648, 10, and every byte, come back as they went out. */
static void
base64_comes_back(void **state)
{
    static const char *const examples[] = {"",       "Zg",      "Zm8",     "Zm9v",
                                           "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"};
    unsigned char bytes[256];
    struct fa_arena arena;
    struct fa_buf buf;
    size_t size;

    (void)state;
    fa_arena_init(&arena, 1 << 20);
    fa_buf_init(&buf, 1000);
    for (size_t i = 0; i < FA_COUNT(examples); i++) {
        unsigned char *data = fa_base64_decode(&arena, examples[i], strlen(examples[i]), &size);

        assert_int_equal(size, i);
        assert_memory_equal(data, "foobar", i);
        assert_int_equal(data[i], '\0');
    }
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    for (size_t length = 1; length <= sizeof bytes; length++) {
        fa_buf_reset(&buf);
        fa_base64_encode(&buf, bytes + sizeof bytes - length, length);
        assert_memory_equal(fa_base64_decode(&arena, buf.data, buf.length, &size),
                            bytes + sizeof bytes - length, length);
        assert_int_equal(size, length);
    }
    fa_buf_free(&buf);
    fa_arena_free(&arena);
}

/* What is wrong with a text and a want of memory are two things. */
static void
base64_tells_why(void **state)
{
    struct fa_arena arena;
    size_t size;

    (void)state;
    fa_arena_init(&arena, 16);
    errno = 0;
    assert_null(fa_base64_decode(&arena, "Zm9v", 4, &size));
    assert_int_equal(errno, ENOMEM);
    fa_arena_free(&arena);
    fa_arena_init(&arena, 1 << 20);
    assert_null(fa_base64_decode(&arena, "Zm9v\0", 5, &size));
    assert_int_equal(errno, EINVAL);
    for (int c = 0; c < 256; c++) {
        char text[4] = {'A', (char)c, 'A', 'A'};
        bool known = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     c == '-' || c == '_';

        assert_int_equal(fa_base64_decode(&arena, text, 4, &size) != NULL, known);
    }
    fa_arena_free(&arena);
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
       cmocka_unit_test(clock_reads_what_it_writes), cmocka_unit_test(base64_is_strict),
       cmocka_unit_test(arena_aligns), cmocka_unit_test(arena_shrinks_again),
       cmocka_unit_test(buffer_does_not_overflow), cmocka_unit_test(error_cuts_long_texts),
       cmocka_unit_test(error_registry_is_complete), cmocka_unit_test(utf8_is_complete),
       cmocka_unit_test(uuid_sorts_by_time), cmocka_unit_test(base64_comes_back),
       cmocka_unit_test(base64_tells_why))
