/*
 * Ambient occlusion in screen space: around every pixel, how much of the hemisphere over its
 * surface is taken by what stands nearby (after Bavoil and Sainz, Image-Space Horizon-Based Ambient
 * Occlusion, 2008, with fixed directions so that the result is reproducible).
 */
#include "lib/geometry/frame.h"

#include <stdlib.h>

enum { DIRECTIONS = 16, RINGS = 3, UNKNOWN = -1 };

/* Radius of the outermost ring, as a share of the frame. */
static const float radius_share = 0.075F;
static const float bias = 0.12F;
static const float strength = 1.9F;

/* The pixels' view of the frame: the sample in each one's middle. */
struct pixels {
    int size;
    struct fa_window window; /* of pixels that may hold something */
    float *depth;            /* in pixels; -INFINITY: nothing there */
    float (*normals)[3];
};

static void
look(const struct fa_frame *frame, struct pixels *pixels)
{
    for (int i = 0; i < pixels->size * pixels->size; i++)
        pixels->depth[i] = -INFINITY;
    for (int y = pixels->window.top; y <= pixels->window.bottom; y++)
        for (int x = pixels->window.left; x <= pixels->window.right; x++) {
            size_t sample = ((size_t)y * FA_SAMPLES + FA_SAMPLES / 2) * frame->side +
                            (size_t)x * FA_SAMPLES + FA_SAMPLES / 2;
            size_t at = (size_t)y * (size_t)pixels->size + (size_t)x;
            float *normal = pixels->normals[at];

            if (frame->facets[sample] == FA_NO_FACET)
                continue;
            pixels->depth[at] = frame->depth[sample] / FA_SAMPLES;
            fa_frame_turn(frame->normals->facets[frame->facets[sample] - 1], normal);
            if (normal[2] < 0)
                for (int i = 0; i < 3; i++)
                    normal[i] = -normal[i];
        }
}

static float
occlusion_at(const struct pixels *pixels, int x, int y, int offsets[][2], float radius)
{
    size_t at = (size_t)y * (size_t)pixels->size + (size_t)x;
    const float *normal = pixels->normals[at];
    float sum = 0;

    for (int i = 0; i < DIRECTIONS * RINGS; i++) {
        int nx = x + offsets[i][0];
        int ny = y + offsets[i][1];
        float to[3], square, along;

        if (nx < 0 || ny < 0 || nx >= pixels->size || ny >= pixels->size)
            continue;
        to[0] = (float)offsets[i][0];
        to[1] = (float)offsets[i][1];
        to[2] = pixels->depth[(size_t)ny * (size_t)pixels->size + (size_t)nx] - pixels->depth[at];
        if (!isfinite(to[2]))
            continue;
        square = to[0] * to[0] + to[1] * to[1] + to[2] * to[2];
        along = to[0] * normal[0] + to[1] * normal[1] + to[2] * normal[2];
        /* Most neighbours do not rise over the surface: no root for them. */
        if (along <= 0 || along * along <= bias * bias * square)
            continue;
        sum += (along / sqrtf(square) - bias) / (1 + square / (radius * radius));
    }
    return fmaxf(0, 1 - strength * sum / (DIRECTIONS * RINGS) * 2);
}

static void
make_offsets(float radius, int offsets[][2])
{
    for (int i = 0; i < DIRECTIONS * RINGS; i++) {
        float angle = 6.2831853F * ((float)i + 0.5F * (float)(i / DIRECTIONS)) / DIRECTIONS;
        float reach = radius * (float)(i / DIRECTIONS + 1) / RINGS;

        offsets[i][0] = (int)lroundf(reach * cosf(angle));
        offsets[i][1] = (int)lroundf(reach * sinf(angle));
        if (offsets[i][0] == 0 && offsets[i][1] == 0)
            offsets[i][0] = 1;
    }
}

/* Mean over the neighbours on the same surface; only every second pixel is known by itself. */
static float
smooth(const struct pixels *pixels, const float *values, int x, int y)
{
    size_t at = (size_t)y * (size_t)pixels->size + (size_t)x;
    float sum = 0;
    float count = 0;

    for (int ny = y - 1; ny <= y + 1; ny++)
        for (int nx = x - 1; nx <= x + 1; nx++) {
            size_t next = (size_t)ny * (size_t)pixels->size + (size_t)nx;

            if (nx < 0 || ny < 0 || nx >= pixels->size || ny >= pixels->size ||
                !(values[next] >= 0) || !(fabsf(pixels->depth[next] - pixels->depth[at]) < 4))
                continue;
            sum += values[next];
            count++;
        }
    return count > 0 ? sum / count : 1;
}

static void
occlude(const struct pixels *pixels, float *raw, float *out)
{
    const struct fa_window *window = &pixels->window;
    float radius = fmaxf(2, radius_share * (float)pixels->size);
    int offsets[DIRECTIONS * RINGS][2];

    make_offsets(radius, offsets);
    for (int i = 0; i < pixels->size * pixels->size; i++)
        raw[i] = UNKNOWN;
    for (int y = window->top; y <= window->bottom; y++)
        for (int x = window->left; x <= window->right; x++) {
            size_t at = (size_t)y * (size_t)pixels->size + (size_t)x;

            if ((x + y) % 2 == 0 && isfinite(pixels->depth[at]))
                raw[at] = occlusion_at(pixels, x, y, offsets, radius);
        }
    for (int y = window->top; y <= window->bottom; y++)
        for (int x = window->left; x <= window->right; x++)
            out[(size_t)y * (size_t)pixels->size + (size_t)x] =
                isfinite(pixels->depth[(size_t)y * (size_t)pixels->size + (size_t)x])
                    ? smooth(pixels, raw, x, y)
                    : 1;
}

int
fa_frame_occlusion(const struct fa_frame *frame, float *out, struct fa_error *err)
{
    struct pixels pixels = {
        .size = (int)(frame->side / FA_SAMPLES),
        .window = {frame->window.left / FA_SAMPLES, frame->window.top / FA_SAMPLES,
                   frame->window.right / FA_SAMPLES, frame->window.bottom / FA_SAMPLES}};
    size_t count = (size_t)pixels.size * (size_t)pixels.size;
    float *raw = malloc(count * sizeof *raw);
    int result = 0;

    pixels.depth = malloc(count * sizeof *pixels.depth);
    pixels.normals = calloc(count, sizeof *pixels.normals);
    if (raw == NULL || pixels.depth == NULL || pixels.normals == NULL) {
        result = fa_error_set(err, FA_E_MEMORY, "picture");
    } else {
        look(frame, &pixels);
        occlude(&pixels, raw, out);
    }
    free(raw);
    free(pixels.depth);
    free(pixels.normals);
    return result;
}
