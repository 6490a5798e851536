/* The multipart parser: equal results however the body is cut, and no half forms. */
#include "fcgi/filename.h"
#include "fcgi/multipart.h"
#include "lib/base/buf.h"
#include "tests/unit/unit.h"

#define TYPE "multipart/form-data; boundary=XyZ"

/* Writes down what the sink sees: <name|filename>contents. */
static int
note_begin(void *closure, const struct fa_multipart_part *part, struct fa_error *err)
{
    (void)err;
    fa_buf_printf(closure, "<%s|%.*s>", part->name, (int)part->filename_length,
                  part->filename != NULL ? part->filename : "");
    return 0;
}

static int
note_data(void *closure, const char *bytes, size_t length, struct fa_error *err)
{
    (void)err;
    fa_buf_add(closure, bytes, length);
    return 0;
}

static int
note_end(void *closure, struct fa_error *err)
{
    (void)err;
    fa_buf_add_text(closure, ";");
    return 0;
}

static const struct fa_multipart_sink notes = {note_begin, note_data, note_end};

/* Feeds the body in two pieces (and the second byte by byte); 0 when all of it was accepted. */
static int
parse(const char *body, size_t length, size_t cut, struct fa_buf *seen)
{
    static struct fa_multipart parser;
    struct fa_error err = {0};

    fa_buf_reset(seen);
    fa_buf_add_text(seen, "");
    if (fa_multipart_init(&parser, TYPE, &notes, seen, &err) < 0 ||
        fa_multipart_feed(&parser, body, cut, &err) < 0)
        return -1;
    for (size_t i = cut; i < length; i++)
        if (fa_multipart_feed(&parser, body + i, 1, &err) < 0)
            return -1;
    return fa_multipart_finish(&parser, &err);
}

static void
expect(const char *body, const char *expected)
{
    struct fa_buf seen;

    fa_buf_init(&seen, 10000);
    for (size_t cut = 0; cut <= strlen(body); cut++) {
        assert_int_equal(parse(body, strlen(body), cut, &seen), 0);
        assert_string_equal(seen.data, expected);
    }
    fa_buf_free(&seen);
}

#define PART(name) "--XyZ\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n"

/* Fields and files come out the same wherever the body is cut. */
static void
every_cut_gives_the_same(void **state)
{
    (void)state;
    expect(PART("a") "1\r\n" PART("b") "\r\n--XyZ--\r\n", "<a|>1;<b|>;");
    expect("preamble\r\n" PART("a") "x\r\n--XyZ-- epilogue", "<a|>x;");
    expect("--XyZ \t\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; "
           "filename=\"f.stl\"; name=file\r\n\r\n\r\n--Xy\r\n--XyZ--",
           "<file|f.stl>\r\n--Xy;");
}

/* Contents that look like a boundary, but are none, are contents. */
static void
near_boundaries_are_contents(void **state)
{
    (void)state;
    expect(PART("a") "\r\r\n\r\n-\r\n--Xy\n--XyZ\r\n--XyZ--", "<a|>\r\r\n\r\n-\r\n--Xy\n--XyZ;");
}

/* %22 and \" are a quote; nothing else is decoded. */
static void
quotes_in_names_are_undone(void **state)
{
    (void)state;
    expect("--XyZ\r\nContent-Disposition: form-data; name=\"file\"; "
           "filename=\"a%22b\\\"c%20\\d.stl\"\r\n\r\n\r\n--XyZ--",
           "<file|a\"b\"c%20\\d.stl>;");
}

/* A malformed form is refused, whatever was taken before. */
static void
malformed_forms_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "no boundary at all",
        PART("a") "1\r\n",
        PART("a") "1\r\n--XyZ",
        PART("a") "1\r\n--XyZ-",
        PART("a") "1\r\n--XyZtext\r\n",
        "--XyZ\r\n\r\nno header\r\n--XyZ--",
        "--XyZ\r\nContent-Type: text/plain\r\n\r\nx\r\n--XyZ--",
        "--XyZ\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--XyZ--",
        "--XyZ\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\nx\r\n--XyZ--",
        "--XyZ\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--XyZ--",
    };
    struct fa_buf seen;

    (void)state;
    fa_buf_init(&seen, 10000);
    for (size_t i = 0; i < FA_COUNT(bad); i++)
        if (parse(bad[i], strlen(bad[i]), 0, &seen) == 0)
            fail_msg("taken: %s", bad[i]);
    fa_buf_free(&seen);
}

/* A header that never ends is refused at its limit. */
static void
long_headers_are_refused(void **state)
{
    static char body[2 * FA_MULTIPART_HEADER];
    struct fa_buf seen;

    (void)state;
    memset(body, 'x', sizeof body);
    memcpy(body, "--XyZ\r\n", 7);
    fa_buf_init(&seen, 10000);
    assert_int_equal(parse(body, sizeof body, sizeof body, &seen), -1);
    fa_buf_free(&seen);
}

/* Only a form's content type with a proper boundary is a form. */
static void
content_type_is_checked(void **state)
{
    static const char *const bad[] = {
        "application/json", "multipart/form-data",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a\x01\"",
        "multipart/form-data; boundary=01234567890123456789012345678"
        "901234567890123456789012345678901234567890"};
    static struct fa_multipart parser;

    (void)state;
    for (size_t i = 0; i < FA_COUNT(bad); i++) {
        struct fa_error err = {0};

        assert_int_equal(fa_multipart_init(&parser, bad[i], &notes, NULL, &err), -1);
        assert_int_equal(err.code, FA_E_INPUT);
    }
}

static bool
is_name(const char *raw, size_t length, const char *expected)
{
    struct fa_error err = {0};
    const char *name;
    size_t size;

    if (fa_filename_check(raw, length, 225, &name, &size, &err) < 0)
        return expected == NULL && err.code == FA_E_INPUT;
    return expected != NULL && size == strlen(expected) && memcmp(name, expected, size) == 0;
}

/* Names follow the contract: the part behind the last slash or backslash, checked. */
static void
file_names_are_checked(void **state)
{
    char name[2 * 226 + 1] = {0};

    (void)state;
    assert_true(is_name("../../x.stl", 11, "x.stl"));
    assert_true(is_name("C:\\parts\\x.stl", 14, "x.stl"));
    assert_true(is_name("\xc3\x84rm.stl", 8, "\xc3\x84rm.stl"));
    assert_true(is_name("", 0, NULL));
    assert_true(is_name("a/", 2, NULL));
    assert_true(is_name(".", 1, NULL));
    assert_true(is_name("..", 2, NULL));
    assert_true(is_name("a\0b", 3, NULL));
    assert_true(is_name("a\x1f", 2, NULL));
    assert_true(is_name("a\xc2\x85", 3, NULL));
    assert_true(is_name("\xff.stl", 5, NULL));
    for (int i = 0; i < 226; i++)
        memcpy(name + 2 * i, "\xc3\xa4", 2);
    assert_true(is_name(name, 452, NULL));
    name[450] = '\0';
    assert_true(is_name(name, 450, name));
}

FA_RUN(cmocka_unit_test(every_cut_gives_the_same), cmocka_unit_test(near_boundaries_are_contents),
       cmocka_unit_test(quotes_in_names_are_undone), cmocka_unit_test(malformed_forms_are_refused),
       cmocka_unit_test(long_headers_are_refused), cmocka_unit_test(content_type_is_checked),
       cmocka_unit_test(file_names_are_checked))
