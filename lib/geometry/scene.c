#include "lib/geometry/scene.h"
#include "lib/geometry/list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Neutral, slightly cool grey. */
static const float no_colour[4] = {0.40F, 0.46F, 0.53F, 1};

int
fa_scene_init(struct fa_scene *scene, struct fa_error *err)
{
    *scene = (struct fa_scene){.shapes = NULL};
    return fa_scene_add_colour(scene, no_colour, err) < 0 ? -1 : 0;
}

void
fa_scene_free(struct fa_scene *scene)
{
    for (size_t i = 0; i < scene->shape_count; i++) {
        for (size_t j = 0; j < scene->shapes[i].body_count; j++) {
            fa_mesh_free(&scene->shapes[i].bodies[j].mesh);
            free(scene->shapes[i].bodies[j].name);
        }
        free(scene->shapes[i].bodies);
        free(scene->shapes[i].name);
    }
    for (size_t i = 0; i < scene->node_count; i++)
        free(scene->nodes[i].name);
    free(scene->shapes);
    free(scene->nodes);
    free(scene->colours);
    *scene = (struct fa_scene){.shapes = NULL};
}

static int
no_memory(struct fa_error *err)
{
    return fa_error_set(err, FA_E_MEMORY, "parts of the scene");
}

int32_t
fa_scene_add_shape(struct fa_scene *scene, const char *name, size_t bodies, struct fa_error *err)
{
    struct fa_shape shape = {.name = strdup(name != NULL ? name : ""),
                             .bodies = calloc(bodies + 1, sizeof *shape.bodies),
                             .body_count = bodies};

    if (shape.name == NULL || shape.bodies == NULL ||
        !fa_list_reserve(&scene->shapes, scene->shape_count, &scene->shape_room, sizeof shape)) {
        free(shape.name);
        free(shape.bodies);
        return no_memory(err);
    }
    scene->shapes[scene->shape_count] = shape;
    return (int32_t)scene->shape_count++;
}

int32_t
fa_scene_add_node(struct fa_scene *scene, const char *name, int32_t parent, int32_t shape,
                  struct fa_error *err)
{
    char *copy = strdup(name != NULL ? name : "");

    if (copy == NULL || !fa_list_reserve(&scene->nodes, scene->node_count, &scene->node_room,
                                         sizeof *scene->nodes)) {
        free(copy);
        return no_memory(err);
    }
    if (scene->node_count == FA_SCENE_NODES_MAX) {
        free(copy);
        fa_error_set(err, FA_E_CONTENT, "The assembly has more than %d components.",
                     FA_SCENE_NODES_MAX);
        return fa_error_action(err, "Export the parts of the assembly one by one.");
    }
    scene->nodes[scene->node_count] = (struct fa_node){
        .name = copy,
        .parent = parent,
        .shape = shape,
        .matrix = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}},
    };
    return (int32_t)scene->node_count++;
}

int32_t
fa_scene_add_colour(struct fa_scene *scene, const float colour[4], struct fa_error *err)
{
    for (size_t i = 1; i < scene->colour_count; i++)
        if (memcmp(scene->colours[i], colour, sizeof *scene->colours) == 0)
            return (int32_t)i;
    /* More than anyone can tell apart. */
    if (scene->colour_count == FA_SCENE_COLOURS_MAX)
        return 0;
    if (!fa_list_reserve(&scene->colours, scene->colour_count, &scene->colour_room,
                         sizeof *scene->colours))
        return no_memory(err);
    memcpy(scene->colours[scene->colour_count], colour, sizeof *scene->colours);
    return (int32_t)scene->colour_count++;
}

int
fa_scene_single(struct fa_scene *scene, size_t count, struct fa_error *err)
{
    if (fa_scene_init(scene, err) < 0 || fa_scene_add_shape(scene, NULL, count, err) < 0 ||
        fa_scene_add_node(scene, NULL, -1, 0, err) < 0)
        return -1;
    return 0;
}

void
fa_matrix_apply(const double matrix[3][4], const double from[3], double to[3])
{
    for (int i = 0; i < 3; i++)
        to[i] =
            matrix[i][0] * from[0] + matrix[i][1] * from[1] + matrix[i][2] * from[2] + matrix[i][3];
}

void
fa_matrix_undo(const double matrix[3][4], double back[3][4])
{
    for (int i = 0; i < 3; i++) {
        back[i][3] = 0;
        for (int j = 0; j < 3; j++) {
            back[i][j] = matrix[j][i];
            back[i][3] -= matrix[j][i] * matrix[j][3];
        }
    }
}

double
fa_matrix_determinant(const double m[3][4])
{
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
           m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

double
fa_matrix_scale(const double matrix[3][4])
{
    double scale = cbrt(fabs(fa_matrix_determinant(matrix)));

    /* Of a mere rotation exactly. */
    return fabs(scale - 1) > 1e-9 ? scale : 1;
}

void
fa_matrix_multiply(const double outer[3][4], const double inner[3][4], double result[3][4])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++) {
            result[i][j] = j == 3 ? outer[i][3] : 0;
            for (int k = 0; k < 3; k++)
                result[i][j] += outer[i][k] * inner[k][j];
        }
}

void
fa_scene_place(const struct fa_scene *scene, size_t node, double matrix[3][4])
{
    const struct fa_node *at = &scene->nodes[node];

    memcpy(matrix, at->matrix, sizeof at->matrix);
    while (at->parent >= 0) {
        double inner[3][4];

        at = &scene->nodes[at->parent];
        memcpy(inner, matrix, sizeof inner);
        fa_matrix_multiply(at->matrix, inner, matrix);
    }
}

/* Of all bodies where they are placed; as a mesh without coordinates. */
static struct fa_mesh
count(const struct fa_scene *scene)
{
    struct fa_mesh all = {.facet_count = 0};

    for (size_t n = 0; n < scene->node_count; n++)
        if (scene->nodes[n].shape >= 0) {
            const struct fa_shape *shape = &scene->shapes[scene->nodes[n].shape];

            for (size_t b = 0; b < shape->body_count; b++) {
                all.facet_count += shape->bodies[b].mesh.facet_count;
                all.vertex_count += shape->bodies[b].mesh.vertex_count;
            }
        }
    return all;
}

size_t
fa_scene_facets(const struct fa_scene *scene)
{
    return count(scene).facet_count;
}

/* Appends a body's mesh, placed; a mirror turns its facets around. */
static void
append(struct fa_mesh *mesh, const struct fa_mesh *body, const double matrix[3][4], int32_t colour)
{
    uint32_t base = (uint32_t)mesh->vertex_count;
    bool mirrored = fa_matrix_determinant(matrix) < 0;

    for (size_t v = 0; v < body->vertex_count; v++) {
        double from[3] = {(double)body->vertices[v][0], (double)body->vertices[v][1],
                          (double)body->vertices[v][2]};
        double to[3];

        fa_matrix_apply(matrix, from, to);
        for (int i = 0; i < 3; i++)
            mesh->vertices[mesh->vertex_count][i] = (float)to[i];
        mesh->vertex_count++;
    }
    for (size_t f = 0; f < body->facet_count; f++) {
        uint32_t *facet = mesh->facets[mesh->facet_count];
        uint16_t own = body->colours != NULL ? body->colours[f] : 0;

        facet[0] = base + body->facets[f][0];
        facet[1] = base + body->facets[f][mirrored ? 2 : 1];
        facet[2] = base + body->facets[f][mirrored ? 1 : 2];
        mesh->colours[mesh->facet_count++] = own != 0 ? own : (uint16_t)colour;
    }
}

int
fa_scene_flatten(const struct fa_scene *scene, struct fa_mesh *mesh, struct fa_error *err)
{
    const struct fa_mesh all = count(scene);
    size_t facets = all.facet_count;
    size_t vertices = all.vertex_count;

    *mesh = (struct fa_mesh){.vertices = malloc(vertices * sizeof *mesh->vertices + 1),
                             .facets = malloc(facets * sizeof *mesh->facets + 1),
                             .colours = malloc(facets * sizeof *mesh->colours + 1)};
    if (mesh->vertices == NULL || mesh->facets == NULL || mesh->colours == NULL ||
        vertices >= UINT32_MAX) {
        fa_mesh_free(mesh);
        return fa_error_set(err, FA_E_MEMORY, "one mesh of %zu facets", facets);
    }
    for (size_t n = 0; n < scene->node_count; n++) {
        const struct fa_node *node = &scene->nodes[n];
        double matrix[3][4];

        if (node->shape < 0)
            continue;
        fa_scene_place(scene, n, matrix);
        for (size_t b = 0; b < scene->shapes[node->shape].body_count; b++)
            append(mesh, &scene->shapes[node->shape].bodies[b].mesh, matrix, node->colour);
    }
    return 0;
}
