/* The multipart parser: equal results however the body is cut, and no half forms. */
#include "fcgi/filename.h"
#include "tests/unit/multipart_notes.h"
#include "tests/unit/unit.h"

#define TYPE "multipart/form-data; boundary=XyZ"

/* Feeds the body up to `cut` in one piece and the rest in pieces of `step`; 0 when all of it was
 * accepted. */
static int
parse_pieces(const char *body, size_t length, size_t cut, size_t step, struct fa_buf *seen)
{
    static struct fa_multipart parser;
    struct fa_error err = {0};

    fa_buf_reset(seen);
    fa_buf_add_text(seen, "");
    if (fa_multipart_init(&parser, TYPE, &notes, seen, &err) < 0 ||
        fa_multipart_feed(&parser, body, cut, &err) < 0)
        return -1;
    for (size_t i = cut; i < length; i += step)
        if (fa_multipart_feed(&parser, body + i, length - i < step ? length - i : step, &err) < 0)
            return -1;
    return fa_multipart_finish(&parser, &err);
}

static int
parse(const char *body, size_t length, size_t cut, struct fa_buf *seen)
{
    return parse_pieces(body, length, cut, 1, seen);
}

/* In two pieces, cut anywhere; in one piece and single bytes; in pieces of any size. */
static void
expect(const char *body, const char *expected)
{
    size_t length = strlen(body);
    struct fa_buf seen;

    fa_buf_init(&seen, 10000);
    for (size_t cut = 0; cut <= length; cut++) {
        assert_int_equal(parse(body, length, cut, &seen), 0);
        assert_string_equal(seen.data, expected);
        assert_int_equal(parse_pieces(body, length, cut, length + 1, &seen), 0);
        assert_string_equal(seen.data, expected);
        assert_int_equal(parse_pieces(body, length, 0, cut + 1, &seen), 0);
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
    expect("--XyZ--", "");
    expect("\r\n--XyZ--\r\n--XyZ\r\nnothing", "");
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

/* filename* and other parameters are passed over; the header may stand among others. */
static void
parameters_are_read(void **state)
{
    (void)state;
    expect("--XyZ\r\nX: y\r\nCONTENT-DISPOSITION:form-data ; NAME = \"file\" ;x=\"\"; "
           "filename*=UTF-8''b.stl; FileName=a.stl;\r\nContent-Length: 1\r\n\r\n1\r\n--XyZ--",
           "<file|a.stl>1;");
    expect("--XyZ\r\nContent-Disposition: form-data; name=\"\"; filename=\"\"\r\n\r\n\r\n--XyZ--",
           "<|>;");
    expect("--XyZ\r\nContent-Disposition: form-data; name=a; filename=b=c.stl\r\n\r\n\r\n--XyZ--",
           "<a|b=c.stl>;");
}

/* A NUL in a file name reaches the check of names, which refuses it; in a field's name it does not.
 */
static void
nul_is_not_the_end(void **state)
{
    static const char file[] = "--XyZ\r\nContent-Disposition: form-data; name=\"f\"; "
                               "filename=\"a\0b\"\r\n\r\n\r\n--XyZ--";
    static const char name[] = "--XyZ\r\nContent-Disposition: form-data; name=\"f\0b\"\r\n\r\n\r\n"
                               "--XyZ--";
    struct fa_buf seen;

    (void)state;
    fa_buf_init(&seen, 10000);
    assert_int_equal(parse(file, sizeof file - 1, 0, &seen), 0);
    assert_int_equal(seen.length, 8);
    assert_memory_equal(seen.data, "<f|a\0b>;", 8);
    assert_int_equal(parse(name, sizeof name - 1, 0, &seen), -1);
    fa_buf_free(&seen);
}

/* 64 parts are taken, one more is not. */
static void
parts_are_limited(void **state)
{
    struct fa_buf body;
    struct fa_buf seen;

    (void)state;
    fa_buf_init(&body, 100000);
    fa_buf_init(&seen, 100000);
    for (int i = 0; i < FA_MULTIPART_PARTS; i++)
        fa_buf_add_text(&body, PART("a") "1\r\n");
    fa_buf_add_text(&body, "--XyZ--");
    assert_int_equal(parse(body.data, body.length, 0, &seen), 0);
    body.length -= strlen("--XyZ--");
    fa_buf_add_text(&body, PART("a") "1\r\n--XyZ--");
    assert_int_equal(parse(body.data, body.length, 0, &seen), -1);
    fa_buf_free(&body);
    fa_buf_free(&seen);
}

static int
refuse_begin(void *closure, const struct fa_multipart_part *part, struct fa_error *err)
{
    (void)closure;
    (void)part;
    return fa_error_set(err, FA_E_TOO_LARGE, "begin");
}

static int
refuse_data(void *closure, const char *bytes, size_t length, struct fa_error *err)
{
    (void)closure;
    (void)bytes;
    (void)length;
    return fa_error_set(err, FA_E_SPACE, "data");
}

static int
refuse_end(void *closure, struct fa_error *err)
{
    (void)closure;
    return fa_error_set(err, FA_E_STORE, "end");
}

/* What the sink refuses ends the parsing, with the sink's own error. */
static void
sink_errors_are_returned(void **state)
{
    static const char body[] = PART("a") "1\r\n--XyZ--";
    static const struct {
        struct fa_multipart_sink sink;
        enum fa_error_code code;
    } cases[] = {{{refuse_begin, note_data, note_end}, FA_E_TOO_LARGE},
                 {{note_begin, refuse_data, note_end}, FA_E_SPACE},
                 {{note_begin, note_data, refuse_end}, FA_E_STORE}};
    static struct fa_multipart parser;
    struct fa_buf seen;

    (void)state;
    fa_buf_init(&seen, 1000);
    for (size_t i = 0; i < FA_COUNT(cases); i++) {
        struct fa_error err = {0};

        assert_int_equal(fa_multipart_init(&parser, TYPE, &cases[i].sink, &seen, &err), 0);
        assert_int_equal(fa_multipart_feed(&parser, body, sizeof body - 1, &err), -1);
        assert_int_equal(err.code, cases[i].code);
    }
    fa_buf_free(&seen);
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
        "--XyZ\r\nContent-Disposition: form-data; name=a; filename=x; "
        "filename=y\r\n\r\nx\r\n--XyZ--",
        "--XyZ\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; "
        "name=b\r\n\r\nx\r\n--XyZ--",
        "--XyZ\r\nContent-Disposition: form-data; name=a\n\nx\r\n--XyZ--",
        "--XyZ\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--XyZ--",
        "--XyZ\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XyZ--",
        "--XyZ\r\nContent-Disposition: form-data; filename=a\r\n\r\nx\r\n--XyZ--",
        "--XyZ\r\nContent-Disposition: form-data; name\r\n\r\nx\r\n--XyZ--",
        "--XyZ\r\nContent-Disposition: form-data; name=\"a\"b\r\n\r\nx\r\n--XyZ--",
        "--XyZ\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\nx\r\n--XyZ--",
        "--XyZ\r\nContent-Disposition : form-data; name=a\r\n\r\nx\r\n--XyZ--",
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

/* Only a form's content type with one proper boundary is a form. */
static void
content_type_is_checked(void **state)
{
#define SEVENTY "0123456789012345678901234567890123456789012345678901234567890123456789"
    static const struct {
        const char *type;
        const char *boundary; /* NULL: refused */
    } cases[] = {
        {"multipart/form-data; boundary=XyZ", "XyZ"},
        {"Multipart/Form-Data;BOUNDARY=\"XyZ\"", "XyZ"},
        {"multipart/form-data ; charset=utf-8 ;boundary=XyZ ;", "XyZ"},
        {"multipart/form-data; boundary=----=_Part_1.2", "----=_Part_1.2"},
        {"multipart/form-data; boundary=\"a b'()+_,-./:=?\"", "a b'()+_,-./:=?"},
        {"multipart/form-data; xboundary=a; boundary=b", "b"},
        {"multipart/form-data; x=\"boundary=a\"; boundary=b", "b"},
        {"multipart/form-data; boundary=" SEVENTY, SEVENTY},
        {"multipart/form-data; boundary=" SEVENTY "0", NULL},
        {NULL, NULL},
        {"", NULL},
        {"application/json", NULL},
        {"multipart/form-data", NULL},
        {"multipart/form-data;", NULL},
        {"multipart/form-datax; boundary=a", NULL},
        {"multipart/mixed; boundary=a", NULL},
        {"multipart/form-data boundary=a", NULL},
        {"multipart/form-data; xboundary=a", NULL},
        {"multipart/form-data; boundary=", NULL},
        {"multipart/form-data; boundary=\"\"", NULL},
        {"multipart/form-data; boundary=\"a", NULL},
        {"multipart/form-data; boundary=\"a \"", NULL},
        {"multipart/form-data; boundary=\"a\x01\"", NULL},
        {"multipart/form-data; boundary=\"a\"b", NULL},
        {"multipart/form-data; boundary=a b", NULL},
        {"multipart/form-data; boundary=a@b", NULL},
        {"multipart/form-data; boundary=a; boundary=a", NULL},
        {"multipart/form-data; boundary=a, multipart/form-data; boundary=b", NULL},
    };
    static struct fa_multipart parser;
    char longest[2000] = "multipart/form-data; boundary=a; x=";
    struct fa_error refused;

    (void)state;
    for (size_t i = 0; i < FA_COUNT(cases); i++) {
        struct fa_error err = {0};
        int result = fa_multipart_init(&parser, cases[i].type, &notes, NULL, &err);

        if ((result == 0) != (cases[i].boundary != NULL))
            fail_msg("%s: %s", result == 0 ? "taken" : err.fields[0].detail, cases[i].type);
        if (result == 0) {
            assert_int_equal(parser.delimiter_length, 4 + strlen(cases[i].boundary));
            assert_memory_equal(parser.delimiter + 4, cases[i].boundary, strlen(cases[i].boundary));
        } else {
            assert_int_equal(err.code, FA_E_INPUT);
            assert_string_equal(err.fields[0].name, "body");
        }
    }
    memset(longest + strlen(longest), 'x', 1000);
    assert_int_equal(fa_multipart_init(&parser, longest, &notes, NULL, &refused), -1);
#undef SEVENTY
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
       cmocka_unit_test(parameters_are_read), cmocka_unit_test(nul_is_not_the_end),
       cmocka_unit_test(parts_are_limited), cmocka_unit_test(sink_errors_are_returned),
       cmocka_unit_test(file_names_are_checked))
