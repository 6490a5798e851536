/* STL in all its forms, and the figures of known bodies. */
#include "lib/base/buf.h"
#include "lib/geometry/figures.h"
#include "lib/geometry/glb.h"
#include "lib/geometry/render.h"
#include "lib/geometry/stl_text.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CUBE_FACETS = 12, RECORD = 50, HEADER = 84 };

/* The corners of a box of 13 x 17 x 19 as outward facets. */
static const unsigned char cube[CUBE_FACETS][3] = {{0, 2, 1}, {1, 2, 3}, {4, 5, 6}, {5, 7, 6},
                                                   {0, 1, 4}, {1, 5, 4}, {2, 6, 3}, {3, 6, 7},
                                                   {0, 4, 2}, {2, 4, 6}, {1, 3, 5}, {3, 7, 5}};

static void
corner_of(int number, float corner[3])
{
    corner[0] = (number & 1) != 0 ? 13 : 0;
    corner[1] = (number & 2) != 0 ? 17 : 0;
    corner[2] = (number & 4) != 0 ? 19 : 0;
}

/* The box as binary STL; returns its length. */
static size_t
binary_cube(unsigned char *data, const char *header, uint32_t announced)
{
    memset(data, ' ', HEADER);
    memcpy(data, header, strlen(header));
    memcpy(data + 80, &announced, 4);
    for (int f = 0; f < CUBE_FACETS; f++) {
        unsigned char *record = data + HEADER + f * RECORD;

        memset(record, 0, RECORD);
        for (int c = 0; c < 3; c++) {
            float corner[3];

            corner_of(cube[f][c], corner);
            memcpy(record + 12 + 12 * c, corner, 12);
        }
    }
    return HEADER + CUBE_FACETS * RECORD;
}

static int
read_bytes(const void *data, size_t length, struct fa_stl *stl, struct fa_error *err)
{
    return fa_stl_read(data, length, 1000, stl, err);
}

static size_t
facets_of(const void *data, size_t length)
{
    struct fa_stl stl;
    struct fa_error err = {0};
    size_t count = 0;

    if (read_bytes(data, length, &stl, &err) == 0)
        count = stl.facet_count;
    else
        assert_int_equal(err.code, FA_E_CONTENT);
    fa_stl_free(&stl);
    return count;
}

/* A binary is one by its size, also when its header begins with "solid". */
static void
binary_is_told_by_size(void **state)
{
    unsigned char data[1000];

    (void)state;
    assert_int_equal(facets_of(data, binary_cube(data, "solid facet normal", 12)), 12);
    assert_int_equal(facets_of(data, binary_cube(data, "x", 12)), 12);
}

/* A binary of the wrong length gives what it has, and says so. */
static void
odd_binaries_are_used(void **state)
{
    unsigned char data[1000] = {0};
    size_t length = binary_cube(data, "x", 4000000000U);
    struct fa_stl stl;
    struct fa_error err = {0};

    (void)state;
    assert_int_equal(read_bytes(data, length, &stl, &err), 0);
    assert_true(stl.short_count && stl.facet_count == 12 && stl.announced == 4000000000U);
    fa_stl_free(&stl);
    binary_cube(data, "x", 10);
    assert_int_equal(read_bytes(data, length + 7, &stl, &err), 0);
    assert_true(stl.trailing && stl.facet_count == 10);
    fa_stl_free(&stl);
}

/* Facets with NaN or infinity are dropped and counted. */
static void
unreadable_facets_are_dropped(void **state)
{
    unsigned char data[1000];
    size_t length = binary_cube(data, "x", 12);
    float odd[2] = {NAN, INFINITY};
    struct fa_stl stl;
    struct fa_error err = {0};

    (void)state;
    memcpy(data + HEADER + 12, &odd[0], 4);
    memcpy(data + HEADER + 5 * RECORD + 40, &odd[1], 4);
    assert_int_equal(read_bytes(data, length, &stl, &err), 0);
    assert_int_equal(stl.dropped, 2);
    assert_int_equal(stl.facet_count, 10);
    fa_stl_free(&stl);
}

/* What holds no facet is refused, with the sentence for the user. */
static void
useless_files_are_refused(void **state)
{
    unsigned char data[HEADER] = {0};
    unsigned char noise[5000];
    struct fa_stl stl;
    struct fa_error err = {0};
    uint32_t seed = 1;

    (void)state;
    memset(data + 80, 0xff, 4);
    assert_int_equal(read_bytes(data, HEADER, &stl, &err), -1);
    assert_string_equal(err.detail, "The file announces 4294967295 facets but holds none.");
    assert_string_equal(err.action, "Export the part again as binary STL.");
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)((seed = seed * 1664525 + 1013904223) >> 24);
    assert_int_equal(facets_of(noise, sizeof noise), 0);
    assert_int_equal(facets_of("", 0), 0);
    assert_int_equal(facets_of("solid x\nendsolid x\n", 19), 0);
    assert_int_equal(facets_of("hello, this is a letter", 23), 0);
    memset(data + 80, 0, 4);
    assert_int_equal(facets_of(data, HEADER), 0);
}

#define FACET(corners) " facet normal 0 0 1 outer loop " corners " endloop endfacet"
#define TRIANGLE       "vertex 0 0 0 vertex 1 0 0 vertex 0 1 0"

/* Text comes in many hands. */
static void
texts_are_read(void **state)
{
    static const struct {
        const char *text;
        size_t facets;
    } cases[] = {
        {"solid a\n" FACET(TRIANGLE) "\nendsolid a\n", 1},
        {"  \xef\xbb\xbf", 0},
        {"\xef\xbb\xbfsolid\r\n" FACET(TRIANGLE), 1},
        {"SOLID vertex 1 2 3\r" FACET("VERTEX 0 0 0\tVertex 1e0 .0 -0. vertex 0 +1E+0 0"), 1},
        {"solid\n" FACET(TRIANGLE) "\nendsolid facet\nsolid two\n" FACET(TRIANGLE), 2},
        {"solid\n" FACET("vertex 0 0 0 vertex 1 0 0 vertex 1 1 0 vertex 0 1 0"), 2},
        {"solid\n" FACET("vertex nan 0 0 vertex 1 0 0 vertex 0 1 0") FACET(TRIANGLE), 1},
        {"solid\n" FACET("vertex x 0 0 vertex 1 0 0 vertex 0 1 0") FACET(TRIANGLE), 1},
        {"solid\n" FACET(TRIANGLE) " facet normal 0 0 1 outer loop vertex 0 0", 1},
    };

    (void)state;
    for (size_t i = 0; i < FA_COUNT(cases); i++)
        assert_int_equal(facets_of(cases[i].text, strlen(cases[i].text)), cases[i].facets);
}

/* Numbers are rounded as strtod does. */
static void
numbers_are_exact(void **state)
{
    static const char *const texts[] = {"0",
                                        "-0.0",
                                        "1.5",
                                        "3.4028235e38",
                                        "1e-45",
                                        "0.1",
                                        "1e22",
                                        "1e23",
                                        "123456789012345678901234567890",
                                        "9007199254740993",
                                        "-7.2E-3",
                                        "4.35",
                                        "0.000001234"};

    (void)state;
    for (size_t i = 0; i < FA_COUNT(texts); i++) {
        double number = -1;
        double expected = strtod(texts[i], NULL);

        assert_int_equal(fa_stl_text_number(texts[i], strlen(texts[i]), &number), strlen(texts[i]));
        assert_memory_equal(&number, &expected, sizeof number);
    }
}

/* The box through all stages; the caller frees. */
struct body {
    struct fa_stl stl;
    struct fa_mesh mesh;
    struct fa_edges edges;
    struct fa_metrics metrics;
    struct fa_normals normals;
    struct fa_scene scene; /* owns the mesh */
};

static void
make_body(struct body *body, const unsigned char *data, size_t length)
{
    struct fa_error err = {0};
    struct fa_mesh *mesh;
    struct fa_shells shells;

    assert_int_equal(read_bytes(data, length, &body->stl, &err), 0);
    assert_int_equal(fa_scene_single(&body->scene, 1, &err), 0);
    mesh = &body->scene.shapes[0].bodies[0].mesh;
    assert_int_equal(fa_mesh_weld_soup(&body->stl.soup, mesh, &err), 0);
    body->mesh = *mesh;
    assert_int_equal(fa_edges_build(mesh, &body->edges, &err), 0);
    assert_int_equal(fa_shells_build(mesh, &shells, &err), 0);
    assert_int_equal(fa_metrics_measure(mesh, &shells, &body->metrics, &err), 0);
    fa_shells_free(&shells);
    assert_int_equal(fa_normals_build(mesh, &body->normals, &err), 0);
}

static void
free_body(struct body *body)
{
    fa_normals_free(&body->normals);
    fa_edges_free(&body->edges);
    fa_metrics_free(&body->metrics);
    fa_scene_free(&body->scene);
    fa_stl_free(&body->stl);
}

/* A box of 13 x 17 x 19 has the figures of one. */
static void
box_is_measured(void **state)
{
    unsigned char data[1000];
    struct body body;
    struct fa_buf json;
    struct fa_figures figures;
    struct fa_error err = {0};

    (void)state;
    make_body(&body, data, binary_cube(data, "x", 12));
    assert_int_equal(body.mesh.vertex_count, 8);
    assert_int_equal(body.edges.count, 18);
    assert_true(body.metrics.whole.watertight && !body.metrics.inverted);
    assert_int_equal(body.metrics.shells, 1);
    fa_buf_init(&json, 10000);
    assert_int_equal(fa_figures_measure(&body.scene, &figures, &err), 0);
    fa_figures_print(&json, &figures);
    assert_non_null(strstr(json.data, "{\"volume_mm3\":4199.0,\"area_mm2\":1582.0,"
                                      "\"bounding_box_mm\":{\"min\":[0.0,0.0,0.0],"
                                      "\"max\":[13.0,17.0,19.0]}"));
    assert_non_null(strstr(json.data, "\"oriented_box_mm\":{\"size\":[19,17,13]"));
    assert_non_null(strstr(json.data, "\"overhang\":{\"area_mm2\":0,\"bed_mm2\":221"));
    /* Walls are 13, 17 and 19 thick. */
    assert_true(fabs(figures.whole.survey.thin_wall_mm - 13) < 1e-5);
    assert_true(figures.whole.survey.walls[7] > 0.999 && !figures.whole.survey.has_gaps);
    fa_buf_free(&json);
    free_body(&body);
}

/* A missing facet is three open edges; a turned one three flipped edges. */
static void
defects_are_counted(void **state)
{
    unsigned char data[1000];
    unsigned char spare[12];
    struct body body;

    (void)state;
    binary_cube(data, "x", 11);
    make_body(&body, data, HEADER + 11 * RECORD);
    assert_int_equal(body.metrics.whole.defects.open, 3);
    assert_false(body.metrics.whole.watertight);
    free_body(&body);
    binary_cube(data, "x", 12);
    memcpy(spare, data + HEADER + 12, 12);
    memcpy(data + HEADER + 12, data + HEADER + 24, 12);
    memcpy(data + HEADER + 24, spare, 12);
    make_body(&body, data, HEADER + 12 * RECORD);
    assert_int_equal(body.metrics.whole.defects.flipped, 3);
    assert_int_equal(body.metrics.whole.defects.open, 0);
    free_body(&body);
}

/* A body turned inside out has the same volume, and it is told. */
static void
inverted_bodies_are_turned(void **state)
{
    unsigned char data[1000];
    struct body body;

    (void)state;
    binary_cube(data, "x", 12);
    for (int f = 0; f < CUBE_FACETS; f++) {
        unsigned char *record = data + HEADER + f * RECORD + 12;
        unsigned char spare[12];

        memcpy(spare, record, 12);
        memcpy(record, record + 12, 12);
        memcpy(record + 12, spare, 12);
    }
    make_body(&body, data, HEADER + 12 * RECORD);
    assert_true(body.metrics.inverted && body.metrics.whole.watertight);
    assert_true(fabs(body.metrics.whole.volume_mm3 - 4199) < 1e-9);
    free_body(&body);
}

/* A box keeps its creases: three normals at each of eight corners; the model is well-formed. */
static void
model_is_well_formed(void **state)
{
    unsigned char data[1000];
    uint32_t head[5];
    struct body body;
    struct fa_error err = {0};
    const struct fa_glb_options options = {.name = "a \"box\""};
    int fd = memfd_create("glb", 0);

    (void)state;
    make_body(&body, data, binary_cube(data, "x", 12));
    assert_int_equal(body.normals.count, 24);
    assert_int_equal(fa_glb_write(&body.scene, &options, fd, &err), 0);
    assert_int_equal(pread(fd, head, sizeof head, 0), sizeof head);
    assert_int_equal(head[0], 0x46546c67);
    assert_int_equal(head[1], 2);
    assert_int_equal(head[2], lseek(fd, 0, SEEK_END));
    assert_int_equal(head[3] % 4, 0);
    close(fd);
    free_body(&body);
}

/* The picture fills its frame, is transparent around, and is the same every time. */
static void
picture_is_reproducible(void **state)
{
    static uint8_t one[128 * 128 * 4], other[128 * 128 * 4];
    unsigned char data[1000];
    struct body body;
    struct fa_error err = {0};
    struct fa_mesh flat;
    struct fa_drawing drawing = {.mesh = &flat, .normals = &body.normals, .edges = &body.edges};
    size_t covered = 0;

    (void)state;
    make_body(&body, data, binary_cube(data, "x", 12));
    assert_int_equal(fa_scene_flatten(&body.scene, &flat, &err), 0);
    drawing.colours = (const float(*)[4])body.scene.colours;
    assert_int_equal(fa_render(&drawing, 128, one, &err), 0);
    assert_int_equal(fa_render(&drawing, 128, other, &err), 0);
    assert_memory_equal(one, other, sizeof one);
    for (size_t i = 3; i < sizeof one; i += 4)
        covered += one[i] == 255;
    assert_in_range(covered, 128 * 128 * 35 / 100, 128 * 128 * 85 / 100);
    assert_int_equal(one[3], 0);
    fa_mesh_free(&flat);
    free_body(&body);
}

FA_RUN(cmocka_unit_test(binary_is_told_by_size), cmocka_unit_test(odd_binaries_are_used),
       cmocka_unit_test(unreadable_facets_are_dropped), cmocka_unit_test(useless_files_are_refused),
       cmocka_unit_test(texts_are_read), cmocka_unit_test(numbers_are_exact),
       cmocka_unit_test(box_is_measured), cmocka_unit_test(defects_are_counted),
       cmocka_unit_test(inverted_bodies_are_turned), cmocka_unit_test(model_is_well_formed),
       cmocka_unit_test(picture_is_reproducible))
