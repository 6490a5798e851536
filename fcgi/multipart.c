#include "fcgi/multipart.h"
#include "fcgi/disposition.h"

#include <stdbool.h>
#include <string.h>

enum { CONTENT_TYPE_MAX = 512 };

static int
malformed(struct fa_error *err, const char *why)
{
    return fa_error_field(err, "body", "malformed form: %s", why);
}

/* --- the boundary ----------------------------------------------------------------------------- */

/* bchars of RFC 2046; a blank may not be the last. */
static bool
is_boundary(const char *text, size_t length)
{
    static const char others[] = "'()+_,-./:=? ";

    if (length == 0 || length > FA_MULTIPART_BOUNDARY || text[length - 1] == ' ')
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];

        if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
              (c != '\0' && strchr(others, c) != NULL)))
            return false;
    }
    return true;
}

int
fa_multipart_init(struct fa_multipart *parser, const char *content_type,
                  const struct fa_multipart_sink *sink, void *closure, struct fa_error *err)
{
    char type[CONTENT_TYPE_MAX];
    const char *boundary;
    size_t length = content_type != NULL ? strlen(content_type) : 0;

    *parser = (struct fa_multipart){.sink = sink, .closure = closure};
    if (length == 0 || length >= sizeof type)
        return fa_error_field(err, "body", "must be multipart/form-data");
    memcpy(type, content_type, length + 1);
    if (fa_disposition_boundary(type, &boundary, &length) < 0)
        return fa_error_field(err, "body", "must be multipart/form-data with one boundary");
    if (!is_boundary(boundary, length))
        return malformed(err, "its boundary is none");
    memcpy(parser->delimiter, "\r\n--", 4);
    memcpy(parser->delimiter + 4, boundary, length);
    parser->delimiter_length = 4 + length;
    /* The first delimiter may stand at the very start, as if a line had just ended. */
    parser->matched = parser->implied = 2;
    return 0;
}

/* --- contents --------------------------------------------------------------------------------- */

static int
emit(struct fa_multipart *parser, const char *data, size_t length, struct fa_error *err)
{
    if (length == 0 || parser->state == FA_M_PREAMBLE)
        return 0;
    return parser->sink->data(parser->closure, data, length, err);
}

static int
end_contents(struct fa_multipart *parser, struct fa_error *err)
{
    int result = parser->state == FA_M_BODY ? parser->sink->end(parser->closure, err) : 0;

    parser->state = FA_M_DELIMITER;
    parser->matched = parser->implied = 0;
    parser->header_length = 0;
    return result;
}

/*
 * Goes on with a delimiter that began in an earlier piece; how many bytes of this one it took.  CR
 * stands nowhere in a delimiter but at its start: after a mismatch what was matched is contents,
 * and only the byte at hand can begin another.
 */
static size_t
continue_match(struct fa_multipart *parser, const char *data, size_t length)
{
    size_t used = 0;

    while (used < length && parser->matched < parser->delimiter_length &&
           data[used] == parser->delimiter[parser->matched]) {
        parser->matched++;
        used++;
    }
    return used;
}

/* How many bytes at the end of `data` may begin a delimiter. */
static size_t
partial_match(const struct fa_multipart *parser, const char *data, size_t length)
{
    size_t window = length < parser->delimiter_length ? length : parser->delimiter_length - 1;
    const char *start = memrchr(data + length - window, '\r', window);
    size_t size;

    if (start == NULL)
        return 0;
    size = (size_t)(data + length - start);
    return memcmp(start, parser->delimiter, size) == 0 ? size : 0;
}

/* Takes contents up to and including the next delimiter; `used_r` tells how many bytes. */
static int
take_contents(struct fa_multipart *parser, const char *data, size_t length, size_t *used_r,
              struct fa_error *err)
{
    const char *found;
    size_t implied;
    size_t tail;

    *used_r = 0;
    if (parser->matched > 0) {
        *used_r = continue_match(parser, data, length);
        if (parser->matched == parser->delimiter_length)
            return end_contents(parser, err);
        if (*used_r == length)
            return 0;
        implied = parser->implied;
        tail = parser->matched - implied;
        parser->matched = parser->implied = 0;
        return emit(parser, parser->delimiter + implied, tail, err);
    }
    found = memmem(data, length, parser->delimiter, parser->delimiter_length);
    if (found != NULL) {
        *used_r = (size_t)(found - data) + parser->delimiter_length;
        if (emit(parser, data, (size_t)(found - data), err) < 0)
            return -1;
        return end_contents(parser, err);
    }
    parser->matched = partial_match(parser, data, length);
    *used_r = length;
    return emit(parser, data, length - parser->matched, err);
}

/* --- what stands between contents ------------------------------------------------------------- */

/* Collects up to and including the next line end; true when the line is complete. */
static bool
collect_line(struct fa_multipart *parser, const char *data, size_t length, size_t *used_r,
             bool *overflow_r)
{
    const char *end = memchr(data, '\n', length);
    size_t size = end != NULL ? (size_t)(end - data) + 1 : length;

    *overflow_r = size > FA_MULTIPART_HEADER - parser->header_length;
    if (*overflow_r)
        return false;
    memcpy(parser->header + parser->header_length, data, size);
    parser->header_length += size;
    *used_r = size;
    return end != NULL;
}

static int
take_delimiter(struct fa_multipart *parser, const char *data, size_t length, size_t *used_r,
               struct fa_error *err)
{
    bool overflow;

    /* "--" behind the boundary closes the form; blanks and a line end begin a part. */
    if (parser->header_length < 2) {
        parser->header[parser->header_length++] = *data;
        *used_r = 1;
        if (parser->header_length == 2 && memcmp(parser->header, "--", 2) == 0)
            parser->state = FA_M_EPILOGUE;
        else if (parser->header_length == 2 && memcmp(parser->header, "\r\n", 2) == 0)
            parser->state = FA_M_HEADER;
        if (parser->state == FA_M_HEADER)
            parser->header_length = 0;
        return 0;
    }
    if (!collect_line(parser, data, length, used_r, &overflow))
        return overflow ? malformed(err, "no line end behind a boundary") : 0;
    if (strspn(parser->header, " \t") != parser->header_length - 2 ||
        memcmp(parser->header + parser->header_length - 2, "\r\n", 2) != 0)
        return malformed(err, "text behind a boundary");
    parser->state = FA_M_HEADER;
    parser->header_length = 0;
    return 0;
}

static int
begin_part(struct fa_multipart *parser, struct fa_error *err)
{
    struct fa_multipart_part part;

    if (++parser->parts > FA_MULTIPART_PARTS)
        return malformed(err, "too many parts");
    if (fa_disposition_parse(parser->header, parser->header_length, &part) < 0)
        return malformed(err, "a part without a proper Content-Disposition");
    parser->state = FA_M_BODY;
    /* The header's last line end may be the delimiter's first: an empty part. */
    parser->matched = parser->implied = 2;
    return parser->sink->begin(parser->closure, &part, err);
}

static int
take_header(struct fa_multipart *parser, const char *data, size_t length, size_t *used_r,
            struct fa_error *err)
{
    bool overflow;

    if (!collect_line(parser, data, length, used_r, &overflow))
        return overflow ? malformed(err, "the header of a part is too long") : 0;
    parser->header[parser->header_length] = '\0';
    if (parser->header_length < 4 ||
        memcmp(parser->header + parser->header_length - 4, "\r\n\r\n", 4) != 0)
        return parser->header_length == 2 ? malformed(err, "a part without a header") : 0;
    return begin_part(parser, err);
}

int
fa_multipart_feed(struct fa_multipart *parser, const char *data, size_t length,
                  struct fa_error *err)
{
    while (length > 0 && parser->state != FA_M_EPILOGUE) {
        size_t used = 0;
        int result =
            parser->state == FA_M_DELIMITER ? take_delimiter(parser, data, length, &used, err)
            : parser->state == FA_M_HEADER  ? take_header(parser, data, length, &used, err)
                                            : take_contents(parser, data, length, &used, err);

        if (result < 0)
            return -1;
        data += used;
        length -= used;
    }
    return 0;
}

int
fa_multipart_finish(const struct fa_multipart *parser, struct fa_error *err)
{
    if (parser->state != FA_M_EPILOGUE)
        return malformed(err, "its closing boundary is missing");
    return 0;
}
