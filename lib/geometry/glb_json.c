#include "lib/base/cleanup.h"
#include "lib/geometry/glb_plan.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { BYTE = 5120, UNSIGNED_BYTE = 5121, UNSIGNED_SHORT = 5123, UNSIGNED_INT = 5125 };
enum { ARRAY_BUFFER = 34962, ELEMENT_ARRAY_BUFFER = 34963 };

/* The share of the screen down to which a level is shown. */
static const char *const coverages[FA_GLB_LEVELS] = {"0.2", "0.04", "0"};

/* The place of a stream among the views, which leave out empty ones. */
static int
view_number(const struct fa_glb_view views[FA_GLB_STREAMS], enum fa_glb_stream stream)
{
    int number = 0;

    for (int i = 0; i < (int)stream; i++)
        number += views[i].count > 0;
    return number;
}

static void
add_name(struct fa_buf *json, const char *name)
{
    if (name == NULL || name[0] == '\0')
        return;
    fa_buf_add_text(json, ",\"name\":");
    fa_buf_add_json(json, name, strlen(name));
}

/* --- materials ----------------------------------------------------------------------------------
 * Up to two for each colour: one-sided, and two-sided for bodies whose back can be seen. */

static size_t
paint_of(const struct fa_glb_primitive *primitive, const struct fa_glb_mesh *mesh)
{
    size_t colour = primitive->colour != 0 ? primitive->colour : (size_t)mesh->colour;

    return 2 * colour + primitive->open;
}

/* Numbers the materials that are used, in the order of paints; the others get none. */
static void
number_materials(const struct fa_glb_plan *plan, int *numbers)
{
    int count = 0;

    for (size_t m = 0; m < plan->mesh_count; m++) {
        const struct fa_glb_shape *shape = &plan->shapes[plan->meshes[m].shape];

        for (size_t p = 0; p < shape->primitive_count; p++)
            numbers[paint_of(&plan->primitives[shape->first_primitive + p], &plan->meshes[m])] = 1;
    }
    for (size_t i = 0; i < 2 * plan->scene->colour_count; i++)
        numbers[i] = numbers[i] != 0 ? count++ : -1;
}

static void
add_materials(struct fa_buf *json, const struct fa_scene *scene, const int *numbers)
{
    fa_buf_add_text(json, ",\"materials\":[");
    for (size_t i = 0; i < 2 * scene->colour_count; i++) {
        const float *colour = scene->colours[i / 2];

        if (numbers[i] < 0)
            continue;

        fa_buf_printf(json,
                      "%s{\"pbrMetallicRoughness\":{\"baseColorFactor\":[%.5g,%.5g,%.5g,%.5g],"
                      "\"metallicFactor\":0.1,\"roughnessFactor\":0.6}%s%s}",
                      numbers[i] > 0 ? "," : "", (double)colour[0], (double)colour[1],
                      (double)colour[2], (double)colour[3],
                      i % 2 != 0 ? ",\"doubleSided\":true" : "",
                      colour[3] < 1 ? ",\"alphaMode\":\"BLEND\"" : "");
    }
    fa_buf_add_text(json, "]");
}

/* --- meshes and accessors -----------------------------------------------------------------------
 * Every primitive has accessors for positions, normals, and the indices of each level.  All meshes
 * of the finest level come first, then those of the next. */

static void
add_primitive(struct fa_buf *json, const struct fa_glb_plan *plan, size_t number, size_t level,
              int material)
{
    const struct fa_glb_primitive *primitive = &plan->primitives[number];
    size_t accessor = (2 + plan->levels) * number;

    fa_buf_printf(json,
                  "{\"attributes\":{\"POSITION\":%zu,\"NORMAL\":%zu},\"indices\":%zu,"
                  "\"material\":%d",
                  accessor, accessor + 1, accessor + 2 + level, material);
    if (primitive->name != NULL && primitive->name[0] != '\0') {
        fa_buf_add_text(json, ",\"extras\":{\"body\":");
        fa_buf_add_json(json, primitive->name, strlen(primitive->name));
        fa_buf_add_text(json, "}");
    }
    fa_buf_add_text(json, "}");
}

static void
add_meshes(struct fa_buf *json, const struct fa_glb_plan *plan, const int *materials)
{
    fa_buf_add_text(json, ",\"meshes\":[");
    for (size_t m = 0; m < plan->levels * plan->mesh_count; m++) {
        const struct fa_glb_mesh *mesh = &plan->meshes[m % plan->mesh_count];
        const struct fa_glb_shape *shape = &plan->shapes[mesh->shape];

        fa_buf_add_text(json, m > 0 ? ",{\"primitives\":[" : "{\"primitives\":[");
        for (size_t p = 0; p < shape->primitive_count; p++) {
            size_t number = shape->first_primitive + p;

            fa_buf_add_text(json, p > 0 ? "," : "");
            add_primitive(json, plan, number, m / plan->mesh_count,
                          materials[paint_of(&plan->primitives[number], mesh)]);
        }
        fa_buf_add_text(json, "]");
        add_name(json, plan->scene->shapes[mesh->shape].name);
        fa_buf_add_text(json, "}");
    }
    fa_buf_add_text(json, "]");
}

/* The beginning of an accessor; a byte offset that is not told is 0. */
static void
add_accessor(struct fa_buf *json, int view, size_t offset, int type, size_t count)
{
    fa_buf_printf(json, "{\"bufferView\":%d,", view);
    if (offset > 0)
        fa_buf_printf(json, "\"byteOffset\":%zu,", offset);
    fa_buf_printf(json, "\"componentType\":%d,\"count\":%zu,", type, count);
}

static void
add_accessors(struct fa_buf *json, const struct fa_glb_plan *plan,
              const struct fa_glb_view views[FA_GLB_STREAMS])
{
    static const int types[FA_GLB_STREAMS] = {[FA_GLB_BYTES] = UNSIGNED_BYTE,
                                              [FA_GLB_NARROW] = UNSIGNED_SHORT,
                                              [FA_GLB_WIDE] = UNSIGNED_INT};
    int vertices = view_number(views, FA_GLB_VERTICES);

    fa_buf_add_text(json, ",\"accessors\":[");
    for (size_t p = 0; p < plan->primitive_count; p++) {
        const struct fa_glb_primitive *primitive = &plan->primitives[p];
        enum fa_glb_stream stream = primitive->stream;
        size_t at = primitive->first_vertex * sizeof *plan->vertices;

        fa_buf_add_text(json, p > 0 ? "," : "");
        add_accessor(json, vertices, at, UNSIGNED_SHORT, primitive->vertex_count);
        fa_buf_printf(json, "\"type\":\"VEC3\",\"min\":[%d,%d,%d],\"max\":[%d,%d,%d]},",
                      primitive->min[0], primitive->min[1], primitive->min[2], primitive->max[0],
                      primitive->max[1], primitive->max[2]);
        add_accessor(json, vertices, at + offsetof(struct fa_glb_vertex, normal), BYTE,
                     primitive->vertex_count);
        fa_buf_add_text(json, "\"normalized\":true,\"type\":\"VEC3\"}");
        for (size_t level = 0; level < plan->levels; level++) {
            fa_buf_add_text(json, ",");
            add_accessor(json, view_number(views, stream),
                         primitive->levels[level].first * views[stream].stride, types[stream],
                         primitive->levels[level].count);
            fa_buf_add_text(json, "\"type\":\"SCALAR\"}");
        }
    }
    fa_buf_add_text(json, "]");
}

/* --- nodes --------------------------------------------------------------------------------------
 * Node 0 turns millimetres with Z up into metres with Y up; the scene's nodes follow it, then the
 * coarser levels of those that show something (MSFT_lod), which stand in no tree. */

static void
add_children(struct fa_buf *json, const int32_t *first, const int32_t *next, size_t parent)
{
    if (first[parent] < 0)
        return;
    fa_buf_add_text(json, ",\"children\":[");
    for (int32_t child = first[parent]; child >= 0; child = next[child])
        fa_buf_printf(json, "%s%d", child == first[parent] ? "" : ",", (int)child + 1);
    fa_buf_add_text(json, "]");
}

/* Column by column; where a shape is placed, its grid's offset and step come first. */
static void
add_matrix(struct fa_buf *json, const struct fa_node *node, const struct fa_glb_shape *grid)
{
    static const double identity[3][4] = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}};
    double at[3] = {node->matrix[0][3], node->matrix[1][3], node->matrix[2][3]};
    double step = grid != NULL ? grid->step : 1;

    if (grid != NULL)
        fa_matrix_apply(node->matrix, grid->offset, at);
    if (memcmp(node->matrix, identity, sizeof identity) == 0 && grid == NULL)
        return;
    fa_buf_add_text(json, ",\"matrix\":[");
    for (int column = 0; column < 3; column++)
        fa_buf_printf(json, "%.9g,%.9g,%.9g,0,", step * node->matrix[0][column],
                      step * node->matrix[1][column], step * node->matrix[2][column]);
    fa_buf_printf(json, "%.9g,%.9g,%.9g,1]", at[0], at[1], at[2]);
}

/* The children of every node as lists, one more for the root at the end; -1 ends a list. */
static void
link_children(const struct fa_scene *scene, int32_t *first, int32_t *next)
{
    for (size_t n = 0; n <= scene->node_count; n++)
        first[n] = -1;
    for (size_t n = scene->node_count; n-- > 0;) {
        int32_t parent = scene->nodes[n].parent;
        size_t list = parent >= 0 ? (size_t)parent : scene->node_count;

        next[n] = first[list];
        first[list] = (int32_t)n;
    }
}

/* A level replaces a node with all that is below it, so only leaves have any. */
static bool
has_levels(const struct fa_glb_plan *plan, const int32_t *first, size_t node)
{
    return plan->levels > 1 && plan->node_meshes[node] >= 0 && first[node] < 0;
}

/* The coarser levels of a node, and from which share of the screen on each one will do. */
static void
add_levels(struct fa_buf *json, size_t first, size_t levels)
{
    fa_buf_add_text(json, ",\"extensions\":{\"MSFT_lod\":{\"ids\":[");
    for (size_t level = 1; level < levels; level++)
        fa_buf_printf(json, "%s%zu", level > 1 ? "," : "", first + level - 1);
    fa_buf_add_text(json, "]}},\"extras\":{\"MSFT_screencoverage\":[");
    for (size_t level = 0; level < levels; level++)
        fa_buf_printf(json, "%s%s", level > 0 ? "," : "", coverages[level]);
    fa_buf_add_text(json, "]}");
}

static void
add_node(struct fa_buf *json, const struct fa_glb_plan *plan, size_t number, size_t level)
{
    const struct fa_node *node = &plan->scene->nodes[number];
    int32_t mesh = plan->node_meshes[number];

    fa_buf_add_text(json, ",{\"name\":");
    fa_buf_add_json(json, node->name, strlen(node->name));
    add_matrix(json, node, mesh >= 0 ? &plan->shapes[node->shape] : NULL);
    if (mesh >= 0)
        fa_buf_printf(json, ",\"mesh\":%zu", level * plan->mesh_count + (size_t)mesh);
}

static void
add_nodes(struct fa_buf *json, const struct fa_glb_plan *plan, const char *name)
{
    const struct fa_scene *scene = plan->scene;
    FA_AUTO_FREE int32_t *first = malloc((scene->node_count + 1) * sizeof *first);
    FA_AUTO_FREE int32_t *next = malloc((scene->node_count + 1) * sizeof *next);
    size_t coarser = scene->node_count + 1;

    if (first == NULL || next == NULL) {
        json->failed = true;
        return;
    }
    link_children(scene, first, next);
    fa_buf_add_text(json, ",\"nodes\":[{\"matrix\":[0.001,0,0,0,0,0,-0.001,0,0,0.001,0,0,0,0,0,1]");
    add_name(json, name);
    add_children(json, first, next, scene->node_count);
    fa_buf_add_text(json, "}");
    for (size_t n = 0; n < scene->node_count; n++) {
        add_node(json, plan, n, 0);
        if (has_levels(plan, first, n)) {
            add_levels(json, coarser, plan->levels);
            coarser += plan->levels - 1;
        }
        add_children(json, first, next, n);
        fa_buf_add_text(json, "}");
    }
    for (size_t n = 0; n < scene->node_count; n++)
        for (size_t level = 1; has_levels(plan, first, n) && level < plan->levels; level++) {
            add_node(json, plan, n, level);
            fa_buf_add_text(json, "}");
        }
    fa_buf_add_text(json, "]");
}

/* --- buffers ------------------------------------------------------------------------------------
 * Compressed, buffer 0 holds the streams as written and buffer 1, which is nowhere, what a decoder
 * makes of them (EXT_meshopt_compression). */

static void
add_views(struct fa_buf *json, const struct fa_glb_view views[FA_GLB_STREAMS], bool meshopt)
{
    size_t plain = 0;

    fa_buf_add_text(json, ",\"bufferViews\":[");
    for (int i = 0; i < FA_GLB_STREAMS; i++) {
        const struct fa_glb_view *view = &views[i];
        size_t bytes = view->count * view->stride;

        if (view->count == 0)
            continue;
        fa_buf_printf(json, "%s{\"buffer\":%d,\"byteOffset\":%zu,\"byteLength\":%zu,\"target\":%d",
                      view_number(views, (enum fa_glb_stream)i) > 0 ? "," : "", meshopt ? 1 : 0,
                      meshopt ? plain : view->offset, bytes,
                      i == FA_GLB_VERTICES ? ARRAY_BUFFER : ELEMENT_ARRAY_BUFFER);
        if (i == FA_GLB_VERTICES)
            fa_buf_printf(json, ",\"byteStride\":%zu", view->stride);
        if (meshopt)
            fa_buf_printf(json,
                          ",\"extensions\":{\"EXT_meshopt_compression\":{\"buffer\":0,"
                          "\"byteOffset\":%zu,\"byteLength\":%zu,\"byteStride\":%zu,"
                          "\"count\":%zu,\"mode\":\"%s\"}}",
                          view->offset, view->length, view->stride, view->count,
                          i == FA_GLB_VERTICES ? "ATTRIBUTES" : "TRIANGLES");
        fa_buf_add_text(json, "}");
        plain += (bytes + 3) & ~(size_t)3;
    }
    fa_buf_add_text(json, "]");
}

static void
add_buffers(struct fa_buf *json, const struct fa_glb_view views[FA_GLB_STREAMS], bool meshopt,
            size_t chunk)
{
    size_t plain = 0;

    for (int i = 0; i < FA_GLB_STREAMS; i++)
        plain += (views[i].count * views[i].stride + 3) & ~(size_t)3;
    fa_buf_printf(json, ",\"buffers\":[{\"byteLength\":%zu}", chunk);
    if (meshopt)
        fa_buf_printf(json,
                      ",{\"byteLength\":%zu,\"extensions\":{\"EXT_meshopt_compression\":"
                      "{\"fallback\":true}}}",
                      plain);
    fa_buf_add_text(json, "]");
}

void
fa_glb_json(struct fa_buf *json, const struct fa_glb_plan *plan,
            const struct fa_glb_view views[FA_GLB_STREAMS], const struct fa_glb_options *options,
            size_t chunk)
{
    FA_AUTO_FREE int *materials = calloc(2 * plan->scene->colour_count, sizeof *materials);
    const char *needed = options->meshopt ? "\"KHR_mesh_quantization\",\"EXT_meshopt_compression\""
                                          : "\"KHR_mesh_quantization\"";

    fa_buf_printf(json,
                  "{\"asset\":{\"version\":\"2.0\",\"generator\":\"fileapi\"},"
                  "\"extensionsUsed\":[%s%s],\"extensionsRequired\":[%s],"
                  "\"scene\":0,\"scenes\":[{\"nodes\":[0]}]",
                  needed, plan->levels > 1 ? ",\"MSFT_lod\"" : "", needed);
    if (materials == NULL) {
        json->failed = true;
        return;
    }
    number_materials(plan, materials);
    add_nodes(json, plan, options->name);
    add_meshes(json, plan, materials);
    add_materials(json, plan->scene, materials);
    add_accessors(json, plan, views);
    add_views(json, views, options->meshopt);
    add_buffers(json, views, options->meshopt, chunk);
    fa_buf_add_text(json, "}");
    while (json->length % 4 != 0)
        fa_buf_add_text(json, " ");
}
