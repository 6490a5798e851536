/* Meshes that are no single sound body: pieces, cavities, holes, seams; and their limits. */
#include "lib/geometry/figures.h"
#include "lib/geometry/mesh_close.h"
#include "lib/geometry/obj.h"
#include "lib/geometry/reduce.h"
#include "tests/unit/cubes.h"

#include <math.h>
#include <stdlib.h>

/* An inward cube inside another is a hollow; the centre of mass stays in the middle. */
static void
hollows_are_taken_away(void **state)
{
    struct soup soup = {.facets = 0};
    struct fa_figures figures;

    (void)state;
    add_cube(&soup, 10, 0, false);
    add_cube(&soup, 4, 1, true);
    measure(soup.corners, soup.facets, &figures);
    assert_near(figures.whole.solid.volume_mm3, 1000 - 64);
    assert_near(figures.whole.solid.centre_mm[0], -64.0 / (1000 - 64));
    assert_true(figures.whole.solid.watertight && figures.bodies[1].solid.cavity);
    assert_int_equal(figures.inverted_shells, 0);
    /* Thinnest towards the hollow's near side. */
    assert_near(figures.whole.survey.thin_wall_mm, 2);
}

/* An inward cube beside another is a body that was written inside out. */
static void
inverted_pieces_are_added(void **state)
{
    struct soup soup = {.facets = 0};
    struct fa_figures figures;

    (void)state;
    add_cube(&soup, 10, 0, false);
    add_cube(&soup, 4, 20, true);
    measure(soup.corners, soup.facets, &figures);
    assert_near(figures.whole.solid.volume_mm3, 1000 + 64);
    assert_int_equal(figures.inverted_shells, 1);
    assert_int_equal(figures.body_count, 2);
    assert_near(figures.bodies[1].solid.volume_mm3, 64);
}

/* Each piece has its own defects: it is told which one is to be mended. */
static void
defects_are_told_by_piece(void **state)
{
    struct soup soup = {.facets = 0};
    struct fa_figures figures;
    struct fa_buf json;

    (void)state;
    add_cube(&soup, 10, 0, false);
    add_cube(&soup, 5, 100, false);
    soup.facets--;
    measure(soup.corners, soup.facets, &figures);
    assert_int_equal(figures.body_count, 2);
    assert_int_equal(figures.bodies[0].solid.defects.open, 0);
    assert_int_equal(figures.bodies[1].solid.defects.open, 3);
    fa_buf_init(&json, 10000);
    fa_figures_print(&json, &figures);
    assert_non_null(strstr(json.data, "\"defects\":{\"open_edges\":3,\"non_manifold_edges\":0,"
                                      "\"flipped_edges\":0,\"open_at_mm\":"));
    assert_non_null(strstr(json.data, "\"facets\":12,\"watertight\":true"));
    fa_buf_free(&json);
}

/* Facets turned around within a piece are defects, but the volume is that of the body. */
static void
turned_facets_do_not_change_the_volume(void **state)
{
    struct soup soup = {.facets = 0};
    struct fa_figures figures;

    (void)state;
    add_cube(&soup, 10, 0, false);
    for (size_t f = 0; f < 5; f++) {
        float spare[3];

        memcpy(spare, soup.corners[3 * f], sizeof spare);
        memcpy(soup.corners[3 * f], soup.corners[3 * f + 1], sizeof spare);
        memcpy(soup.corners[3 * f + 1], spare, sizeof spare);
    }
    measure(soup.corners, soup.facets, &figures);
    assert_true(figures.whole.solid.defects.flipped > 0 && !figures.whole.solid.watertight);
    assert_near(figures.whole.solid.volume_mm3, 1000);
    assert_near(figures.whole.solid.centre_mm[0], 0);
}

/* Without one side a cube has a hole; a lid over it gives the volume back. */
static void
holes_get_a_lid(void **state)
{
    struct soup soup = {.facets = 0};
    struct fa_figures figures;

    (void)state;
    add_cube(&soup, 10, 100, false);
    soup.facets -= 2;
    measure(soup.corners, soup.facets, &figures);
    assert_int_equal(figures.whole.solid.defects.open, 4);
    assert_near(figures.whole.solid.volume_mm3, 1000);
    assert_near(figures.whole.solid.centre_mm[0], 100);
    assert_near(figures.whole.solid.defects.open_at_mm[0], 105);
}

/* Corners that one exporter rounded in two ways are one; a real gap stays open. */
static void
seams_are_closed(void **state)
{
    struct soup soup = {.facets = 0};
    struct fa_figures figures;

    (void)state;
    add_cube(&soup, 10, 0, false);
    soup.corners[0][0] += 2e-6F;
    soup.corners[0][2] = -5.000001F;
    measure(soup.corners, soup.facets, &figures);
    assert_true(figures.whole.solid.watertight);
    assert_near(figures.whole.solid.volume_mm3, 1000);
    soup.corners[0][0] += 1e-2F;
    measure(soup.corners, soup.facets, &figures);
    assert_false(figures.whole.solid.watertight);
}

/* Ten thousand loose facets are a soup: measured as one, in no time. */
static void
soups_are_bounded(void **state)
{
    enum { FACETS = 10000 };
    float(*corners)[3] = calloc(3 * FACETS, sizeof *corners);
    struct fa_figures figures;

    (void)state;
    for (int i = 0; i < 3 * FACETS; i++)
        for (int k = 0; k < 3; k++)
            corners[i][k] = (float)(i / 3 % 100 + k * (i / 300)) + (float)((i % 3 + k) % 3) * 0.3F;
    measure((const float(*)[3])corners, FACETS, &figures);
    assert_true(figures.shells > FA_PIECES_MAX);
    for (int k = 0; k < 3; k++)
        assert_true(figures.whole.solid.centre_mm[k] >= figures.whole.solid.min_mm[k] &&
                    figures.whole.solid.centre_mm[k] <= figures.whole.solid.max_mm[k]);
    free(corners);
}

/* A point so far away that the rest is smaller than any seam leaves the rest as it is. */
static void
far_points_close_nothing(void **state)
{
    struct soup soup = {.facets = 0};
    struct fa_figures figures;

    (void)state;
    add_cube(&soup, 1, 0, false);
    soup.corners[0][0] = 1e9F;
    measure(soup.corners, soup.facets, &figures);
    assert_int_equal(figures.whole.solid.facets, CUBE_FACETS);
    assert_int_equal(figures.degenerate, 0);
}

/* Thousands of facets in the same place cost neither time nor memory without end. */
static void
crowds_are_bounded(void **state)
{
    enum { COPIES = 3000, FACETS = COPIES * CUBE_FACETS };
    float(*corners)[3] = malloc(3 * FACETS * sizeof *corners);
    struct soup soup = {.facets = 0};
    struct fa_figures figures;

    (void)state;
    add_cube(&soup, 10, 0, false);
    for (size_t i = 0; i < COPIES; i++)
        memcpy(corners[i * 3 * CUBE_FACETS], soup.corners, 3 * CUBE_FACETS * sizeof *corners);
    measure((const float(*)[3])corners, FACETS, &figures);
    assert_true(figures.whole.survey.crowded && !figures.whole.survey.has_walls);
    free(corners);
}

/* A sphere of 2 * rings * rings facets, to be freed. */
static float (*make_sphere(int rings))[3]
{
    float(*corners)[3] = malloc(6 * (size_t)rings * (size_t)rings * sizeof *corners);
    size_t count = 0;

    for (int i = 0; i < rings; i++)
        for (int j = 0; j < rings; j++)
            for (int c = 0; c < 6; c++) {
                static const int steps[6][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 0}, {1, 1}, {0, 1}};
                int up = i + steps[c][0];
                double theta = M_PI * up / rings;
                double phi = 2 * M_PI * ((j + steps[c][1]) % rings) / rings;
                bool pole = up == 0 || up == rings;

                corners[count][0] = pole ? 0 : (float)(10 * sin(theta) * cos(phi));
                corners[count][1] = pole ? 0 : (float)(10 * sin(theta) * sin(phi));
                corners[count++][2] = (float)(10 * cos(theta));
            }
    return corners;
}

/* A fine sphere keeps its shape with a tenth of its facets. */
static void
budgets_are_kept(void **state)
{
    enum { RINGS = 100, FACETS = 2 * RINGS * RINGS };
    float(*corners)[3] = make_sphere(RINGS);
    struct fa_error err = {0};
    struct fa_scene scene;
    struct fa_figures figures;

    (void)state;
    make_scene((const float(*)[3])corners, FACETS, &scene);
    assert_int_equal(fa_scene_reduce(&scene, FACETS, &err), 0);
    assert_true(fa_scene_facets(&scene) > FACETS * 9 / 10);
    assert_int_equal(fa_scene_reduce(&scene, FACETS / 10, &err), 0);
    assert_in_range(fa_scene_facets(&scene), FACETS / 40, FACETS / 9);
    assert_int_equal(fa_figures_measure(&scene, &figures, &err), 0);
    assert_true(figures.whole.solid.watertight);
    assert_true(fabs(figures.whole.solid.volume_mm3 / (4000.0 / 3 * M_PI) - 1) < 0.02);
    fa_scene_free(&scene);
    free(corners);
}

/* The mean step from one facet to the next. */
static double
mean_step(const struct fa_mesh *mesh)
{
    double way = 0;

    for (size_t f = 1; f < mesh->facet_count; f++) {
        const float *one = mesh->vertices[mesh->facets[f - 1][0]];
        const float *other = mesh->vertices[mesh->facets[f][0]];

        way += hypot(hypot((double)one[0] - (double)other[0], (double)one[1] - (double)other[1]),
                     (double)one[2] - (double)other[2]);
    }
    return way / (double)(mesh->facet_count - 1);
}

/* Facets in no order are put in one, each with its colour; what they make is the same. */
static void
order_does_not_matter(void **state)
{
    enum { RINGS = 120, FACETS = 2 * RINGS * RINGS };
    float(*corners)[3] = make_sphere(RINGS);
    uint16_t *colours = malloc(FACETS * sizeof *colours);
    struct fa_mesh meshes[2];
    struct fa_metrics metrics[2];
    uint64_t random = 1;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct fa_shells shells;
        struct fa_error err = {0};

        for (size_t f = 0; i == 1 && f < FACETS; f++) {
            size_t other = f + (random >> 33) % (FACETS - f);
            float spare[3][3];

            random = random * 6364136223846793005U + 1442695040888963407U;
            memcpy(spare, corners[3 * f], sizeof spare);
            memcpy(corners[3 * f], corners[3 * other], sizeof spare);
            memcpy(corners[3 * other], spare, sizeof spare);
        }
        for (size_t f = 0; f < FACETS; f++)
            colours[f] = (uint16_t)(1000 + floorf(10 * corners[3 * f][2]));
        assert_int_equal(
            fa_mesh_weld((const float(*)[3])corners, colours, FACETS, &meshes[i], &err), 0);
        assert_int_equal(fa_shells_build(&meshes[i], &shells, &err), 0);
        assert_int_equal(fa_metrics_measure(&meshes[i], &shells, &metrics[i], &err), 0);
        fa_shells_free(&shells);
        for (size_t f = 0; f < meshes[i].facet_count; f++)
            assert_int_equal(meshes[i].colours[f],
                             1000 +
                                 (int)floorf(10 * meshes[i].vertices[meshes[i].facets[f][0]][2]));
    }
    assert_true(metrics[1].whole.watertight && metrics[1].shells == 1);
    assert_int_equal(meshes[1].facet_count, meshes[0].facet_count);
    assert_int_equal(meshes[1].vertex_count, meshes[0].vertex_count);
    assert_near(metrics[1].whole.volume_mm3, metrics[0].whole.volume_mm3);
    assert_near(metrics[1].whole.area_mm2, metrics[0].whole.area_mm2);
    /* Scattered over the sphere it would be about ten. */
    assert_true(mean_step(&meshes[1]) < 1);
    for (int i = 0; i < 2; i++) {
        fa_metrics_free(&metrics[i]);
        fa_mesh_free(&meshes[i]);
    }
    free(colours);
    free(corners);
}

FA_RUN(cmocka_unit_test(hollows_are_taken_away), cmocka_unit_test(inverted_pieces_are_added),
       cmocka_unit_test(defects_are_told_by_piece),
       cmocka_unit_test(turned_facets_do_not_change_the_volume), cmocka_unit_test(holes_get_a_lid),
       cmocka_unit_test(seams_are_closed), cmocka_unit_test(soups_are_bounded),
       cmocka_unit_test(crowds_are_bounded), cmocka_unit_test(far_points_close_nothing),
       cmocka_unit_test(budgets_are_kept), cmocka_unit_test(order_does_not_matter))
