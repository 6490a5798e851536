/* Bytes as hexadecimal digits. */
#ifndef FA_BASE_HEX_H
#define FA_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>

/* Writes two lower-case digits for each byte, and a NUL, to `text`; returns it. */
char *fa_hex_text(const unsigned char *bytes, size_t count, char *text);

/* The value of a digit in either case, or -1. */
int fa_hex_digit(char c);

/* Reads `count` bytes from a text that is nothing but their digits; false when it is not. */
bool fa_hex_read(const char *text, unsigned char *bytes, size_t count);

#endif
