/* Filling a frame: the nearest facet of every sample. */
#include "lib/base/cleanup.h"
#include "lib/geometry/frame.h"

#include <stdlib.h>
#include <string.h>

/* When facets cover the frame so many times over, it is filled tile by tile. */
enum { CROWD = 24, TILE = 16 };

/* Where rows cross a side: at x = slope * y + start, samples sitting at half coordinates. */
struct side {
    double slope, start;
};

/* A triangle set up for filling: three half planes a * x + b * y + c >= 0, the sides where its rows
 * begin and end, and its depth. */
struct triangle {
    double a[3], b[3], c[3];
    struct side lefts[2], rights[2]; /* where there is but one, it is there twice */
    double depth_x, depth_y, depth_0;
    int left, top, right, bottom; /* samples around it, all included */
};

/* Up and down to whole samples, within 0 and the limit; ceil and floor would be calls. */
static inline int
round_up(double value, int limit)
{
    int whole;

    if (!(value > 0))
        return 0;
    if (value >= limit)
        return limit;
    whole = (int)value;
    return whole + (whole < value);
}

static inline int
round_down(double value, int limit)
{
    return value >= limit ? limit : value >= 0 ? (int)value : -1;
}

static inline double
lesser(double a, double b)
{
    return a < b ? a : b;
}

static inline double
greater(double a, double b)
{
    return a > b ? a : b;
}

/* False when it covers no sample: between rows or columns. */
static bool
find_bounds(struct triangle *triangle, const float *const p[3], int end)
{
    double min[2], max[2];

    for (int k = 0; k < 2; k++) {
        double a = (double)p[0][k], b = (double)p[1][k], c = (double)p[2][k];

        min[k] = lesser(lesser(a, b), c) - 0.5;
        max[k] = greater(greater(a, b), c) - 0.5;
    }
    triangle->left = round_up(min[0], end + 1);
    triangle->top = round_up(min[1], end + 1);
    triangle->right = round_down(max[0], end);
    triangle->bottom = round_down(max[1], end);
    return triangle->top <= triangle->bottom && triangle->left <= triangle->right;
}

/* A level side bounds no row; of the others there is one at least on either hand. */
static void
find_sides(struct triangle *triangle, const float *const p[3])
{
    int lefts = 0;
    int rights = 0;

    for (int i = 0; i < 3; i++) {
        const float *on = p[(i + 1) % 3];
        double slope = -triangle->b[i] / triangle->a[i];
        struct side side = {slope, (double)on[0] - slope * (double)on[1] - 0.5};

        if (triangle->a[i] > 0)
            triangle->lefts[lefts++] = side;
        else if (triangle->a[i] < 0)
            triangle->rights[rights++] = side;
    }
    if (lefts == 1)
        triangle->lefts[1] = triangle->lefts[0];
    if (rights == 1)
        triangle->rights[1] = triangle->rights[0];
}

/* False when the triangle covers no sample, or is seen edge-on. */
static bool
set_up(const struct fa_frame *frame, size_t facet, struct triangle *triangle)
{
    const float *p[3];
    double area, sign;

    for (int i = 0; i < 3; i++)
        p[i] = frame->points[frame->mesh->facets[facet][i]];
    area = ((double)p[1][0] - (double)p[0][0]) * ((double)p[2][1] - (double)p[0][1]) -
           ((double)p[2][0] - (double)p[0][0]) * ((double)p[1][1] - (double)p[0][1]);
    if (!(fabs(area) > 1e-9) || !find_bounds(triangle, p, (int)frame->side - 1))
        return false;
    sign = area > 0 ? 1 : -1;
    triangle->depth_x = triangle->depth_y = triangle->depth_0 = 0;
    for (int i = 0; i < 3; i++) {
        const float *from = p[(i + 1) % 3];
        const float *to = p[(i + 2) % 3];
        double z = (double)p[i][2] / fabs(area);

        triangle->a[i] = sign * ((double)from[1] - (double)to[1]);
        triangle->b[i] = sign * ((double)to[0] - (double)from[0]);
        triangle->c[i] = -triangle->a[i] * (double)from[0] - triangle->b[i] * (double)from[1];
        triangle->depth_x += z * triangle->a[i];
        triangle->depth_y += z * triangle->b[i];
        triangle->depth_0 += z * triangle->c[i];
    }
    find_sides(triangle, p);
    return true;
}

/* Fills what lies in the window; returns how many samples that were. */
static size_t
fill_window(struct fa_frame *frame, uint32_t facet, const struct triangle *triangle,
            const struct fa_window *window)
{
    const struct side *lefts = triangle->lefts;
    const struct side *rights = triangle->rights;
    int top = triangle->top > window->top ? triangle->top : window->top;
    int bottom = triangle->bottom < window->bottom ? triangle->bottom : window->bottom;
    double left = triangle->left > window->left ? triangle->left : window->left;
    double right = triangle->right < window->right ? triangle->right : window->right;
    size_t count = 0;

    for (int row = top; row <= bottom; row++) {
        double y = row + 0.5;
        double begin =
            greater(lefts[0].slope * y + lefts[0].start, lefts[1].slope * y + lefts[1].start);
        double end =
            lesser(rights[0].slope * y + rights[0].start, rights[1].slope * y + rights[1].start);
        struct fa_sample *samples = frame->samples + (size_t)row * frame->stride;
        int first, last;
        double z;

        begin = greater(begin, left);
        end = lesser(end, right);
        if (!(begin <= end))
            continue;
        first = (int)begin + ((int)begin < begin);
        last = (int)end;
        /* In double: seen nearly edge-on, a facet's slope is enormous. */
        z = triangle->depth_x * (first + 0.5) + triangle->depth_y * y + triangle->depth_0;
        for (int x = first; x <= last; x++, z += triangle->depth_x)
            if (samples[x].facet == FA_NO_FACET || (float)z > samples[x].z)
                samples[x] = (struct fa_sample){(float)z, facet + 1};
        count += last >= first ? (size_t)(last - first) + 1 : 0;
    }
    return count;
}

/* --- crowds -------------------------------------------------------------------------------------
 * Thousands of facets that each cover much of the frame: drawn from the nearest to the farthest,
 * and not where a facet that fills the whole tile lies before them. */

/* The plane of a facet that fills a tile. */
struct cover {
    bool known;
    double depth_x, depth_y, depth_0;
};

/* A facet by its nearest corner, and by its corners in the order of their numbers. */
struct layer {
    float z;
    uint32_t corners[3];
    uint32_t facet;
};

static struct layer
make_layer(const struct fa_frame *frame, uint32_t number)
{
    const uint32_t *facet = frame->mesh->facets[number];
    struct layer layer = {.z = -INFINITY, .facet = number};

    for (int i = 0; i < 3; i++) {
        int place = 0;

        layer.z = frame->points[facet[i]][2] > layer.z ? frame->points[facet[i]][2] : layer.z;
        for (int j = 0; j < 3; j++)
            place += facet[j] < facet[i];
        layer.corners[place] = facet[i];
    }
    return layer;
}

static int
by_depth(const void *one, const void *other)
{
    const struct layer *a = one;
    const struct layer *b = other;

    if (a->z != b->z)
        return a->z > b->z ? -1 : 1;
    for (int i = 0; i < 3; i++)
        if (a->corners[i] != b->corners[i])
            return a->corners[i] < b->corners[i] ? -1 : 1;
    return a->facet < b->facet ? -1 : a->facet > b->facet;
}

/* Whether the triangle is nowhere in the window nearer than the cover. */
static bool
is_hidden(const struct cover *cover, const struct triangle *triangle,
          const struct fa_window *window)
{
    for (int i = 0; cover->known && i < 4; i++) {
        double x = i % 2 == 0 ? window->left : window->right + 1;
        double y = i / 2 == 0 ? window->top : window->bottom + 1;

        if ((triangle->depth_x - cover->depth_x) * x + (triangle->depth_y - cover->depth_y) * y +
                triangle->depth_0 - cover->depth_0 >
            0)
            return false;
    }
    return cover->known;
}

/* Whether one of the triangle's sides has all of the window outside. */
static bool
is_beside(const struct triangle *triangle, const struct fa_window *window)
{
    for (int i = 0; i < 3; i++) {
        double x = triangle->a[i] > 0 ? window->right + 1 : window->left;
        double y = triangle->b[i] > 0 ? window->bottom + 1 : window->top;

        if (triangle->a[i] * x + triangle->b[i] * y + triangle->c[i] < 0)
            return true;
    }
    return false;
}

static void
fill_tiles(struct fa_frame *frame, uint32_t facet, struct cover *covers)
{
    int tiles = ((int)frame->side + TILE - 1) / TILE;
    struct triangle triangle;

    if (!set_up(frame, facet, &triangle))
        return;
    for (int i = triangle.top / TILE; i <= triangle.bottom / TILE; i++)
        for (int j = triangle.left / TILE; j <= triangle.right / TILE; j++) {
            struct cover *cover = &covers[i * tiles + j];
            struct fa_window window = {j * TILE, i * TILE, j * TILE + TILE - 1,
                                       i * TILE + TILE - 1};

            if (is_beside(&triangle, &window) || is_hidden(cover, &triangle, &window))
                continue;
            /* The last tiles reach over the frame's end, and are never filled. */
            if (fill_window(frame, facet, &triangle, &window) == (size_t)TILE * TILE)
                *cover = (struct cover){true, triangle.depth_x, triangle.depth_y, triangle.depth_0};
        }
}

static int
fill_crowd(struct fa_frame *frame, struct fa_error *err)
{
    size_t tiles = ((size_t)frame->side + TILE - 1) / TILE;
    FA_AUTO_FREE struct cover *covers = calloc(tiles * tiles, sizeof *covers);
    FA_AUTO_FREE struct layer *layers = malloc(frame->mesh->facet_count * sizeof *layers + 1);

    if (covers == NULL || layers == NULL)
        return fa_error_set(err, FA_E_MEMORY, "picture");
    for (size_t f = 0; f < frame->mesh->facet_count; f++)
        layers[f] = make_layer(frame, (uint32_t)f);
    qsort(layers, frame->mesh->facet_count, sizeof *layers, by_depth);
    for (size_t f = 0; f < frame->mesh->facet_count; f++)
        /* A facet that is there twice is seen once. */
        if (f == 0 ||
            memcmp(layers[f].corners, layers[f - 1].corners, sizeof layers[f].corners) != 0)
            fill_tiles(frame, layers[f].facet, covers);
    return 0;
}

/* The samples that all facets cover together. */
static double
covered(const struct fa_frame *frame)
{
    double twice = 0;

    for (size_t f = 0; f < frame->mesh->facet_count; f++) {
        const float *a = frame->points[frame->mesh->facets[f][0]];
        const float *b = frame->points[frame->mesh->facets[f][1]];
        const float *c = frame->points[frame->mesh->facets[f][2]];

        twice += (double)fabsf((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]));
    }
    return twice / 2;
}

int
fa_frame_fill(struct fa_frame *frame, struct fa_error *err)
{
    const struct fa_window whole = {0, 0, (int)frame->side - 1, (int)frame->side - 1};

    if (covered(frame) > CROWD * (double)frame->side * (double)frame->side)
        return fill_crowd(frame, err);
    for (size_t f = 0; f < frame->mesh->facet_count; f++) {
        struct triangle triangle;

        if (set_up(frame, f, &triangle))
            (void)fill_window(frame, (uint32_t)f, &triangle, &whole);
    }
    return 0;
}
