#include "lib/base/utf8.h"

size_t
fa_utf8_next(const char *text, size_t length, uint32_t *code_r)
{
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)text;
    uint32_t code;
    size_t size;

    if (length == 0)
        return 0;
    if (bytes[0] < 0x80) {
        size = 1;
        code = bytes[0];
    } else if (bytes[0] >= 0xc2 && bytes[0] < 0xf5) {
        size = bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
        code = bytes[0] & (0x7fU >> size);
    } else {
        return 0;
    }
    if (size > length)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (bytes[i] & 0x3fU);
    }
    if (code < smallest[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    if (code_r != NULL)
        *code_r = code;
    return size;
}

bool
fa_utf8_valid(const char *text, size_t length, size_t *count_r)
{
    size_t count = 0;

    while (length > 0) {
        size_t size = fa_utf8_next(text, length, NULL);

        if (size == 0)
            return false;
        text += size;
        length -= size;
        count++;
    }
    if (count_r != NULL)
        *count_r = count;
    return true;
}

size_t
fa_utf8_put(uint32_t code, char text[4])
{
    static const unsigned char heads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        text[i] = (char)(0x80 | (code & 0x3f));
    text[0] = (char)(heads[length] | code);
    return length;
}
