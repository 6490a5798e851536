/*
 * The part's picture, drawn in software: isometric from front, right and top, as uploaded.
 *
 * Orthographic, 4 x 4 samples a pixel, key, fill and sky light in linear colour, ambient occlusion,
 * dark creases and outline, transparent around the part.  No graphics library and no randomness:
 * the same mesh gives the same pixels.
 */
#ifndef FA_GEOMETRY_RENDER_H
#define FA_GEOMETRY_RENDER_H

#include "lib/geometry/edges.h"
#include "lib/geometry/normals.h"

enum { FA_RENDER_SIZE = 512, FA_RENDER_SIZE_MAX = 1024 };

/* What is drawn. */
struct fa_drawing {
    const struct fa_mesh *mesh;
    const struct fa_normals *normals; /* of the mesh */
    const struct fa_edges *edges;     /* of the mesh */
    const float (*colours)[4];        /* by the mesh's colour numbers, linear RGBA */
};

/* Draws into `size` x `size` pixels of RGBA, 8 bit, sRGB, not premultiplied; FA_E_MEMORY. */
int fa_render(const struct fa_drawing *drawing, uint32_t size, uint8_t *pixels,
              struct fa_error *err) FA_MUSTCHECK;

/* Makes a picture of half the size, in place; `size` is even. */
void fa_render_halve(uint8_t *pixels, uint32_t size);

#endif
