/* Lines that make a shape readable: creases, open edges, outlines. */
#include "lib/base/cleanup.h"
#include "lib/geometry/frame.h"

#include <stdlib.h>

enum {
    CREASE_INK = 175,
    OUTLINE_INK = 215,
    STEP_INK = 150, /* where a nearer surface ends before a farther one */
    REACH = 3,      /* samples to the neighbour that decides about an outline */
    SHORTEST = 3,   /* lines shorter than this, in samples, would only be dirt */
    SLIVER = 32     /* so would be those around a narrow facet that is shorter than this */
};

/* A line on the surface may lie this far behind the surface's samples. */
static const float line_bias = 3.0F;

/* A facet is a sliver when its height is a smaller share of its length. */
static const float sliver_share = 0.2F;

/* A step in depth is this share of the frame. */
static const float step_share = 0.02F;

static void
darken(struct fa_frame *frame, int x, int y, float z, uint8_t ink)
{
    size_t at;

    if (x < 0 || y < 0 || x >= (int)frame->side || y >= (int)frame->side)
        return;
    at = (size_t)y * frame->stride + (size_t)x;
    if (frame->samples[at].facet != FA_NO_FACET && z + line_bias >= frame->samples[at].z &&
        frame->ink[at] < ink)
        frame->ink[at] = ink;
}

static void
draw_line(struct fa_frame *frame, const float *from, const float *to)
{
    float dx = to[0] - from[0];
    float dy = to[1] - from[1];
    float length = sqrtf(dx * dx + dy * dy);
    int steps = (int)(length * 1.5F) + 1;

    if (!(length >= SHORTEST))
        return;
    for (int i = 0; i <= steps; i++) {
        float t = (float)i / (float)steps;
        int x = (int)floorf(from[0] + t * dx);
        int y = (int)floorf(from[1] + t * dy);
        float z = from[2] + t * (to[2] - from[2]);

        for (int j = 0; j < 9; j++)
            darken(frame, x - 1 + j % 3, y - 1 + j / 3, z, CREASE_INK);
    }
}

static bool
is_crease(const struct fa_frame *frame, const struct fa_edge *edge)
{
    const float *one = frame->normals->facets[edge->facets[0]];
    const float *other = frame->normals->facets[edge->facets[1]];

    if (!fa_edge_is_sound(edge))
        return fa_edge_is_open(edge);
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2] < FA_CREASE_COSINE;
}

/* Outline where the part ends, a lighter line where a nearer surface hides a farther one. */
static uint8_t
outline_ink(const struct fa_frame *frame, uint32_t x, uint32_t y)
{
    static const int offsets[4][2] = {{REACH, 0}, {-REACH, 0}, {0, REACH}, {0, -REACH}};
    const struct fa_sample *sample = frame->samples + y * frame->stride + x;
    float step = step_share * (float)frame->side;
    uint8_t ink = 0;

    if (sample->facet == FA_NO_FACET)
        return 0;
    for (int i = 0; i < 4; i++) {
        uint32_t nx = x + (uint32_t)offsets[i][0];
        uint32_t ny = y + (uint32_t)offsets[i][1];
        const struct fa_sample *next = frame->samples + ny * frame->stride + nx;

        if (nx >= frame->side || ny >= frame->side || next->facet == FA_NO_FACET)
            return OUTLINE_INK;
        /* Within a facet nothing ends, steep as it may be. */
        if (next->facet != sample->facet && sample->z - next->z > step)
            ink = STEP_INK;
    }
    return ink;
}

/* A short facet, many times as long as it is high, says little about where the surface looks: the
 * creases all around it are none. */
static bool
is_sliver(const struct fa_frame *frame, uint32_t facet)
{
    const uint32_t *corners = frame->mesh->facets[facet];
    float longest = 0;
    float across[3], sides[3][3];

    for (int j = 0; j < 3; j++) {
        const float *from = frame->points[corners[j]];
        const float *to = frame->points[corners[(j + 1) % 3]];

        for (int k = 0; k < 3; k++)
            sides[j][k] = to[k] - from[k];
        longest = fmaxf(longest, sides[j][0] * sides[j][0] + sides[j][1] * sides[j][1] +
                                     sides[j][2] * sides[j][2]);
    }
    for (int k = 0; k < 3; k++)
        across[k] = sides[0][(k + 1) % 3] * sides[1][(k + 2) % 3] -
                    sides[0][(k + 2) % 3] * sides[1][(k + 1) % 3];
    return longest < SLIVER * SLIVER && sqrtf(across[0] * across[0] + across[1] * across[1] +
                                              across[2] * across[2]) < sliver_share * longest;
}

static int
draw_creases(struct fa_frame *frame, const struct fa_edges *edges, struct fa_error *err)
{
    FA_AUTO_FREE uint8_t *creases = calloc(frame->mesh->facet_count + 1, 1); /* by facet */

    if (creases == NULL)
        return fa_error_set(err, FA_E_MEMORY, "picture");
    for (size_t i = 0; i < edges->count; i++)
        if (fa_edge_is_sound(&edges->list[i]) && is_crease(frame, &edges->list[i]))
            for (int j = 0; j < 2; j++)
                creases[edges->list[i].facets[j]]++;
    for (size_t i = 0; i < edges->count; i++) {
        const struct fa_edge *edge = &edges->list[i];
        bool drawn = is_crease(frame, edge);

        for (int j = 0; drawn && j < 2; j++)
            drawn = creases[edge->facets[j]] < 3 || !is_sliver(frame, edge->facets[j]);
        if (drawn)
            draw_line(frame, frame->points[edge->low], frame->points[edge->high]);
    }
    return 0;
}

/* --- outlines -----------------------------------------------------------------------------------
 * Most pixels have none, which how far their samples lie from the viewer tells. */

/* Of a pixel's samples; where there is no facet it is infinitely far. */
struct reach {
    float nearest, farthest;
};

static struct reach
reach_of(const struct fa_frame *frame, uint32_t px, uint32_t py)
{
    const struct fa_sample *row =
        frame->samples + py * FA_SAMPLES * frame->stride + (size_t)px * FA_SAMPLES;
    struct reach reach = {.nearest = -INFINITY, .farthest = INFINITY};

    for (int y = 0; y < FA_SAMPLES; y++, row += frame->stride)
        for (int x = 0; x < FA_SAMPLES; x++) {
            float z = row[x].facet != FA_NO_FACET ? row[x].z : -INFINITY;

            reach.nearest = z > reach.nearest ? z : reach.nearest;
            reach.farthest = z < reach.farthest ? z : reach.farthest;
        }
    return reach;
}

static void
outline_pixel(struct fa_frame *frame, uint32_t px, uint32_t py)
{
    for (uint32_t y = py * FA_SAMPLES; y < (py + 1) * FA_SAMPLES; y++)
        for (uint32_t x = px * FA_SAMPLES; x < (px + 1) * FA_SAMPLES; x++) {
            uint8_t ink = outline_ink(frame, x, y);
            uint8_t *at = &frame->ink[y * frame->stride + x];

            *at = ink > *at ? ink : *at;
        }
}

/* A sample's neighbours lie in the pixels beside its own. */
static int
draw_outlines(struct fa_frame *frame, struct fa_error *err)
{
    uint32_t left = (uint32_t)frame->window.left / FA_SAMPLES;
    uint32_t top = (uint32_t)frame->window.top / FA_SAMPLES;
    uint32_t right = (uint32_t)frame->window.right / FA_SAMPLES;
    uint32_t bottom = (uint32_t)frame->window.bottom / FA_SAMPLES;
    size_t width = right - left + 1;
    float step = step_share * (float)frame->side;
    FA_AUTO_FREE struct reach *reaches = malloc(width * (bottom - top + 1) * sizeof *reaches);

    if (reaches == NULL)
        return fa_error_set(err, FA_E_MEMORY, "picture");
    for (uint32_t y = top; y <= bottom; y++)
        for (uint32_t x = left; x <= right; x++)
            reaches[(y - top) * width + x - left] = reach_of(frame, x, y);
    for (uint32_t y = top; y <= bottom; y++)
        for (uint32_t x = left; x <= right; x++) {
            const struct reach *own = &reaches[(y - top) * width + x - left];
            float nearest = own->nearest - step;

            if (x > left && x < right && y > top && y < bottom && nearest <= own->farthest &&
                nearest <= own[-1].farthest && nearest <= own[1].farthest &&
                nearest <= (own - width)->farthest && nearest <= own[width].farthest)
                continue;
            if (own->nearest > -INFINITY)
                outline_pixel(frame, x, y);
        }
    return 0;
}

int
fa_frame_draw_lines(struct fa_frame *frame, const struct fa_edges *edges, struct fa_error *err)
{
    return draw_creases(frame, edges, err) < 0 ? -1 : draw_outlines(frame, err);
}
