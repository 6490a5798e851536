#include "lib/geometry/order.h"
#include "lib/geometry/large.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Fewer facets than FEW are in the cache in any order. */
enum { FEW = 20000, SAMPLES = 4096, CELL_BITS = 8, KEY_BITS = 3 * CELL_BITS, DIGIT = 1 << 8 };

/* A file is without order when a step from one facet to the next takes more than this share of the
 * way through the part; in a random order it is about a third. */
static const double far_share = 0.1;

/* A cube around the facets' first corners, by some of them. */
struct cube {
    double min[3];
    double side;
};

static struct cube
find_cube(const struct fa_soup *soup)
{
    struct cube cube = {.min = {INFINITY, INFINITY, INFINITY}};
    double max[3] = {-INFINITY, -INFINITY, -INFINITY};
    size_t step = soup->count / SAMPLES + 1;

    for (size_t f = 0; f < soup->count; f += step) {
        float corner[1][3];

        fa_soup_corners(soup, f, 1, corner);
        for (int k = 0; k < 3; k++) {
            double value = (double)corner[0][k];

            cube.min[k] = value < cube.min[k] ? value : cube.min[k];
            max[k] = value > max[k] ? value : max[k];
        }
    }
    for (int k = 0; k < 3; k++)
        cube.side = fmax(cube.side, max[k] - cube.min[k]);
    return cube;
}

static bool
is_scattered(const struct fa_soup *soup, const struct cube *cube)
{
    size_t step = soup->count / SAMPLES + 1;
    double way = 0;
    size_t steps = 0;

    for (size_t f = 0; f + 1 < soup->count; f += step, steps++) {
        float one[1][3], next[1][3];
        double longest = 0;

        fa_soup_corners(soup, f, 1, one);
        fa_soup_corners(soup, f + 1, 1, next);
        for (int k = 0; k < 3; k++)
            longest = fmax(longest, fabs((double)one[0][k] - (double)next[0][k]));
        way += longest;
    }
    return way > far_share * cube->side * (double)steps;
}

/* Two places between any two bits. */
static uint32_t
spread(uint32_t bits)
{
    bits = (bits | bits << 8) & 0x00f00f;
    bits = (bits | bits << 4) & 0x0c30c3;
    return (bits | bits << 2) & 0x249249;
}

/* A facet's cell on a curve that stays near where it was (Morton 1966). */
static uint32_t
key_of(const float corner[3], const struct cube *cube)
{
    double scale = (1 << CELL_BITS) / cube->side;
    uint32_t key = 0;

    for (int k = 0; k < 3; k++) {
        double at = ((double)corner[k] - cube->min[k]) * scale;
        uint32_t cell = at >= (1 << CELL_BITS) ? (1 << CELL_BITS) - 1 : at > 0 ? (uint32_t)at : 0;

        key |= spread(cell) << k;
    }
    return key;
}

/* By the key's digits, the last first. */
static uint64_t *
sort(uint64_t *list, uint64_t *spare, size_t count)
{
    for (int shift = 32; shift < 32 + KEY_BITS; shift += 8) {
        size_t starts[DIGIT + 1] = {0};
        uint64_t *sorted = spare;

        for (size_t i = 0; i < count; i++)
            starts[(list[i] >> shift) % DIGIT + 1]++;
        for (int d = 1; d < DIGIT; d++)
            starts[d] += starts[d - 1];
        for (size_t i = 0; i < count; i++)
            sorted[starts[(list[i] >> shift) % DIGIT]++] = list[i];
        spare = list;
        list = sorted;
    }
    return list;
}

int
fa_order_find(const struct fa_soup *soup, uint32_t **order_r, struct fa_error *err)
{
    size_t count = soup->count;
    struct cube cube;
    uint64_t *lists[2], *sorted;

    *order_r = NULL;
    if (count < FEW)
        return 0;
    cube = find_cube(soup);
    if (!(cube.side > 0) || !is_scattered(soup, &cube))
        return 0;
    for (int i = 0; i < 2; i++)
        lists[i] = fa_large_alloc(count, sizeof *lists[i]);
    *order_r = fa_large_alloc(count, sizeof **order_r);
    if (lists[0] != NULL && lists[1] != NULL && *order_r != NULL) {
        for (size_t f = 0; f < count; f++) {
            float corner[1][3];

            fa_soup_corners(soup, f, 1, corner);
            lists[0][f] = (uint64_t)key_of(corner[0], &cube) << 32 | f;
        }
        sorted = sort(lists[0], lists[1], count);
        for (size_t f = 0; f < count; f++)
            (*order_r)[f] = (uint32_t)sorted[f];
    } else {
        free(*order_r);
        *order_r = NULL;
        fa_error_set(err, FA_E_MEMORY, "order of %zu facets", count);
    }
    free(lists[0]);
    free(lists[1]);
    return *order_r != NULL ? 0 : -1;
}
