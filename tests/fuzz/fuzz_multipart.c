/* Multipart bodies: whole and byte by byte must be the same to the sink. */
#include "fcgi/multipart.h"
#include "lib/base/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
note_begin(void *closure, const struct fa_multipart_part *part, struct fa_error *err)
{
    (void)err;
    fa_buf_printf(closure, "<%s|", part->name);
    if (part->filename != NULL)
        fa_buf_add(closure, part->filename, part->filename_length);
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
    fa_buf_add_text(closure, ">");
    return 0;
}

/* 1 when the form was accepted. */
static int
parse(const char *body, size_t length, size_t step, struct fa_buf *seen)
{
    static const struct fa_multipart_sink notes = {note_begin, note_data, note_end};
    static struct fa_multipart parser;
    struct fa_error err = {0};

    if (fa_multipart_init(&parser, "multipart/form-data; boundary=B", &notes, seen, &err) < 0)
        abort();
    for (size_t i = 0; i < length; i += step)
        if (fa_multipart_feed(&parser, body + i, length - i < step ? length - i : step, &err) < 0)
            return 0;
    return fa_multipart_finish(&parser, &err) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fa_buf whole;
    struct fa_buf pieces;

    fa_buf_init(&whole, 1 << 20);
    fa_buf_init(&pieces, 1 << 20);
    if (parse((const char *)data, size, size + 1, &whole) !=
        parse((const char *)data, size, 1, &pieces))
        abort();
    if (whole.length != pieces.length ||
        (whole.length > 0 && memcmp(whole.data, pieces.data, whole.length) != 0))
        abort();
    fa_buf_free(&whole);
    fa_buf_free(&pieces);
    return 0;
}
