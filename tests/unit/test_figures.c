/* Figures of bodies and of the whole: where they are placed, each by itself, and as JSON. */
#include "lib/base/json.h"
#include "tests/unit/cubes.h"

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
    assert_near(figures.whole.solid.volume_mm3, 16);
    assert_near(figures.whole.solid.min_mm[0], -4);
    assert_near(figures.whole.solid.max_mm[0], 4);
    assert_near(figures.whole.solid.max_mm[2], 8);
    assert_near(figures.whole.solid.centre_mm[0], 0);
    assert_int_equal(fa_scene_flatten(&scene, &flat, &err), 0);
    assert_int_equal(fa_shells_build(&flat, &shells, &err), 0);
    assert_int_equal(fa_metrics_measure(&flat, &shells, &metrics, &err), 0);
    assert_true(metrics.whole.watertight && metrics.inverted_shells == 0);
    assert_near(metrics.whole.volume_mm3, 16);
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
    assert_near(figures.whole.survey.box_centre_mm[2], 70);
    assert_near(figures.whole.survey.bed_mm2, 4);
    assert_near(figures.whole.survey.overhang_mm2, 0);
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

/* Numbers of a file without unit: millimetres, metres, inches, micrometres. */
static void
units_are_guessed(void **state)
{
    static const struct {
        double sides[3];
        const char *unit;
    } cases[] = {{{100, 40, 12.5}, "mm"}, {{0.12, 0.05, 0.02}, "m"}, {{4.3125, 2.5, 1.375}, "inch"},
                 {{20, 20, 20}, "mm"},    {{1500, 800, 400}, "mm"},  {{20000, 20000, 20000}, "um"}};
    struct fa_figures figures;

    (void)state;
    for (size_t i = 0; i < FA_COUNT(cases); i++) {
        figures = (struct fa_figures){.note_count = 0};
        memcpy(figures.whole.solid.max_mm, cases[i].sides, sizeof cases[i].sides);
        fa_figures_guess_unit(&figures);
        assert_string_equal(figures.unit.name, cases[i].unit);
        assert_true(!figures.unit.stated && figures.unit.evidence[0] != '\0');
    }
}

/* A scene of one shape with a body of these boxes, placed by each of the nodes. */
static void
place_soup(const struct soup *soup, struct fa_scene *scene, int nodes)
{
    struct fa_error err = {0};

    assert_int_equal(fa_scene_init(scene, &err), 0);
    assert_int_equal(fa_scene_add_shape(scene, "box", 1, &err), 0);
    assert_int_equal(fa_mesh_weld((const float(*)[3])soup->corners, NULL, soup->facets,
                                  &scene->shapes[0].bodies[0].mesh, &err),
                     0);
    for (int n = 0; n < nodes; n++)
        assert_int_equal(fa_scene_add_node(scene, NULL, -1, 0, &err), n);
}

static void
assert_box(const struct fa_survey *survey, double a, double b, double c)
{
    assert_near(survey->box_mm[0], a);
    assert_near(survey->box_mm[1], b);
    assert_near(survey->box_mm[2], c);
}

/* A hollow box of 30 x 20 x 10 with walls of 1, leaning by 30 degrees and twice as large: each has
 * the figures of its own size and way of lying. */
static void
bodies_are_surveyed_where_they_are_placed(void **state)
{
    struct soup soup = {.facets = 0};
    struct fa_error err = {0};
    struct fa_scene scene;
    struct fa_figures figures;
    /* Within 1 of an edge the wall behind the outside is the next side. */
    const double thin = (1744.0 + 1744) / (2200 + 1744);
    const struct fa_figure_body *leaning = &figures.bodies[0];
    const struct fa_figure_body *large = &figures.bodies[1];

    (void)state;
    add_box(&soup, (const float[3]){30, 20, 10}, (const float[3]){1, 2, 3}, false);
    add_box(&soup, (const float[3]){28, 18, 8}, (const float[3]){1, 2, 3}, true);
    place_soup(&soup, &scene, 2);
    scene.shapes[0].bodies[0].exact.smallest_hole_mm = 3;
    memcpy(scene.nodes[0].matrix,
           (const double[3][4]){{1, 0, 0, 0}, {0, sqrt(0.75), -0.5, 0}, {0, 0.5, sqrt(0.75), 0}},
           sizeof scene.nodes[0].matrix);
    for (int k = 0; k < 3; k++)
        scene.nodes[1].matrix[k][k] = 2;
    scene.nodes[1].matrix[0][3] = 100;
    assert_int_equal(fa_figures_measure(&scene, &figures, &err), 0);
    assert_int_equal(figures.listed_count, 2);
    assert_box(&leaning->survey, 30, 20, 10);
    assert_box(&large->survey, 60, 40, 20);
    assert_near(large->survey.box_centre_mm[0], 102);
    assert_near(fabs(leaning->survey.box_axes[1][1]), sqrt(0.75));
    /* It stands on an edge: its floor hangs over, and the hollow's ceiling does in both. */
    assert_near(leaning->survey.bed_mm2, 0);
    assert_near(leaning->survey.overhang_mm2, 30 * 20 + 28 * 18);
    assert_near(large->survey.bed_mm2, 4 * 30 * 20);
    assert_near(large->survey.overhang_mm2, 4 * 28 * 18);
    assert_near(leaning->survey.thin_wall_mm, 1);
    assert_near(large->survey.thin_wall_mm, 2);
    assert_true(fabs(leaning->survey.walls[2] - thin) < 0.01);
    assert_true(fabs(large->survey.walls[3] + large->survey.walls[4] - thin) < 0.01);
    assert_near(leaning->smallest_hole_mm, 3);
    assert_near(large->smallest_hole_mm, 6);
    assert_near(large->solid.volume_mm3, 8 * leaning->solid.volume_mm3);
    assert_near(figures.whole.smallest_hole_mm, 3);
    fa_scene_free(&scene);
}

/* Two pieces of one mesh have the figures that each has alone. */
static void
pieces_have_figures_of_their_own(void **state)
{
    static const float sides[2][3] = {{10, 6, 4}, {3, 2, 1}};
    static const float centres[2][3] = {{0, 0, 0}, {20, 20, 20}};
    struct soup both = {.facets = 0};
    struct fa_figures figures, alone;

    (void)state;
    for (int i = 0; i < 2; i++)
        add_box(&both, sides[i], centres[i], false);
    measure((const float(*)[3])both.corners, both.facets, &figures);
    assert_int_equal(figures.body_count, 2);
    assert_int_equal(figures.listed_count, 2);
    for (int i = 0; i < 2; i++) {
        const struct fa_figure_body *body = &figures.bodies[i];
        struct soup one = {.facets = 0};

        add_box(&one, sides[i], centres[i], false);
        measure((const float(*)[3])one.corners, one.facets, &alone);
        assert_memory_equal(&body->survey.box_mm, &alone.whole.survey.box_mm,
                            sizeof body->survey.box_mm);
        assert_memory_equal(&body->survey.box_centre_mm, &alone.whole.survey.box_centre_mm,
                            sizeof body->survey.box_centre_mm);
        assert_near(body->survey.bed_mm2, alone.whole.survey.bed_mm2);
        assert_near(body->survey.overhang_mm2, 0);
        assert_near(body->survey.thin_wall_mm, (double)sides[i][2]);
        assert_near(body->solid.min_mm[2], alone.whole.solid.min_mm[2]);
        assert_false(body->survey.has_gaps);
        for (int bin = 0; bin < FA_WALL_BINS; bin++)
            assert_true(fabs(body->survey.walls[bin] - alone.whole.survey.walls[bin]) < 0.02);
    }
    /* To the bed of the whole the small one is too high. */
    assert_near(figures.whole.survey.bed_mm2, 60);
    assert_near(figures.whole.survey.overhang_mm2, 6);
}

/* A body that is alone is the whole, to the last bit. */
static void
alone_is_the_whole(void **state)
{
    struct soup soup = {.facets = 0};
    struct fa_error err = {0};
    struct fa_scene scene;
    struct fa_figures figures;

    (void)state;
    add_box(&soup, (const float[3]){30, 20, 10}, (const float[3]){1, 2, 3}, false);
    place_soup(&soup, &scene, 1);
    scene.nodes[0].matrix[2][2] = 3;
    assert_int_equal(fa_figures_measure(&scene, &figures, &err), 0);
    assert_near(figures.whole.survey.box_mm[0], 30);
    assert_near(figures.whole.survey.bed_mm2, 600);
    assert_memory_equal(&figures.bodies[0].survey, &figures.whole.survey,
                        sizeof figures.whole.survey);
    assert_memory_equal(&figures.bodies[0].solid, &figures.whole.solid, sizeof figures.whole.solid);
    fa_scene_free(&scene);
}

/* Fifty places of a small body beside a large one: forty are listed, each with its walls, and the
 * whole counts the surface of all. */
static void
every_place_counts(void **state)
{
    enum { PLACES = 50 };
    struct soup large = {.facets = 0};
    struct soup small = {.facets = 0};
    struct fa_error err = {0};
    struct fa_scene scene;
    struct fa_figures figures;

    (void)state;
    add_cube(&large, 40, 0, false);
    add_cube(&small, 1, 0, false);
    place_soup(&large, &scene, 1);
    assert_int_equal(fa_scene_add_shape(&scene, "small", 1, &err), 1);
    assert_int_equal(fa_mesh_weld((const float(*)[3])small.corners, NULL, small.facets,
                                  &scene.shapes[1].bodies[0].mesh, &err),
                     0);
    for (int n = 1; n <= PLACES; n++) {
        assert_int_equal(fa_scene_add_node(&scene, NULL, -1, 1, &err), n);
        scene.nodes[n].matrix[0][3] = 100 + 2 * n;
    }
    assert_int_equal(fa_figures_measure(&scene, &figures, &err), 0);
    assert_int_equal(figures.body_count, PLACES + 1);
    assert_int_equal(figures.listed_count, FA_FIGURE_BODIES);
    assert_string_equal(figures.bodies[0].name, "box");
    assert_near(figures.bodies[0].survey.thin_wall_mm, 40);
    for (int i = 1; i < FA_FIGURE_BODIES; i++) {
        assert_near(figures.bodies[i].survey.walls[2], 1);
        assert_near(figures.bodies[i].survey.thin_wall_at_mm[0],
                    figures.bodies[1].survey.thin_wall_at_mm[0] + 2 * (i - 1));
    }
    assert_true(fabs(figures.whole.survey.walls[2] - 50.0 / (50 + 1600)) < 1e-3);
    assert_near(figures.whole.survey.thin_wall_mm, 1);
    fa_scene_free(&scene);
}

/* Makes every number of a body as long as it can be printed. */
static void
fill_body(struct fa_figure_body *body, const char *name)
{
    const double longest = -1.23456e-300;
    struct fa_survey *survey = &body->survey;

    *body = (struct fa_figure_body){.name = name, .faces = UINT64_MAX};
    body->smallest_hole_mm = body->smallest_radius_mm = -longest;
    for (int i = 0; i < 3; i++) {
        body->solid.centre_mm[i] = body->solid.min_mm[i] = body->solid.max_mm[i] = longest;
        body->solid.defects.open_at_mm[i] = survey->thin_wall_at_mm[i] = longest;
        survey->narrow_gap_at_mm[i] = survey->box_mm[i] = survey->box_centre_mm[i] = longest;
        for (int k = 0; k < 3; k++)
            survey->box_axes[i][k] = longest;
    }
    body->solid.volume_mm3 = body->solid.area_mm2 = longest;
    body->solid.facets = UINT64_MAX;
    body->solid.cavity = true;
    body->solid.defects.open = body->solid.defects.non_manifold = UINT64_MAX;
    body->solid.defects.flipped = UINT64_MAX;
    survey->has_walls = survey->has_gaps = true;
    survey->thin_wall_mm = survey->narrow_gap_mm = survey->overhang_mm2 = longest;
    survey->bed_mm2 = longest;
    for (int i = 0; i < FA_WALL_BINS; i++)
        survey->walls[i] = longest;
}

/* The longest figures of the most bodies fit into what is allowed, and are JSON. */
static void
longest_figures_fit(void **state)
{
    char name[1000];
    struct fa_error err = {0};
    struct fa_figures figures = {.listed_count = FA_FIGURE_BODIES,
                                 .body_count = SIZE_MAX,
                                 .shells = UINT64_MAX,
                                 .inverted_shells = UINT64_MAX,
                                 .degenerate = SIZE_MAX,
                                 .dropped = UINT64_MAX,
                                 .note_count = FA_FIGURE_NOTES,
                                 .unit = {.name = "kilometre"},
                                 .validation = {true, true, 1e-300 / 3, 1e-300 / 3}};
    struct json_object *object = NULL;
    struct fa_buf json;

    (void)state;
    memset(name, 1, sizeof name - 1);
    name[sizeof name - 1] = '\0';
    fill_body(&figures.whole, NULL);
    for (int i = 0; i < FA_FIGURE_BODIES; i++)
        fill_body(&figures.bodies[i], name);
    for (int i = 0; i < FA_FIGURE_NOTES; i++)
        memcpy(figures.notes[i], name, FA_FIGURE_NOTE - 1);
    memcpy(figures.unit.evidence, name, FA_FIGURE_NOTE - 1);
    fa_buf_init(&json, FA_FIGURES_BYTES);
    fa_figures_print(&json, &figures);
    assert_false(json.failed);
    assert_true(json.length > FA_FIGURES_BYTES / 2);
    assert_int_equal(fa_json_parse(json.data, json.length, &object, &err), 0);
    fa_json_free(&object);
    fa_buf_free(&json);
}

FA_RUN(cmocka_unit_test(placements_count), cmocka_unit_test(placed_parts_are_surveyed),
       cmocka_unit_test(zeroes_are_equal), cmocka_unit_test(units_are_guessed),
       cmocka_unit_test(bodies_are_surveyed_where_they_are_placed),
       cmocka_unit_test(pieces_have_figures_of_their_own), cmocka_unit_test(alone_is_the_whole),
       cmocka_unit_test(every_place_counts), cmocka_unit_test(longest_figures_fit))
