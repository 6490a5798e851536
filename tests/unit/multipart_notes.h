/* A sink for the multipart parser that keeps notes in a struct fa_buf. */
#ifndef FA_TESTS_MULTIPART_NOTES_H
#define FA_TESTS_MULTIPART_NOTES_H

#include "fcgi/multipart.h"
#include "lib/base/buf.h"

/* Writes down what the sink sees: <name|filename>contents. */
static int
note_begin(void *closure, const struct fa_multipart_part *part, struct fa_error *err)
{
    (void)err;
    fa_buf_printf(closure, "<%s|", part->name);
    if (part->filename != NULL)
        fa_buf_add(closure, part->filename, part->filename_length);
    fa_buf_add_text(closure, ">");
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

#endif
