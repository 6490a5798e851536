/*
 * Inside lib/geometry only: the samples of a picture being drawn.
 *
 * Screen space has x to the right, y down and z towards the viewer, all in samples, so that slopes
 * mean the same in every direction.
 */
#ifndef FA_GEOMETRY_FRAME_H
#define FA_GEOMETRY_FRAME_H

#include "lib/geometry/edges.h"
#include "lib/geometry/normals.h"

#include <math.h>

enum { FA_SAMPLES = 4, FA_NO_FACET = 0 }; /* samples along each side of a pixel */

/* A part of a frame; the ends are included. */
struct fa_window {
    int left, top, right, bottom;
};

/* The facet seen at a place of the screen, side by side with its depth: one line of the cache. */
struct fa_sample {
    float z;
    uint32_t facet; /* 1 + its number, or FA_NO_FACET */
};

struct fa_frame {
    const struct fa_mesh *mesh;
    const struct fa_normals *normals;
    const float (*colours)[4]; /* by the mesh's colour numbers */
    uint32_t side;             /* samples along each side of the frame */
    size_t stride;             /* from one row of samples to the next */
    struct fa_window window;   /* outside of it there is nothing of the part */
    float (*points)[3];        /* the mesh's vertices in screen space */
    struct fa_sample *samples;
    uint8_t *ink; /* per sample: darkness of lines, 0 to 255 */
};

/* Direction of a vector in screen space (unit vectors stay unit vectors). */
void fa_frame_turn(const float world[3], float screen[3]);

/* Projects the mesh into a frame of `side` samples; FA_E_MEMORY. */
int fa_frame_open(struct fa_frame *frame, const struct fa_mesh *mesh,
                  const struct fa_normals *normals, uint32_t side,
                  struct fa_error *err) FA_MUSTCHECK;
void fa_frame_close(struct fa_frame *frame);

/* Fills the samples, each with the facet that is nearest there.  FA_E_MEMORY. */
int fa_frame_fill(struct fa_frame *frame, struct fa_error *err) FA_MUSTCHECK;

/* Draws creases, open edges and outlines into ink; after fa_frame_fill.  FA_E_MEMORY. */
int fa_frame_draw_lines(struct fa_frame *frame, const struct fa_edges *edges,
                        struct fa_error *err) FA_MUSTCHECK;

/* Ambient occlusion per pixel, 1 in the open and towards 0 in corners; `out` has one value for each
 * pixel, of which those in the window are written.  FA_E_MEMORY. */
int fa_frame_occlusion(const struct fa_frame *frame, float *out, struct fa_error *err) FA_MUSTCHECK;

#endif
