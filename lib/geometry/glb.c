#include "lib/geometry/glb.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/geometry/output.h"

#include <stdlib.h>
#include <string.h>

enum {
    GLB_MAGIC = 0x46546c67,
    GLB_VERSION = 2,
    CHUNK_JSON = 0x4e4f534a,
    CHUNK_BIN = 0x004e4942,
    HEADER_BYTES = 12,
    CHUNK_BYTES = 8,
    UNSIGNED_SHORT = 5123,
    UNSIGNED_INT = 5125,
    SHORT_MAX_VERTICES = 65535, /* 65535 itself is the primitive restart value */
    JSON_LIMIT = 16 * 1024
};

/* Where things lie in the binary chunk. */
struct layout {
    bool wide; /* 32-bit indices */
    uint32_t index_bytes;
    uint32_t padded_index_bytes;
    uint32_t vector_bytes; /* of positions, and of normals */
    float min[3];
    float max[3];
};

/* Millimetres with Z up to metres with Y up. */
static void
to_gltf(const float from[3], float to[3])
{
    to[0] = from[0] * 0.001F;
    to[1] = from[2] * 0.001F;
    to[2] = -from[1] * 0.001F;
}

static int
lay_out(const struct fa_mesh *mesh, const struct fa_normals *normals, struct layout *layout,
        struct fa_error *err)
{
    uint64_t vectors = (uint64_t)normals->count * 12;
    uint64_t indices;

    layout->wide = normals->count > SHORT_MAX_VERTICES;
    indices = (uint64_t)mesh->facet_count * 3 * (layout->wide ? 4 : 2);
    if (indices + 2 * vectors + JSON_LIMIT > UINT32_MAX) {
        fa_error_set(err, FA_E_CONTENT, "The part has too many facets for a model to show.");
        return fa_error_action(err, "Export the part with a coarser resolution.");
    }
    layout->index_bytes = (uint32_t)indices;
    layout->padded_index_bytes = (layout->index_bytes + 3U) & ~3U;
    layout->vector_bytes = (uint32_t)vectors;
    for (size_t n = 0; n < normals->count; n++) {
        float position[3];

        to_gltf(mesh->vertices[normals->vertices[n]], position);
        for (int i = 0; i < 3; i++) {
            if (n == 0 || position[i] < layout->min[i])
                layout->min[i] = position[i];
            if (n == 0 || position[i] > layout->max[i])
                layout->max[i] = position[i];
        }
    }
    return 0;
}

static void
add_vector(struct fa_buf *json, const char *name, const float vector[3])
{
    /* 9 digits give every float back exactly. */
    fa_buf_printf(json, ",\"%s\":[%.9g,%.9g,%.9g]", name, (double)vector[0], (double)vector[1],
                  (double)vector[2]);
}

static void
print_json(struct fa_buf *json, const struct fa_mesh *mesh, const struct fa_normals *normals,
           const struct layout *layout, const char *name, bool closed)
{
    uint32_t normals_at = layout->padded_index_bytes + layout->vector_bytes;

    fa_buf_add_text(json, "{\"asset\":{\"version\":\"2.0\",\"generator\":\"fileapi\"},\"scene\":0,"
                          "\"scenes\":[{\"nodes\":[0]}],\"nodes\":[{\"mesh\":0,\"name\":");
    fa_buf_add_json(json, name, strlen(name));
    fa_buf_add_text(json, "}],\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":1,"
                          "\"NORMAL\":2},\"indices\":0,\"material\":0}]}],");
    fa_buf_printf(json,
                  "\"materials\":[{\"pbrMetallicRoughness\":{\"baseColorFactor\":"
                  "[0.55,0.60,0.66,1],\"metallicFactor\":0.1,\"roughnessFactor\":0.6}%s}],",
                  closed ? "" : ",\"doubleSided\":true");
    fa_buf_printf(json,
                  "\"accessors\":[{\"bufferView\":0,\"componentType\":%d,\"count\":%zu,"
                  "\"type\":\"SCALAR\"},{\"bufferView\":1,\"componentType\":5126,\"count\":%zu,"
                  "\"type\":\"VEC3\"",
                  layout->wide ? UNSIGNED_INT : UNSIGNED_SHORT, 3 * mesh->facet_count,
                  normals->count);
    add_vector(json, "min", layout->min);
    add_vector(json, "max", layout->max);
    fa_buf_printf(json,
                  "},{\"bufferView\":2,\"componentType\":5126,\"count\":%zu,\"type\":\"VEC3\"}],"
                  "\"bufferViews\":[{\"buffer\":0,\"byteLength\":%u,\"target\":34963},"
                  "{\"buffer\":0,\"byteOffset\":%u,\"byteLength\":%u,\"target\":34962},"
                  "{\"buffer\":0,\"byteOffset\":%u,\"byteLength\":%u,\"target\":34962}],"
                  "\"buffers\":[{\"byteLength\":%u}]}",
                  normals->count, layout->index_bytes, layout->padded_index_bytes,
                  layout->vector_bytes, normals_at, layout->vector_bytes,
                  normals_at + layout->vector_bytes);
    while (json->length % 4 != 0)
        fa_buf_add_text(json, " ");
}

static void
add_u32(struct fa_output *out, uint32_t value)
{
    fa_output_add(out, &value, sizeof value);
}

static void
add_indices(struct fa_output *out, const struct fa_mesh *mesh, const struct fa_normals *normals,
            const struct layout *layout)
{
    static const char padding[4] = {0};

    for (size_t f = 0; f < mesh->facet_count; f++) {
        const uint32_t *corners = normals->corners[f];
        uint16_t narrow[3] = {(uint16_t)corners[0], (uint16_t)corners[1], (uint16_t)corners[2]};

        if (layout->wide)
            fa_output_add(out, corners, 3 * sizeof *corners);
        else
            fa_output_add(out, narrow, sizeof narrow);
    }
    fa_output_add(out, padding, layout->padded_index_bytes - layout->index_bytes);
}

static void
add_vertices(struct fa_output *out, const struct fa_mesh *mesh, const struct fa_normals *normals)
{
    for (size_t n = 0; n < normals->count; n++) {
        float position[3];

        to_gltf(mesh->vertices[normals->vertices[n]], position);
        fa_output_add(out, position, sizeof position);
    }
    for (size_t n = 0; n < normals->count; n++) {
        const float *normal = normals->list[n];
        float turned[3] = {normal[0], normal[2], -normal[1]};

        fa_output_add(out, turned, sizeof turned);
    }
}

int
fa_glb_write(const struct fa_mesh *mesh, const struct fa_normals *normals, const char *name,
             bool closed, int fd, struct fa_error *err)
{
    FA_CLEANUP(fa_buf_free) struct fa_buf json;
    FA_AUTO_FREE struct fa_output *out = malloc(sizeof *out);
    struct layout layout = {.wide = false};
    uint32_t bin_bytes;

    fa_buf_init(&json, JSON_LIMIT);
    if (out == NULL)
        return fa_error_set(err, FA_E_MEMORY, "model");
    if (lay_out(mesh, normals, &layout, err) < 0)
        return -1;
    print_json(&json, mesh, normals, &layout, name, closed);
    if (json.failed)
        return fa_error_set(err, FA_E_MEMORY, "model");
    bin_bytes = layout.padded_index_bytes + 2 * layout.vector_bytes;
    fa_output_init(out, fd);
    add_u32(out, GLB_MAGIC);
    add_u32(out, GLB_VERSION);
    add_u32(out, HEADER_BYTES + 2 * CHUNK_BYTES + (uint32_t)json.length + bin_bytes);
    add_u32(out, (uint32_t)json.length);
    add_u32(out, CHUNK_JSON);
    fa_output_add(out, json.data, json.length);
    add_u32(out, bin_bytes);
    add_u32(out, CHUNK_BIN);
    add_indices(out, mesh, normals, &layout);
    add_vertices(out, mesh, normals);
    return fa_output_finish(out, err);
}
