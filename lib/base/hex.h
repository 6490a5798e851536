/* Bytes as hexadecimal digits. */
#ifndef FA_BASE_HEX_H
#define FA_BASE_HEX_H

#include <stddef.h>

/* Writes two lower-case digits for each byte, and a NUL, to `text`; returns it. */
char *fa_hex_text(const unsigned char *bytes, size_t count, char *text);

#endif
