/* Meshes that are no single sound body: pieces, cavities, holes, seams; scenes and their limits. */
#include "lib/geometry/figures.h"
#include "lib/geometry/mesh_close.h"
#include "lib/geometry/obj.h"
#include "lib/geometry/reduce.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <stdlib.h>

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

static void
add_cube(struct soup *soup, float side, float x, bool inward)
{
    for (int f = 0; f < CUBE_FACETS; f++, soup->facets++)
        for (int c = 0; c < 3; c++) {
            int number = cube[f][inward ? 2 - c : c];
            float *corner = soup->corners[3 * soup->facets + (size_t)c];

            corner[0] = x + ((number & 1) != 0 ? side : -side) / 2;
            corner[1] = ((number & 2) != 0 ? side : -side) / 2;
            corner[2] = ((number & 4) != 0 ? side : -side) / 2;
        }
}

static void
make_scene(const float (*corners)[3], size_t facets, struct fa_scene *scene)
{
    struct fa_error err = {0};

    assert_int_equal(fa_scene_single(scene, 1, &err), 0);
    assert_int_equal(fa_mesh_weld(corners, NULL, facets, &scene->shapes[0].bodies[0].mesh, &err),
                     0);
}

static void
measure(const float (*corners)[3], size_t facets, struct fa_figures *figures)
{
    struct fa_error err = {0};
    struct fa_scene scene;

    make_scene(corners, facets, &scene);
    assert_int_equal(fa_figures_measure(&scene, figures, &err), 0);
    fa_scene_free(&scene);
}

static void
assert_near(double value, double expected)
{
    if (!(fabs(value - expected) <= 1e-6 * fmax(1, fabs(expected)))) {
        print_error("%.12g is not %.12g\n", value, expected);
        fail();
    }
}

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
    assert_near(figures.whole.volume_mm3, 1000 - 64);
    assert_near(figures.whole.centre_of_mass_mm[0], -64.0 / (1000 - 64));
    assert_true(figures.whole.watertight && figures.bodies[1].figures.cavity);
    assert_int_equal(figures.whole.inverted_shells, 0);
    /* Thinnest towards the hollow's near side. */
    assert_near(figures.survey.thin_wall_mm, 2);
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
    assert_near(figures.whole.volume_mm3, 1000 + 64);
    assert_int_equal(figures.whole.inverted_shells, 1);
    assert_int_equal(figures.body_count, 2);
    assert_near(figures.bodies[1].figures.volume_mm3, 64);
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
    assert_int_equal(figures.bodies[0].figures.defects.open, 0);
    assert_int_equal(figures.bodies[1].figures.defects.open, 3);
    fa_buf_init(&json, 10000);
    fa_figures_print(&json, &figures);
    assert_non_null(strstr(json.data, "\"facets\":11,\"watertight\":false,\"defects\":"
                                      "{\"open_edges\":3,\"non_manifold_edges\":0,"
                                      "\"flipped_edges\":0}}"));
    assert_non_null(strstr(json.data, "\"facets\":12,\"watertight\":true}"));
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
    assert_true(figures.whole.flipped_edges > 0 && !figures.whole.watertight);
    assert_near(figures.whole.volume_mm3, 1000);
    assert_near(figures.whole.centre_of_mass_mm[0], 0);
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
    assert_int_equal(figures.whole.open_edges, 4);
    assert_near(figures.whole.volume_mm3, 1000);
    assert_near(figures.whole.centre_of_mass_mm[0], 100);
    assert_near(figures.whole.open_at_mm[0], 105);
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
    assert_true(figures.whole.watertight);
    assert_near(figures.whole.volume_mm3, 1000);
    soup.corners[0][0] += 1e-2F;
    measure(soup.corners, soup.facets, &figures);
    assert_false(figures.whole.watertight);
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
    assert_true(figures.whole.shells > FA_PIECES_MAX);
    for (int k = 0; k < 3; k++)
        assert_true(figures.whole.centre_of_mass_mm[k] >= figures.whole.min_mm[k] &&
                    figures.whole.centre_of_mass_mm[k] <= figures.whole.max_mm[k]);
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
    assert_int_equal(figures.facets, CUBE_FACETS);
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
    assert_true(figures.survey.crowded && !figures.survey.has_walls);
    free(corners);
}

/* A shape placed twice, once mirrored: volume and box count both, facets look outwards. */
static void
placements_count(void **state)
{
    struct soup soup = {.facets = 0};
    struct fa_error err = {0};
    struct fa_scene scene;
    struct fa_figures figures;
    struct fa_mesh flat;
    struct fa_shells shells;
    struct fa_metrics metrics;

    (void)state;
    add_cube(&soup, 2, 3, false);
    assert_int_equal(fa_scene_init(&scene, &err), 0);
    assert_int_equal(fa_scene_add_shape(&scene, "cube", 1, &err), 0);
    assert_int_equal(fa_scene_add_node(&scene, "group", -1, -1, &err), 0);
    assert_int_equal(fa_scene_add_node(&scene, "one", 0, 0, &err), 1);
    assert_int_equal(fa_scene_add_node(&scene, "other", 0, 0, &err), 2);
    scene.nodes[0].matrix[2][3] = 7;
    scene.nodes[2].matrix[0][0] = -1;
    assert_int_equal(
        fa_mesh_weld(soup.corners, NULL, soup.facets, &scene.shapes[0].bodies[0].mesh, &err), 0);
    assert_int_equal(fa_figures_measure(&scene, &figures, &err), 0);
    assert_near(figures.whole.volume_mm3, 16);
    assert_near(figures.whole.min_mm[0], -4);
    assert_near(figures.whole.max_mm[0], 4);
    assert_near(figures.whole.max_mm[2], 8);
    assert_near(figures.whole.centre_of_mass_mm[0], 0);
    assert_int_equal(fa_scene_flatten(&scene, &flat, &err), 0);
    assert_int_equal(fa_shells_build(&flat, &shells, &err), 0);
    assert_int_equal(fa_metrics_measure(&flat, &shells, &metrics, &err), 0);
    assert_true(metrics.watertight && metrics.inverted_shells == 0);
    assert_near(metrics.volume_mm3, 16);
    fa_metrics_free(&metrics);
    fa_shells_free(&shells);
    fa_mesh_free(&flat);
    fa_scene_free(&scene);
}

/* What hangs over, and the box around it, are those of the part where it lies. */
static void
placed_parts_are_surveyed(void **state)
{
    struct soup soup = {.facets = 0};
    struct fa_error err = {0};
    struct fa_scene scene;
    struct fa_figures figures;

    (void)state;
    add_cube(&soup, 2, 0, false);
    make_scene(soup.corners, soup.facets, &scene);
    scene.nodes[0].matrix[2][3] = 70;
    assert_int_equal(fa_figures_measure(&scene, &figures, &err), 0);
    assert_near(figures.survey.box_centre_mm[2], 70);
    assert_near(figures.survey.bed_mm2, 4);
    assert_near(figures.survey.overhang_mm2, 0);
    fa_scene_free(&scene);
}

/* Corners are one vertex whichever sign their zeroes have. */
static void
zeroes_are_equal(void **state)
{
    struct soup soup = {.facets = 0};
    struct fa_error err = {0};
    struct fa_mesh mesh;
    struct fa_shells shells;

    (void)state;
    add_cube(&soup, 2, 1, false);
    for (size_t c = 0; c < 3 * soup.facets; c++)
        for (int k = 0; k < 3; k++) {
            float value = soup.corners[c][k] + (k > 0 ? 1 : 0);

            soup.corners[c][k] = value == 0 && (c + (size_t)k) % 2 == 0 ? -0.0F : value;
        }
    assert_int_equal(fa_mesh_weld(soup.corners, NULL, soup.facets, &mesh, &err), 0);
    assert_int_equal(mesh.vertex_count, 8);
    assert_int_equal(fa_shells_build(&mesh, &shells, &err), 0);
    assert_int_equal(shells.odd.count, 0);
    assert_int_equal(shells.count, 1);
    fa_shells_free(&shells);
    fa_mesh_free(&mesh);
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
    assert_true(figures.whole.watertight);
    assert_true(fabs(figures.whole.volume_mm3 / (4000.0 / 3 * M_PI) - 1) < 0.02);
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
    assert_true(metrics[1].watertight && metrics[1].shells == 1);
    assert_int_equal(meshes[1].facet_count, meshes[0].facet_count);
    assert_int_equal(meshes[1].vertex_count, meshes[0].vertex_count);
    assert_near(metrics[1].volume_mm3, metrics[0].volume_mm3);
    assert_near(metrics[1].area_mm2, metrics[0].area_mm2);
    /* Scattered over the sphere it would be about ten. */
    assert_true(mean_step(&meshes[1]) < 1);
    for (int i = 0; i < 2; i++) {
        fa_metrics_free(&metrics[i]);
        fa_mesh_free(&meshes[i]);
    }
    free(colours);
    free(corners);
}

/* Numbers of a file without unit: millimetres, metres, inches. */
static void
units_are_guessed(void **state)
{
    static const struct {
        double sides[3];
        const char *unit;
    } cases[] = {{{100, 40, 12.5}, "mm"},
                 {{0.12, 0.05, 0.02}, "m"},
                 {{4.3125, 2.5, 1.375}, "inch"},
                 {{20, 20, 20}, "mm"}};
    struct fa_figures figures;

    (void)state;
    for (size_t i = 0; i < FA_COUNT(cases); i++) {
        figures = (struct fa_figures){.note_count = 0};
        memcpy(figures.whole.max_mm, cases[i].sides, sizeof cases[i].sides);
        fa_figures_guess_unit(&figures);
        assert_string_equal(figures.unit.name, cases[i].unit);
        assert_true(!figures.unit.stated && figures.unit.evidence[0] != '\0');
    }
}

FA_RUN(cmocka_unit_test(hollows_are_taken_away), cmocka_unit_test(inverted_pieces_are_added),
       cmocka_unit_test(defects_are_told_by_piece),
       cmocka_unit_test(turned_facets_do_not_change_the_volume), cmocka_unit_test(holes_get_a_lid),
       cmocka_unit_test(seams_are_closed), cmocka_unit_test(soups_are_bounded),
       cmocka_unit_test(crowds_are_bounded), cmocka_unit_test(far_points_close_nothing),
       cmocka_unit_test(placements_count), cmocka_unit_test(placed_parts_are_surveyed),
       cmocka_unit_test(zeroes_are_equal), cmocka_unit_test(budgets_are_kept),
       cmocka_unit_test(order_does_not_matter), cmocka_unit_test(units_are_guessed))
