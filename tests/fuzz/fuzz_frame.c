/* WebSocket frames: cut into other pieces, the same bytes are the same messages. */
#include "ws/frame.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads all in pieces of `step` bytes; a number made of what was found. */
static uint64_t
read_all(const uint8_t *data, size_t size, size_t step)
{
    struct fa_frame_reader reader = {.message = NULL};
    struct fa_frame frame = {.kind = FA_FRAME_NONE};
    uint64_t sum = 0;
    size_t used = 0;

    for (size_t at = 0; at < size && frame.kind != FA_FRAME_WRONG; at += used) {
        frame = fa_frame_read(&reader, data + at, step < size - at ? step : size - at, &used);
        if (frame.kind == FA_FRAME_NONE && used == 0)
            abort();
        if (frame.kind == FA_FRAME_NONE)
            continue;
        sum = sum * 31 + (uint64_t)frame.kind * 7 + frame.length + frame.code;
        for (size_t i = 0; i < frame.length; i++)
            sum = sum * 31 + frame.data[i];
        if (frame.length > FA_FRAME_MESSAGE)
            abort();
    }
    fa_frame_clear(&reader);
    return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t step = size > 0 ? 1 + data[0] % 16 : 1;

    if (read_all(data, size, size + 1) != read_all(data, size, step))
        abort();
    return 0;
}
