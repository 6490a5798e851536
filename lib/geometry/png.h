/* Pictures as PNG. */
#ifndef FA_GEOMETRY_PNG_H
#define FA_GEOMETRY_PNG_H

#include "lib/base/error.h"

#include <stdint.h>

/* Writes `size` x `size` pixels of RGBA (8 bit, sRGB, not premultiplied); the same pixels give the
 * same bytes. */
int fa_png_write(const uint8_t *pixels, uint32_t size, int fd, struct fa_error *err) FA_MUSTCHECK;

#endif
