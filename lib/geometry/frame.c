#include "lib/geometry/frame.h"
#include "lib/geometry/large.h"

#include <stdlib.h>

_Static_assert(FA_NO_FACET == 0, "samples without a facet are not written");

/* Between rows: where they are a power of two apart, all samples of a column compete for the same
 * few lines of the cache. */
enum { ROW_GAP = 8 };

/* The part's longer side takes this share of the frame. */
static const float fill_share = 0.84F;

/* Rows: right, down and towards the viewer, who stands at (1, -1, 1) and sees Z upright. */
static const float view[3][3] = {
    {0.70710678F, 0.70710678F, 0.0F},
    {0.40824829F, -0.40824829F, -0.81649658F},
    {0.57735027F, -0.57735027F, 0.57735027F},
};

void
fa_frame_turn(const float world[3], float screen[3])
{
    for (int i = 0; i < 3; i++)
        screen[i] = view[i][0] * world[0] + view[i][1] * world[1] + view[i][2] * world[2];
}

/* The sample below a place, kept within the frame; what is no number counts as its end. */
static int
sample_at(float place, uint32_t side)
{
    return place < (float)(side - 1) ? (place > 0 ? (int)place : 0) : (int)side - 1;
}

/* Moves and scales the turned points so that the part sits in the middle. */
static void
fit(struct fa_frame *frame)
{
    float middle = (float)frame->side / 2;
    float min[3] = {INFINITY, INFINITY, INFINITY};
    float max[3] = {-INFINITY, -INFINITY, -INFINITY};
    float extent, scale;

    for (size_t v = 0; v < frame->mesh->vertex_count; v++)
        for (int i = 0; i < 3; i++) {
            float value = frame->points[v][i];

            min[i] = value < min[i] ? value : min[i];
            max[i] = value > max[i] ? value : max[i];
        }
    extent = fmaxf(max[0] - min[0], max[1] - min[1]);
    scale = extent > 0 ? fill_share * (float)frame->side / extent : 1;
    for (size_t v = 0; v < frame->mesh->vertex_count; v++)
        for (int i = 0; i < 3; i++) {
            float centre = (min[i] + max[i]) / 2;

            frame->points[v][i] = (frame->points[v][i] - centre) * scale + (i < 2 ? middle : 0);
        }
    /* With a sample to spare for rounding. */
    for (int i = 0; i < 2; i++) {
        float reach = (max[i] - min[i]) / 2 * scale + 1;
        int low = reach < middle ? sample_at(middle - reach, frame->side) : 0;
        int high = sample_at(middle + reach, frame->side);

        *(i == 0 ? &frame->window.left : &frame->window.top) = low;
        *(i == 0 ? &frame->window.right : &frame->window.bottom) = high;
    }
}

int
fa_frame_open(struct fa_frame *frame, const struct fa_mesh *mesh, const struct fa_normals *normals,
              uint32_t side, struct fa_error *err)
{
    size_t stride = side + ROW_GAP;

    *frame = (struct fa_frame){.mesh = mesh,
                               .normals = normals,
                               .side = side,
                               .stride = stride,
                               .points = fa_large_alloc(mesh->vertex_count, sizeof *frame->points),
                               .samples = fa_large_zeroed(side * stride, sizeof *frame->samples),
                               .ink = fa_large_zeroed(side * stride, 1)};
    if (frame->points == NULL || frame->samples == NULL || frame->ink == NULL) {
        fa_frame_close(frame);
        return fa_error_set(err, FA_E_MEMORY, "picture");
    }
    for (size_t v = 0; v < mesh->vertex_count; v++)
        fa_frame_turn(mesh->vertices[v], frame->points[v]);
    fit(frame);
    return 0;
}

void
fa_frame_close(struct fa_frame *frame)
{
    free(frame->points);
    free(frame->samples);
    free(frame->ink);
    *frame = (struct fa_frame){.side = 0};
}
