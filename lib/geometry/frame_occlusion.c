/*
 * Ambient occlusion in screen space: around every pixel, how much of the hemisphere over its
 * surface is taken by what stands nearby (after Bavoil and Sainz, Image-Space Horizon-Based Ambient
 * Occlusion, 2008, with fixed directions so that the result is reproducible).
 */
#include "lib/base/cleanup.h"
#include "lib/geometry/frame.h"

#include <stdlib.h>

enum { DIRECTIONS = 16, RINGS = 3, TAPS = DIRECTIONS * RINGS, UNKNOWN = -1 };

/* Radius of the outermost ring, as a share of the frame. */
static const float radius_share = 0.075F;
static const float bias = 0.12F;
static const float strength = 1.9F;

/* A neighbour that may stand in the way. */
struct tap {
    float x, y, square; /* how far away it is in the plane of the picture */
    ptrdiff_t offset;
};

/* The frame's pixels, each seen by the sample in its middle; around them is a margin of empty ones,
 * so that all taps are there. */
struct pixels {
    const struct fa_frame *frame;
    float radius;
    int margin;
    size_t stride;
    float *depth; /* in pixels; -INFINITY: nothing there */
    float *open;  /* 1 in the open; UNKNOWN where nobody has looked */
    struct tap taps[TAPS];
};

static size_t
place_of(const struct pixels *pixels, int x, int y)
{
    return (size_t)(y + pixels->margin) * pixels->stride + (size_t)(x + pixels->margin);
}

static const struct fa_sample *
sample_of(const struct fa_frame *frame, int x, int y)
{
    return frame->samples + ((size_t)y * FA_SAMPLES + FA_SAMPLES / 2) * frame->stride +
           (size_t)x * FA_SAMPLES + FA_SAMPLES / 2;
}

static void
make_taps(struct pixels *pixels)
{
    for (int i = 0; i < TAPS; i++) {
        float angle = 6.2831853F * ((float)i + 0.5F * (float)(i / DIRECTIONS)) / DIRECTIONS;
        float reach = pixels->radius * (float)(i / DIRECTIONS + 1) / RINGS;
        float x = roundf(reach * cosf(angle));
        float y = roundf(reach * sinf(angle));

        if (x == 0 && y == 0)
            x = 1;
        pixels->taps[i] =
            (struct tap){x, y, x * x + y * y, (ptrdiff_t)y * (ptrdiff_t)pixels->stride + (int)x};
    }
}

static float
openness_at(const struct pixels *pixels, int x, int y)
{
    const float *depth = pixels->depth + place_of(pixels, x, y);
    float fall_off = 1 / (pixels->radius * pixels->radius);
    float sum = 0;
    float normal[3];

    fa_frame_turn(pixels->frame->normals->facets[sample_of(pixels->frame, x, y)->facet - 1],
                  normal);
    if (normal[2] < 0)
        for (int i = 0; i < 3; i++)
            normal[i] = -normal[i];
    for (int i = 0; i < TAPS; i++) {
        const struct tap *tap = &pixels->taps[i];
        float rise = depth[tap->offset] - *depth;
        float square = tap->square + rise * rise;
        float along = tap->x * normal[0] + tap->y * normal[1] + rise * normal[2];

        /* Most neighbours do not rise over the surface, or are empty: no root for them. */
        if (along > 0 && along * along > bias * bias * square)
            sum += (along / sqrtf(square) - bias) / (1 + square * fall_off);
    }
    sum = 1 - strength * sum / TAPS * 2;
    return sum > 0 ? sum : 0;
}

/* Mean over the neighbours on the same surface; only every second pixel is known by itself. */
static float
smooth(const struct pixels *pixels, int x, int y)
{
    size_t at = place_of(pixels, x, y);
    float sum = 0;
    float count = 0;

    for (int i = -1; i <= 1; i++)
        for (int j = -1; j <= 1; j++) {
            size_t next = at + (size_t)i * pixels->stride + (size_t)j;

            if (pixels->open[next] >= 0 && fabsf(pixels->depth[next] - pixels->depth[at]) < 4) {
                sum += pixels->open[next];
                count++;
            }
        }
    return count > 0 ? sum / count : 1;
}

static void
occlude(struct pixels *pixels, float *out)
{
    const struct fa_frame *frame = pixels->frame;
    size_t size = frame->side / FA_SAMPLES;
    const struct fa_window window = {
        frame->window.left / FA_SAMPLES, frame->window.top / FA_SAMPLES,
        frame->window.right / FA_SAMPLES, frame->window.bottom / FA_SAMPLES};

    for (int y = window.top; y <= window.bottom; y++)
        for (int x = window.left; x <= window.right; x++) {
            const struct fa_sample *sample = sample_of(frame, x, y);

            if (sample->facet != FA_NO_FACET)
                pixels->depth[place_of(pixels, x, y)] = sample->z / FA_SAMPLES;
        }
    for (int y = window.top; y <= window.bottom; y++)
        for (int x = window.left; x <= window.right; x++)
            if ((x + y) % 2 == 0 && sample_of(frame, x, y)->facet != FA_NO_FACET)
                pixels->open[place_of(pixels, x, y)] = openness_at(pixels, x, y);
    for (int y = window.top; y <= window.bottom; y++)
        for (int x = window.left; x <= window.right; x++)
            out[(size_t)y * size + (size_t)x] = smooth(pixels, x, y);
}

int
fa_frame_occlusion(const struct fa_frame *frame, float *out, struct fa_error *err)
{
    size_t size = frame->side / FA_SAMPLES;
    float radius = fmaxf(2, radius_share * (float)size);
    int margin = (int)radius + 1;
    size_t stride = size + 2 * (size_t)margin;
    FA_AUTO_FREE float *depth = malloc(stride * stride * sizeof *depth);
    FA_AUTO_FREE float *open = malloc(stride * stride * sizeof *open);
    struct pixels pixels = {.frame = frame,
                            .radius = radius,
                            .margin = margin,
                            .stride = stride,
                            .depth = depth,
                            .open = open};

    if (depth == NULL || open == NULL)
        return fa_error_set(err, FA_E_MEMORY, "picture");
    for (size_t i = 0; i < stride * stride; i++) {
        depth[i] = -INFINITY;
        open[i] = UNKNOWN;
    }
    make_taps(&pixels);
    occlude(&pixels, out);
    return 0;
}
