#include "ws/frame.h"
#include "lib/base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum {
    FINAL = 0x80,
    RESERVED = 0x70,
    OPCODE = 0x0f,
    IS_CONTROL = 0x08,
    MASKED = 0x80,
    LENGTH = 0x7f,
    LENGTH_16 = 126,
    LENGTH_64 = 127,
    FIRST = 2, /* bytes of a head that tell how long it is */
    MASK = 4
};

static const struct fa_frame nothing = {.kind = FA_FRAME_NONE};

static struct fa_frame
wrong(uint16_t code)
{
    return (struct fa_frame){.kind = FA_FRAME_WRONG, .code = code};
}

static bool
is_control(const struct fa_frame_reader *reader)
{
    return (reader->head[0] & IS_CONTROL) != 0;
}

/* --- heads -------------------------------------------------------------------------------------
 */

/* Judges the first two bytes: FA_CLOSE_PROTOCOL, or 0. */
static uint16_t
judge_first(const struct fa_frame_reader *reader)
{
    unsigned char opcode = reader->head[0] & OPCODE;
    bool final = (reader->head[0] & FINAL) != 0;
    bool well;

    switch (opcode) {
    case 0:
        well = reader->message_kind != FA_FRAME_NONE;
        break;
    case FA_FRAME_TEXT:
    case FA_FRAME_BINARY:
        well = reader->message_kind == FA_FRAME_NONE;
        break;
    case FA_FRAME_CLOSE:
    case FA_FRAME_PING:
    case FA_FRAME_PONG:
        well = final && (reader->head[1] & LENGTH) <= FA_FRAME_CONTROL;
        break;
    default:
        well = false;
    }
    /* No extension was agreed on, and clients always mask. */
    well = well && (reader->head[0] & RESERVED) == 0 && (reader->head[1] & MASKED) != 0;
    return well ? 0 : FA_CLOSE_PROTOCOL;
}

static size_t
length_bytes(const struct fa_frame_reader *reader)
{
    switch (reader->head[1] & LENGTH) {
    case LENGTH_16:
        return 2;
    case LENGTH_64:
        return 8;
    default:
        return 0;
    }
}

/* Reads the whole head; a close code, or 0.  A length must be written as short as it can be. */
static uint16_t
begin_payload(struct fa_frame_reader *reader)
{
    size_t bytes = length_bytes(reader);
    uint64_t length = bytes == 0 ? reader->head[1] & LENGTH : 0;

    for (size_t i = 0; i < bytes; i++)
        length = length << 8 | reader->head[FIRST + i];
    if ((bytes == 2 && length < LENGTH_16) || (bytes == 8 && (length <= 0xffff || length >> 63)))
        return FA_CLOSE_PROTOCOL;
    reader->left = length;
    reader->mask_at = 0;
    if (is_control(reader)) {
        reader->control_length = 0;
        return 0;
    }
    if (length > FA_FRAME_MESSAGE - reader->message_length)
        return FA_CLOSE_TOO_LARGE;
    if (reader->message_kind == FA_FRAME_NONE)
        reader->message_kind = (enum fa_frame_kind)(reader->head[0] & OPCODE);
    if (reader->message == NULL)
        reader->message = malloc(FA_FRAME_MESSAGE);
    return reader->message != NULL ? 0 : FA_CLOSE_TOO_LARGE;
}

/* Takes bytes of a head; a close code, or 0. */
static uint16_t
take_head(struct fa_frame_reader *reader, const unsigned char *data, size_t length, size_t *used)
{
    uint16_t code = 0;

    while (*used < length && code == 0) {
        reader->head[reader->head_length++] = data[(*used)++];
        if (reader->head_length == FIRST) {
            code = judge_first(reader);
            reader->head_needed = (unsigned char)(FIRST + length_bytes(reader) + MASK);
        }
        if (reader->head_length > FIRST && reader->head_length == reader->head_needed)
            return begin_payload(reader);
    }
    return code;
}

/* --- payloads ----------------------------------------------------------------------------------
 */

static void
take_payload(struct fa_frame_reader *reader, const unsigned char *data, size_t length, size_t *used)
{
    const unsigned char *mask = reader->head + reader->head_needed - MASK;
    size_t *filled = is_control(reader) ? &reader->control_length : &reader->message_length;
    unsigned char *target = is_control(reader) ? reader->control : reader->message;

    while (reader->left > 0 && *used < length) {
        target[(*filled)++] = data[(*used)++] ^ mask[reader->mask_at++ % MASK];
        reader->left--;
    }
}

/* A text that is not whole yet may end inside of a character. */
static bool
is_text(const unsigned char *data, size_t length, bool whole)
{
    while (length > 0) {
        size_t size = fa_utf8_next((const char *)data, length, NULL);

        if (size == 0)
            return !whole && length < 4;
        data += size;
        length -= size;
    }
    return true;
}

/* Codes a peer may send: those defined for that, and those of libraries and applications. */
static bool
is_close_code(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static struct fa_frame
end_control(struct fa_frame_reader *reader)
{
    struct fa_frame frame = {.kind = (enum fa_frame_kind)(reader->head[0] & OPCODE),
                             .data = reader->control,
                             .length = reader->control_length,
                             .code = FA_CLOSE_NONE};

    if (frame.kind != FA_FRAME_CLOSE || frame.length == 0)
        return frame;
    frame.code = (uint16_t)(frame.data[0] << 8 | (frame.length > 1 ? frame.data[1] : 0));
    if (frame.length == 1 || !is_close_code(frame.code))
        return wrong(FA_CLOSE_PROTOCOL);
    return is_text(frame.data + 2, frame.length - 2, true) ? frame : wrong(FA_CLOSE_TEXT);
}

static struct fa_frame
end_data(struct fa_frame_reader *reader)
{
    bool final = (reader->head[0] & FINAL) != 0;
    struct fa_frame frame = {
        .kind = reader->message_kind, .data = reader->message, .length = reader->message_length};

    if (frame.kind == FA_FRAME_TEXT && !is_text(frame.data, frame.length, final))
        return wrong(FA_CLOSE_TEXT);
    if (!final)
        return nothing;
    reader->message_kind = FA_FRAME_NONE;
    reader->message_length = 0;
    return frame;
}

struct fa_frame
fa_frame_read(struct fa_frame_reader *reader, const unsigned char *data, size_t length,
              size_t *used_r)
{
    struct fa_frame frame = nothing;

    *used_r = 0;
    if (reader->message_kind == FA_FRAME_NONE) {
        free(reader->message);
        reader->message = NULL;
    }
    while (frame.kind == FA_FRAME_NONE && *used_r < length) {
        bool whole = reader->head_needed > 0 && reader->head_length == reader->head_needed;
        uint16_t code = whole ? 0 : take_head(reader, data, length, used_r);

        if (code != 0)
            return wrong(code);
        if (reader->head_needed == 0 || reader->head_length < reader->head_needed)
            break;
        take_payload(reader, data, length, used_r);
        if (reader->left > 0)
            break;
        frame = is_control(reader) ? end_control(reader) : end_data(reader);
        reader->head_length = reader->head_needed = 0;
    }
    return frame;
}

void
fa_frame_clear(struct fa_frame_reader *reader)
{
    free(reader->message);
    *reader = (struct fa_frame_reader){.message = NULL};
}

size_t
fa_frame_head(unsigned char head[FA_FRAME_HEAD], enum fa_frame_kind kind, size_t length)
{
    size_t bytes = length < LENGTH_16 ? 0 : length <= 0xffff ? 2 : 8;

    head[0] = (unsigned char)(FINAL | (unsigned)kind);
    head[1] = (unsigned char)(bytes == 0 ? length : bytes == 2 ? LENGTH_16 : LENGTH_64);
    for (size_t i = 0; i < bytes; i++)
        head[FIRST + i] = (unsigned char)(length >> 8 * (bytes - 1 - i));
    return FIRST + bytes;
}
