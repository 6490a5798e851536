#include "lib/geometry/png.h"
#include "lib/base/cleanup.h"
#include "lib/geometry/output.h"

#include <png.h>
#include <setjmp.h>
#include <zlib.h>

static void
write_bytes(png_structp png, png_bytep data, size_t length)
{
    fa_output_add(png_get_io_ptr(png), data, length);
}

static void
flush_nothing(png_structp png)
{
    (void)png;
}

/* libpng reports errors by longjmp; everything that must survive it is the caller's. */
static int
encode(png_structp png, png_infop info, const uint8_t *pixels, uint32_t size)
{
    if (setjmp(png_jmpbuf(png)) != 0)
        return -1;
    png_set_IHDR(png, info, size, size, 8, PNG_COLOR_TYPE_RGBA, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
    /* On drawn surfaces no choice among filters is smaller than this one, and each costs time. */
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
    png_set_compression_strategy(png, Z_DEFAULT_STRATEGY);
    png_set_compression_level(png, 5);
    png_write_info(png, info);
    for (uint32_t y = 0; y < size; y++)
        png_write_row(png, pixels + (size_t)y * size * 4);
    png_write_end(png, NULL);
    return 0;
}

int
fa_png_write(const uint8_t *pixels, uint32_t size, int fd, struct fa_error *err)
{
    FA_AUTO_FREE struct fa_output *out = malloc(sizeof *out);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
    int result = -1;

    if (out != NULL && info != NULL) {
        fa_output_init(out, fd);
        png_set_write_fn(png, out, write_bytes, flush_nothing);
        result = encode(png, info, pixels, size);
    }
    png_destroy_write_struct(&png, &info);
    if (result < 0)
        return fa_error_set(err, FA_E_MEMORY, "picture");
    return fa_output_finish(out, err);
}
