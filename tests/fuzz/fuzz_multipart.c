/* Multipart bodies: whole and byte by byte must be the same to the sink. */
#include "tests/unit/multipart_notes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 1 when the form was accepted. */
static int
parse(const char *body, size_t length, size_t step, struct fa_buf *seen)
{
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
