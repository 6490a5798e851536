#include "lib/geometry/frame.h"

#include <stdlib.h>

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

/* Moves and scales the turned points so that the part sits in the middle. */
static void
fit(struct fa_frame *frame)
{
    float min[3] = {INFINITY, INFINITY, INFINITY};
    float max[3] = {-INFINITY, -INFINITY, -INFINITY};
    float extent, scale;

    for (size_t v = 0; v < frame->mesh->vertex_count; v++)
        for (int i = 0; i < 3; i++) {
            min[i] = fminf(min[i], frame->points[v][i]);
            max[i] = fmaxf(max[i], frame->points[v][i]);
        }
    extent = fmaxf(max[0] - min[0], max[1] - min[1]);
    scale = extent > 0 ? fill_share * (float)frame->side / extent : 1;
    for (size_t v = 0; v < frame->mesh->vertex_count; v++)
        for (int i = 0; i < 3; i++) {
            float middle = (min[i] + max[i]) / 2;

            frame->points[v][i] =
                (frame->points[v][i] - middle) * scale + (i < 2 ? (float)frame->side / 2 : 0);
        }
}

int
fa_frame_open(struct fa_frame *frame, const struct fa_mesh *mesh, const struct fa_normals *normals,
              uint32_t side, struct fa_error *err)
{
    size_t samples = (size_t)side * side;

    *frame = (struct fa_frame){.mesh = mesh,
                               .normals = normals,
                               .side = side,
                               .points = malloc(mesh->vertex_count * sizeof *frame->points),
                               .depth = malloc(samples * sizeof *frame->depth),
                               .facets = calloc(samples, sizeof *frame->facets),
                               .ink = calloc(samples, 1)};
    if (frame->points == NULL || frame->depth == NULL || frame->facets == NULL ||
        frame->ink == NULL) {
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
    free(frame->depth);
    free(frame->facets);
    free(frame->ink);
    *frame = (struct fa_frame){.side = 0};
}

/* A triangle set up for filling: three half planes a * x + b * y + c >= 0, and its depth. */
struct triangle {
    double a[3], b[3], c[3];
    double depth_x, depth_y, depth_0;
    int top, bottom; /* rows, both included */
};

/* False when the triangle covers no sample: seen edge-on, or between rows. */
static bool
set_up(const struct fa_frame *frame, size_t facet, struct triangle *triangle)
{
    const float *p[3];
    double area, low, high;

    for (int i = 0; i < 3; i++)
        p[i] = frame->points[frame->mesh->facets[facet][i]];
    area = ((double)p[1][0] - (double)p[0][0]) * ((double)p[2][1] - (double)p[0][1]) -
           ((double)p[2][0] - (double)p[0][0]) * ((double)p[1][1] - (double)p[0][1]);
    if (!(fabs(area) > 1e-9))
        return false;
    for (int i = 0; i < 3; i++) {
        const float *from = p[(i + 1) % 3];
        const float *to = p[(i + 2) % 3];
        double sign = area > 0 ? 1 : -1;

        triangle->a[i] = sign * ((double)from[1] - (double)to[1]);
        triangle->b[i] = sign * ((double)to[0] - (double)from[0]);
        triangle->c[i] = -triangle->a[i] * (double)from[0] - triangle->b[i] * (double)from[1];
    }
    triangle->depth_x = triangle->depth_y = triangle->depth_0 = 0;
    for (int i = 0; i < 3; i++) {
        double z = (double)p[i][2] / fabs(area);

        triangle->depth_x += z * triangle->a[i];
        triangle->depth_y += z * triangle->b[i];
        triangle->depth_0 += z * triangle->c[i];
    }
    low = fmin((double)p[0][1], fmin((double)p[1][1], (double)p[2][1]));
    high = fmax((double)p[0][1], fmax((double)p[1][1], (double)p[2][1]));
    triangle->top = (int)fmax(0, ceil(low - 0.5));
    triangle->bottom = (int)fmin(frame->side - 1, floor(high - 0.5));
    return triangle->top <= triangle->bottom;
}

/* The samples [first, last] of a row that lie inside; samples sit at half coordinates. */
static void
find_span(const struct triangle *triangle, double y, int side, int *first_r, int *last_r)
{
    double first = 0;
    double last = side - 1;

    for (int i = 0; i < 3; i++) {
        double rest = triangle->b[i] * y + triangle->c[i];

        if (triangle->a[i] > 0)
            first = fmax(first, ceil(-rest / triangle->a[i] - 0.5));
        else if (triangle->a[i] < 0)
            last = fmin(last, floor(-rest / triangle->a[i] - 0.5));
        else if (rest < 0)
            last = -1;
    }
    *first_r = (int)fmin(first, side);
    *last_r = (int)fmax(last, -1);
}

void
fa_frame_fill(struct fa_frame *frame)
{
    for (size_t f = 0; f < frame->mesh->facet_count; f++) {
        struct triangle triangle;

        if (!set_up(frame, f, &triangle))
            continue;
        for (int row = triangle.top; row <= triangle.bottom; row++) {
            size_t start = (size_t)row * frame->side;
            double y = row + 0.5;
            int first, last;

            find_span(&triangle, y, (int)frame->side, &first, &last);
            for (int x = first; x <= last; x++) {
                size_t at = start + (size_t)x;
                /* In double: seen nearly edge-on, a facet's slope is enormous. */
                float z =
                    (float)(triangle.depth_x * (x + 0.5) + triangle.depth_y * y + triangle.depth_0);

                if (frame->facets[at] == FA_NO_FACET || z > frame->depth[at]) {
                    frame->depth[at] = z;
                    frame->facets[at] = (uint32_t)f + 1;
                }
            }
        }
    }
}
