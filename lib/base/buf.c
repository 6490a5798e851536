#include "lib/base/buf.h"
#include "lib/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
fa_buf_init(struct fa_buf *buf, size_t limit)
{
    *buf = (struct fa_buf){.limit = limit};
}

void
fa_buf_reset(struct fa_buf *buf)
{
    buf->length = 0;
    buf->failed = buf->full = false;
}

void
fa_buf_free(struct fa_buf *buf)
{
    free(buf->data);
    *buf = (struct fa_buf){.limit = buf->limit};
}

/* Makes room for `more` bytes and the NUL. */
static bool
reserve(struct fa_buf *buf, size_t more)
{
    size_t need;
    size_t capacity;
    char *data;

    if (buf->failed)
        return false;
    if (more > buf->limit || buf->length > buf->limit - more) {
        buf->failed = buf->full = true;
        return false;
    }
    need = buf->length + more + 1;
    if (need <= buf->capacity)
        return true;
    capacity = buf->capacity * 2 > need ? buf->capacity * 2 : need;
    if (capacity < 256)
        capacity = 256;
    data = realloc(buf->data, capacity);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

void
fa_buf_add(struct fa_buf *buf, const void *data, size_t length)
{
    if (!reserve(buf, length))
        return;
    memcpy(buf->data + buf->length, data, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
}

void
fa_buf_add_text(struct fa_buf *buf, const char *text)
{
    fa_buf_add(buf, text, strlen(text));
}

void
fa_buf_printf(struct fa_buf *buf, const char *fmt, ...)
{
    va_list args;
    size_t room;
    int length;

    /* Nearly always it fits into what is there, so it is formatted once. */
    if (!reserve(buf, 0))
        return;
    room = buf->capacity - buf->length;
    va_start(args, fmt);
    length = vsnprintf(buf->data + buf->length, room, fmt, args);
    va_end(args);
    if (length < 0 || !reserve(buf, (size_t)length)) {
        buf->data[buf->length] = '\0';
        buf->failed = true;
        return;
    }
    if ((size_t)length >= room) {
        va_start(args, fmt);
        vsnprintf(buf->data + buf->length, (size_t)length + 1, fmt, args);
        va_end(args);
    }
    buf->length += (size_t)length;
}

int
fa_buf_check(const struct fa_buf *buf, const char *what, struct fa_error *err)
{
    if (!buf->failed)
        return 0;
    return buf->full ? fa_error_set(err, FA_E_INTERNAL, "%s: more than %zu bytes", what, buf->limit)
                     : fa_error_set(err, FA_E_MEMORY, "%s", what);
}

/* How many of the bytes stand in a JSON string as they are: printable ASCII. */
static size_t
plain_json(const char *text, const char *end)
{
    const char *at = text;

    while (at < end && *at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
        at++;
    return (size_t)(at - text);
}

void
fa_buf_add_json(struct fa_buf *buf, const char *text, size_t length)
{
    const char *end = text + length;

    fa_buf_add(buf, "\"", 1);
    while (text < end) {
        size_t plain = plain_json(text, end);
        size_t size = plain > 0 ? plain : fa_utf8_next(text, (size_t)(end - text), NULL);
        unsigned char c = (unsigned char)*text;

        if (size == 0) {
            fa_buf_add_text(buf, "\\ufffd");
            size = 1;
        } else if (c == '"' || c == '\\') {
            fa_buf_printf(buf, "\\%c", c);
        } else if (c < 0x20 || c == 0x7f) {
            fa_buf_printf(buf, "\\u%04x", c);
        } else {
            fa_buf_add(buf, text, size);
        }
        text += size;
    }
    fa_buf_add(buf, "\"", 1);
}

void
fa_buf_add_member(struct fa_buf *buf, const char *name, const char *text)
{
    fa_buf_printf(buf, ",\"%s\":", name);
    if (text != NULL)
        fa_buf_add_json(buf, text, strlen(text));
    else
        fa_buf_add_text(buf, "null");
}
