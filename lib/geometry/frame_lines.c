/* Lines that make a shape readable: creases, open edges, outlines. */
#include "lib/geometry/frame.h"

#include <stdlib.h>

enum {
    CREASE_INK = 175,
    OUTLINE_INK = 215,
    STEP_INK = 150, /* where a nearer surface ends before a farther one */
    REACH = 3,      /* samples to the neighbour that decides about an outline */
    SHORTEST = 3    /* lines shorter than this, in samples, would only be dirt */
};

/* A line on the surface may lie this far behind the surface's samples. */
static const float line_bias = 3.0F;

/* A step in depth is this share of the frame. */
static const float step_share = 0.02F;

static void
darken(struct fa_frame *frame, int x, int y, float z, uint8_t ink)
{
    size_t at;

    if (x < 0 || y < 0 || x >= (int)frame->side || y >= (int)frame->side)
        return;
    at = (size_t)y * frame->side + (size_t)x;
    if (frame->facets[at] != FA_NO_FACET && z + line_bias >= frame->depth[at] &&
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
    size_t at = (size_t)y * frame->side + x;
    float step = step_share * (float)frame->side;
    uint32_t own = frame->facets[at];
    uint8_t ink = 0;

    /* Within a facet nothing ends. */
    if (x >= REACH && y >= REACH && x + REACH < frame->side && y + REACH < frame->side &&
        frame->facets[at - REACH] == own && frame->facets[at + REACH] == own &&
        frame->facets[at - REACH * (size_t)frame->side] == own &&
        frame->facets[at + REACH * (size_t)frame->side] == own)
        return 0;
    for (int i = 0; i < 4; i++) {
        uint32_t nx = x + (uint32_t)offsets[i][0];
        uint32_t ny = y + (uint32_t)offsets[i][1];
        size_t next = (size_t)ny * frame->side + nx;

        if (nx >= frame->side || ny >= frame->side || frame->facets[next] == FA_NO_FACET)
            return OUTLINE_INK;
        if (frame->depth[at] - frame->depth[next] > step)
            ink = STEP_INK;
    }
    return ink;
}

void
fa_frame_draw_lines(struct fa_frame *frame, const struct fa_edges *edges)
{
    for (size_t i = 0; i < edges->count; i++)
        if (is_crease(frame, &edges->list[i]))
            draw_line(frame, frame->points[edges->list[i].low], frame->points[edges->list[i].high]);
    for (uint32_t y = 0; y < frame->side; y++)
        for (uint32_t x = 0; x < frame->side; x++) {
            size_t at = (size_t)y * frame->side + x;
            uint8_t ink;

            if (frame->facets[at] == FA_NO_FACET)
                continue;
            ink = outline_ink(frame, x, y);
            if (ink > frame->ink[at])
                frame->ink[at] = ink;
        }
}
