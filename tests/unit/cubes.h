/* For tests of meshes: soups of cubes and boxes, and their figures. */
#ifndef FA_TESTS_CUBES_H
#define FA_TESTS_CUBES_H

#include "lib/geometry/figures.h"
#include "tests/unit/unit.h"

#include <math.h>

enum { CUBE_FACETS = 12, CUBES_MAX = 4 };

/* The corners of a unit cube as outward facets. */
static const unsigned char cube[CUBE_FACETS][3] = {{0, 2, 1}, {1, 2, 3}, {4, 5, 6}, {5, 7, 6},
                                                   {0, 1, 4}, {1, 5, 4}, {2, 6, 3}, {3, 6, 7},
                                                   {0, 4, 2}, {2, 4, 6}, {1, 3, 5}, {3, 7, 5}};

/* A soup of cubes. */
struct soup {
    float corners[CUBES_MAX * CUBE_FACETS * 3][3];
    size_t facets;
};

/* Sides along the axes, around a point; `inward` looks to the inside. */
static inline void
add_box(struct soup *soup, const float sides[3], const float centre[3], bool inward)
{
    for (int f = 0; f < CUBE_FACETS; f++, soup->facets++)
        for (int c = 0; c < 3; c++) {
            int number = cube[f][inward ? 2 - c : c];
            float *corner = soup->corners[3 * soup->facets + (size_t)c];

            for (int k = 0; k < 3; k++)
                corner[k] = centre[k] + ((number & 1 << k) != 0 ? sides[k] : -sides[k]) / 2;
        }
}

static inline void
add_cube(struct soup *soup, float side, float x, bool inward)
{
    add_box(soup, (const float[3]){side, side, side}, (const float[3]){x, 0, 0}, inward);
}

static inline void
make_scene(const float (*corners)[3], size_t facets, struct fa_scene *scene)
{
    struct fa_error err = {0};

    assert_int_equal(fa_scene_single(scene, 1, &err), 0);
    assert_int_equal(fa_mesh_weld(corners, NULL, facets, &scene->shapes[0].bodies[0].mesh, &err),
                     0);
}

static inline void
measure(const float (*corners)[3], size_t facets, struct fa_figures *figures)
{
    struct fa_error err = {0};
    struct fa_scene scene;

    make_scene(corners, facets, &scene);
    assert_int_equal(fa_figures_measure(&scene, figures, &err), 0);
    fa_scene_free(&scene);
}

static inline void
assert_near(double value, double expected)
{
    if (!(fabs(value - expected) <= 1e-6 * fmax(1, fabs(expected)))) {
        print_error("%.12g is not %.12g\n", value, expected);
        fail();
    }
}

#endif
