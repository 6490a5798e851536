#include "lib/base/base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The bytes of `text`, written to `data`; false when it is no base64url. */
static bool
decode(const char *text, size_t length, unsigned char *data, size_t *size_r)
{
    uint32_t bits = 0;
    int pending = 0; /* bits held that make no whole byte yet */
    size_t size = 0;

    for (size_t i = 0; i < length; i++) {
        const char *digit = text[i] != '\0' ? strchr(alphabet, text[i]) : NULL;

        if (digit == NULL)
            return false;
        bits = (bits << 6 | (uint32_t)(digit - alphabet)) & 0xffffff;
        pending += 6;
        if (pending >= 8) {
            pending -= 8;
            data[size++] = (unsigned char)(bits >> pending);
        }
    }
    data[size] = '\0';
    *size_r = size;
    /* Two spellings of one value would be two tokens of one signature. */
    return pending < 6 && (bits & ((1U << pending) - 1)) == 0;
}

unsigned char *
fa_base64_decode(struct fa_arena *arena, const char *text, size_t length, size_t *size_r)
{
    unsigned char *data = fa_arena_alloc(arena, length / 4 * 3 + 3);

    if (data != NULL && decode(text, length, data, size_r))
        return data;
    errno = data == NULL ? ENOMEM : EINVAL;
    return NULL;
}

void
fa_base64_encode(struct fa_buf *out, const unsigned char *data, size_t length)
{
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i < 3 ? length - i : 3;
        uint32_t bits = (uint32_t)data[i] << 16;
        char digits[4];

        if (left > 1)
            bits |= (uint32_t)data[i + 1] << 8;
        if (left > 2)
            bits |= data[i + 2];
        for (int j = 0; j < 4; j++)
            digits[j] = alphabet[bits >> (18 - 6 * j) & 63];
        fa_buf_add(out, digits, left + 1);
    }
}
