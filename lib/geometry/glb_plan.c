#include "lib/geometry/glb_plan.h"
#include "lib/base/cleanup.h"
#include "lib/geometry/edges.h"
#include "lib/geometry/list.h"
#include "lib/geometry/normals.h"

#include <math.h>
#include <meshoptimizer.h>
#include <stdlib.h>
#include <string.h>

/* The largest index of each width is the primitive restart value. */
enum { STEPS = 65535, BYTES_MAX = 255, NARROW_MAX = 65535, NORMAL_MAX = 127 };

/* Parts of more facets than this get levels of detail; primitives of fewer than the second number
 * look the same in all of them. */
enum { LEVELS_FROM = 250000, COARSEST = 200 };

/* So far, as a share of the primitive's size, the coarsest level may stray. */
static const float error_share = 0.05F;

/* A body being laid out, and where its normals have gone in the primitive at hand. */
struct layout {
    struct fa_glb_plan *plan;
    const struct fa_mesh *mesh;
    struct fa_normals normals;
    const struct fa_glb_shape *grid;
    uint32_t *places; /* by normal: 1 + its vertex in this primitive */
    uint32_t *used;   /* the normals that have one */
};

static void
make_grid(const struct fa_shape *shape, struct fa_glb_shape *grid)
{
    double max[3] = {-INFINITY, -INFINITY, -INFINITY};
    double longest = 0;

    *grid =
        (struct fa_glb_shape){.offset = {INFINITY, INFINITY, INFINITY}, .step = 1, .last_mesh = -1};
    for (size_t b = 0; b < shape->body_count; b++)
        for (size_t v = 0; v < shape->bodies[b].mesh.vertex_count; v++)
            for (int i = 0; i < 3; i++) {
                double value = (double)shape->bodies[b].mesh.vertices[v][i];

                grid->offset[i] = fmin(grid->offset[i], value);
                max[i] = fmax(max[i], value);
            }
    for (int i = 0; i < 3; i++) {
        if (!isfinite(grid->offset[i]))
            grid->offset[i] = max[i] = 0;
        longest = fmax(longest, max[i] - grid->offset[i]);
    }
    /* The same step along all axes keeps normals what they are. */
    if (longest > 0)
        grid->step = longest / STEPS;
}

static struct fa_glb_vertex
make_vertex(const struct layout *layout, uint32_t normal)
{
    const float *point = layout->mesh->vertices[layout->normals.vertices[normal]];
    struct fa_glb_vertex vertex = {.padding = 0};

    for (int i = 0; i < 3; i++) {
        double steps = ((double)point[i] - layout->grid->offset[i]) / layout->grid->step;

        vertex.position[i] = (uint16_t)fmin(STEPS, fmax(0, round(steps)));
        vertex.normal[i] = (int8_t)lroundf(NORMAL_MAX * layout->normals.list[normal][i]);
    }
    return vertex;
}

/* Gives a normal its place in the primitive. */
static uint32_t
place(struct layout *layout, struct fa_glb_primitive *primitive, uint32_t normal)
{
    struct fa_glb_vertex vertex;

    if (layout->places[normal] == 0) {
        vertex = make_vertex(layout, normal);
        for (int i = 0; i < 3; i++) {
            if (vertex.position[i] < primitive->min[i])
                primitive->min[i] = vertex.position[i];
            if (vertex.position[i] > primitive->max[i])
                primitive->max[i] = vertex.position[i];
        }
        layout->plan->vertices[layout->plan->vertex_count++] = vertex;
        layout->used[primitive->vertex_count++] = normal;
        layout->places[normal] = (uint32_t)primitive->vertex_count;
    }
    return layout->places[normal] - 1;
}

static uint16_t
colour_of(const struct fa_mesh *mesh, size_t facet)
{
    return mesh->colours != NULL ? mesh->colours[facet] : 0;
}

/* Puts a level's indices, which follow the last ones of the wide buffer, where they belong. */
static struct fa_glb_indices
keep_indices(struct fa_glb_plan *plan, enum fa_glb_stream stream, size_t first)
{
    struct fa_glb_indices kept = {.first = first, .count = plan->wide_count - first};

    if (stream == FA_GLB_WIDE)
        return kept;
    kept.first = stream == FA_GLB_NARROW ? plan->narrow_count : plan->byte_count;
    for (size_t i = first; i < plan->wide_count; i++)
        if (stream == FA_GLB_NARROW)
            plan->narrow[plan->narrow_count++] = (uint16_t)plan->wide[i];
        else
            plan->byte_indices[plan->byte_count++] = (uint8_t)plan->wide[i];
    plan->wide_count = first;
    return kept;
}

static enum fa_glb_stream
stream_for(const struct fa_glb_plan *plan, size_t vertices)
{
    if (plan->bytes && vertices <= BYTES_MAX)
        return FA_GLB_BYTES;
    return vertices <= NARROW_MAX ? FA_GLB_NARROW : FA_GLB_WIDE;
}

/* Coarser levels draw some of the finest one's vertices. */
static int
add_levels(struct fa_glb_plan *plan, struct fa_glb_primitive *primitive, uint32_t *finest,
           struct fa_error *err)
{
    size_t all = primitive->levels[0].count;
    float(*points)[3] = malloc(primitive->vertex_count * sizeof *points);
    size_t wanted = all;

    if (points == NULL)
        return fa_error_set(err, FA_E_MEMORY, "levels of detail");
    for (size_t v = 0; v < primitive->vertex_count; v++)
        for (int i = 0; i < 3; i++)
            points[v][i] = plan->vertices[primitive->first_vertex + v].position[i];
    for (size_t level = 1; level < plan->levels; level++) {
        uint32_t *indices = plan->wide + plan->wide_count;
        size_t first = plan->wide_count;

        wanted /= FA_GLB_LEVEL_SHARE;
        primitive->levels[level] = primitive->levels[level - 1];
        if (wanted < 3 * COARSEST)
            continue;
        plan->wide_count +=
            meshopt_simplify(indices, finest, all, points[0], primitive->vertex_count,
                             sizeof *points, wanted / 3 * 3, error_share, 0, NULL);
        meshopt_optimizeVertexCache(indices, indices, plan->wide_count - first,
                                    primitive->vertex_count);
        primitive->levels[level] = keep_indices(plan, primitive->stream, first);
    }
    free(points);
    return 0;
}

/* Indices are collected wide, then narrowed if the primitive has few vertices. */
static int
add_primitive(struct layout *layout, struct fa_glb_primitive *primitive, struct fa_error *err)
{
    struct fa_glb_plan *plan = layout->plan;
    size_t first = plan->wide_count;
    uint32_t *finest = plan->wide + first;
    size_t count;
    FA_AUTO_FREE uint32_t *copy = NULL;

    primitive->first_vertex = plan->vertex_count;
    for (size_t f = 0; f < layout->mesh->facet_count; f++)
        if (colour_of(layout->mesh, f) == primitive->colour)
            for (int i = 0; i < 3; i++)
                plan->wide[plan->wide_count++] =
                    place(layout, primitive, layout->normals.corners[f][i]);
    for (size_t i = 0; i < primitive->vertex_count; i++)
        layout->places[layout->used[i]] = 0;
    count = plan->wide_count - first;
    /* In the order in which they are drawn: faster to draw, and smaller when compressed. */
    meshopt_optimizeVertexCache(finest, finest, count, primitive->vertex_count);
    meshopt_optimizeVertexFetch(plan->vertices + primitive->first_vertex, finest, count,
                                plan->vertices + primitive->first_vertex, primitive->vertex_count,
                                sizeof *plan->vertices);
    primitive->stream = stream_for(plan, primitive->vertex_count);
    if (plan->levels > 1 && primitive->stream != FA_GLB_WIDE) {
        /* Where they are now the next ones come. */
        copy = malloc(count * sizeof *copy);
        if (copy == NULL)
            return fa_error_set(err, FA_E_MEMORY, "levels of detail");
        memcpy(copy, finest, count * sizeof *copy);
        finest = copy;
    }
    primitive->levels[0] = keep_indices(plan, primitive->stream, first);
    return plan->levels > 1 ? add_levels(plan, primitive, finest, err) : 0;
}

static void
find_open(void *open, const struct fa_edge *edge)
{
    *(bool *)open |= !fa_edge_is_sound(edge);
}

/* Primitives of a body, in the order in which its colours appear. */
static int
add_colours(struct layout *layout, uint32_t shape, const struct fa_body *body, struct fa_error *err)
{
    struct fa_glb_plan *plan = layout->plan;
    bool seen[FA_SCENE_COLOURS_MAX] = {false};
    bool open = false;

    if (fa_edges_walk(&body->mesh, find_open, &open, err) < 0)
        return -1;
    for (size_t f = 0; f < body->mesh.facet_count; f++) {
        uint16_t colour = colour_of(&body->mesh, f);

        if (seen[colour])
            continue;
        seen[colour] = true;
        if (!fa_list_reserve(&plan->primitives, plan->primitive_count, &plan->primitive_room,
                             sizeof *plan->primitives))
            return fa_error_set(err, FA_E_MEMORY, "model");
        plan->primitives[plan->primitive_count] =
            (struct fa_glb_primitive){.name = body->name,
                                      .shape = shape,
                                      .colour = colour,
                                      .open = open,
                                      .min = {STEPS, STEPS, STEPS}};
        if (add_primitive(layout, &plan->primitives[plan->primitive_count++], err) < 0)
            return -1;
    }
    return 0;
}

static int
add_body(struct fa_glb_plan *plan, uint32_t shape, const struct fa_body *body, struct fa_error *err)
{
    struct layout layout = {.plan = plan, .mesh = &body->mesh, .grid = &plan->shapes[shape]};
    struct fa_glb_vertex *vertices;
    int result = -1;

    if (body->mesh.facet_count == 0)
        return 0;
    if (fa_normals_build(&body->mesh, &layout.normals, err) < 0)
        return -1;
    layout.places = calloc(layout.normals.count, sizeof *layout.places);
    layout.used = malloc(layout.normals.count * sizeof *layout.used);
    /* A normal may be used by several colours, three corners of a facet at most. */
    vertices = reallocarray(plan->vertices, plan->vertex_count + 3 * body->mesh.facet_count,
                            sizeof *vertices);
    if (vertices != NULL)
        plan->vertices = vertices;
    if (layout.places == NULL || layout.used == NULL || vertices == NULL)
        fa_error_set(err, FA_E_MEMORY, "model");
    else
        result = add_colours(&layout, shape, body, err);
    free(layout.places);
    free(layout.used);
    fa_normals_free(&layout.normals);
    vertices = reallocarray(plan->vertices, plan->vertex_count + 1, sizeof *vertices);
    if (vertices != NULL)
        plan->vertices = vertices;
    return result;
}

static int
add_shape(struct fa_glb_plan *plan, uint32_t number, struct fa_error *err)
{
    const struct fa_shape *shape = &plan->scene->shapes[number];
    struct fa_glb_shape *planned = &plan->shapes[number];

    make_grid(shape, planned);
    planned->first_primitive = plan->primitive_count;
    for (size_t b = 0; b < shape->body_count; b++)
        if (add_body(plan, number, &shape->bodies[b], err) < 0)
            return -1;
    planned->primitive_count = plan->primitive_count - planned->first_primitive;
    for (size_t p = planned->first_primitive; p < plan->primitive_count; p++)
        planned->takes_colour |= plan->primitives[p].colour == 0;
    return 0;
}

/* The mesh that a node shows, new or known. */
static int32_t
find_mesh(struct fa_glb_plan *plan, const struct fa_node *node)
{
    struct fa_glb_shape *shape;
    int32_t colour;
    int32_t mesh;

    if (node->shape < 0 || plan->shapes[node->shape].primitive_count == 0)
        return -1;
    shape = &plan->shapes[node->shape];
    colour = shape->takes_colour ? node->colour : 0;
    for (mesh = shape->last_mesh; mesh >= 0; mesh = plan->meshes[mesh].earlier)
        if (plan->meshes[mesh].colour == colour)
            return mesh;
    plan->meshes[plan->mesh_count] = (struct fa_glb_mesh){
        .shape = (uint32_t)node->shape, .colour = colour, .earlier = shape->last_mesh};
    shape->last_mesh = (int32_t)plan->mesh_count++;
    return shape->last_mesh;
}

static int
fill(struct fa_glb_plan *plan, struct fa_error *err)
{
    const struct fa_scene *scene = plan->scene;

    for (size_t s = 0; s < scene->shape_count; s++)
        if (add_shape(plan, (uint32_t)s, err) < 0)
            return -1;
    for (size_t n = 0; n < scene->node_count; n++)
        plan->node_meshes[n] = find_mesh(plan, &scene->nodes[n]);
    if (plan->mesh_count > 0)
        return 0;
    fa_error_set(err, FA_E_CONTENT, "The part has no surface that could be shown.");
    return fa_error_action(err, "Export the part again and include its solid bodies.");
}

int
fa_glb_plan_make(const struct fa_scene *scene, bool bytes, struct fa_glb_plan *plan,
                 struct fa_error *err)
{
    size_t levels = fa_scene_facets(scene) > LEVELS_FROM ? FA_GLB_LEVELS : 1;
    size_t facets = 0;
    size_t room;

    for (size_t s = 0; s < scene->shape_count; s++)
        for (size_t b = 0; b < scene->shapes[s].body_count; b++)
            facets += scene->shapes[s].bodies[b].mesh.facet_count;
    /* A level that cannot be made coarser is as large as the first. */
    room = 3 * facets * levels;
    *plan = (struct fa_glb_plan){.scene = scene,
                                 .bytes = bytes,
                                 .levels = levels,
                                 .shapes = calloc(scene->shape_count + 1, sizeof *plan->shapes),
                                 .meshes = malloc(scene->node_count * sizeof *plan->meshes + 1),
                                 .node_meshes =
                                     malloc(scene->node_count * sizeof *plan->node_meshes + 1),
                                 .byte_indices = malloc(room + 1),
                                 .narrow = malloc(room * sizeof *plan->narrow + 1),
                                 .wide = malloc(room * sizeof *plan->wide + 1)};
    if (plan->shapes != NULL && plan->meshes != NULL && plan->node_meshes != NULL &&
        plan->byte_indices != NULL && plan->narrow != NULL && plan->wide != NULL) {
        if (fill(plan, err) == 0)
            return 0;
    } else {
        fa_error_set(err, FA_E_MEMORY, "model of %zu facets", facets);
    }
    fa_glb_plan_free(plan);
    return -1;
}

void
fa_glb_plan_free(struct fa_glb_plan *plan)
{
    free(plan->shapes);
    free(plan->meshes);
    free(plan->node_meshes);
    free(plan->primitives);
    free(plan->vertices);
    free(plan->byte_indices);
    free(plan->narrow);
    free(plan->wide);
    *plan = (struct fa_glb_plan){.scene = NULL};
}
