/* Measures a scene, writes it as a model and reads that as a viewer would; ends the process where
 * it is not what glTF 2.0 says. */
#ifndef FA_TESTS_FUZZ_READ_BACK_H
#define FA_TESTS_FUZZ_READ_BACK_H

#include "lib/geometry/figures.h"
#include "lib/geometry/glb.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { READ_HEAD = 20, READ_BIN_HEAD = 8 };

/* The chunks of a model. */
struct read_model {
    struct json_object *json;
    const unsigned char *bin;
    size_t bin_length;
};

static void
read_insist(bool holds)
{
    if (!holds)
        abort();
}

static size_t
read_size(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;

    return json_object_object_get_ex(object, name, &value) ? (size_t)json_object_get_int64(value)
                                                           : 0;
}

static struct json_object *
read_item(struct json_object *json, const char *list, size_t number)
{
    struct json_object *items = NULL;

    read_insist(json_object_object_get_ex(json, list, &items) &&
                number < json_object_array_length(items));
    return json_object_array_get_idx(items, number);
}

/* The first byte of an accessor's elements of `bytes` each, all of which lie in the chunk. */
static const unsigned char *
read_accessor(const struct read_model *model, size_t number, size_t bytes, size_t *count_r)
{
    struct json_object *accessor = read_item(model->json, "accessors", number);
    struct json_object *view =
        read_item(model->json, "bufferViews", read_size(accessor, "bufferView"));
    size_t stride = read_size(view, "byteStride") > 0 ? read_size(view, "byteStride") : bytes;
    size_t at = read_size(accessor, "byteOffset");

    *count_r = read_size(accessor, "count");
    read_insist(*count_r > 0 && (bytes == 1 || at % (bytes == 4 ? 4 : 2) == 0));
    read_insist(at + (*count_r - 1) * stride + bytes <= read_size(view, "byteLength"));
    read_insist(read_size(view, "byteOffset") + read_size(view, "byteLength") <= model->bin_length);
    return model->bin + read_size(view, "byteOffset") + at;
}

/* The bytes of an index: of UNSIGNED_BYTE, _SHORT or _INT. */
static size_t
read_index_bytes(const struct read_model *model, size_t number)
{
    size_t type = read_size(read_item(model->json, "accessors", number), "componentType");

    read_insist(type == 5121 || type == 5123 || type == 5125);
    return type == 5121 ? 1 : type == 5123 ? 2 : 4;
}

/* Every index of a primitive names one of its vertices, none is the largest there can be; its
 * triangles are counted. */
static size_t
read_primitive(const struct read_model *model, struct json_object *primitive)
{
    struct json_object *attributes = NULL;
    size_t number = read_size(primitive, "indices");
    size_t bytes = read_index_bytes(model, number);
    size_t vertices, normals, indices;
    const unsigned char *list = read_accessor(model, number, bytes, &indices);

    read_insist(json_object_object_get_ex(primitive, "attributes", &attributes));
    read_accessor(model, read_size(attributes, "POSITION"), 6, &vertices);
    read_accessor(model, read_size(attributes, "NORMAL"), 3, &normals);
    read_insist(vertices == normals && indices % 3 == 0);
    for (size_t i = 0; i < indices; i++) {
        uint32_t index = 0;

        memcpy(&index, list + i * bytes, bytes);
        read_insist(index < vertices && (uint64_t)index + 1 < 1ULL << 8 * bytes);
    }
    return indices / 3;
}

/* Every mesh is sound.  The triangles of each are counted, to be freed. */
static size_t *
read_meshes(const struct read_model *model, size_t *count_r)
{
    struct json_object *meshes = NULL;
    size_t *triangles;

    read_insist(json_object_object_get_ex(model->json, "meshes", &meshes));
    *count_r = json_object_array_length(meshes);
    triangles = calloc(*count_r + 1, sizeof *triangles);
    read_insist(triangles != NULL);
    for (size_t m = 0; m < *count_r; m++) {
        struct json_object *list = NULL;

        read_insist(
            json_object_object_get_ex(json_object_array_get_idx(meshes, m), "primitives", &list));
        for (size_t p = 0; p < json_object_array_length(list); p++)
            triangles[m] += read_primitive(model, json_object_array_get_idx(list, p));
    }
    return triangles;
}

/* As many triangles as the scene has, where it places them: its nodes follow the first. */
static void
read_nodes(const struct read_model *model, const struct fa_scene *scene)
{
    size_t meshes;
    size_t *triangles = read_meshes(model, &meshes);
    size_t told = 0;

    for (size_t n = 0; n < scene->node_count; n++) {
        struct json_object *node = read_item(model->json, "nodes", n + 1);

        if (!json_object_object_get_ex(node, "mesh", NULL))
            continue;
        read_insist(read_size(node, "mesh") < meshes);
        told += triangles[read_size(node, "mesh")];
    }
    read_insist(told == fa_scene_facets(scene));
    free(triangles);
}

/* Writes the scene as a model and reads that back. */
static void
read_back(const struct fa_scene *scene)
{
    const struct fa_glb_options options = {.name = "part"};
    struct json_tokener *parser = json_tokener_new();
    struct read_model model;
    struct fa_error err;
    int fd = memfd_create("model", 0);
    uint32_t head[5];
    size_t size;
    unsigned char *bytes;

    if (fa_glb_write(scene, &options, fd, &err) == 0) {
        size = (size_t)lseek(fd, 0, SEEK_END);
        read_insist(size > READ_HEAD + READ_BIN_HEAD);
        bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        read_insist(bytes != MAP_FAILED);
        memcpy(head, bytes, sizeof head);
        read_insist(head[0] == 0x46546c67 && head[1] == 2 && head[2] == size && head[3] % 4 == 0 &&
                    READ_HEAD + READ_BIN_HEAD + (size_t)head[3] <= size);
        model.json = json_tokener_parse_ex(parser, (const char *)bytes + READ_HEAD, (int)head[3]);
        read_insist(model.json != NULL);
        model.bin = bytes + READ_HEAD + head[3] + READ_BIN_HEAD;
        model.bin_length = size - READ_HEAD - head[3] - READ_BIN_HEAD;
        read_nodes(&model, scene);
        json_object_put(model.json);
        munmap(bytes, size);
    }
    json_tokener_free(parser);
    close(fd);
}

/* The rest of a target: what was read is measured, made a model and read back.  The scene is freed;
 * `read` says whether there is one. */
static inline int
read_back_scene(struct fa_scene *scene, bool read)
{
    static struct fa_figures figures;
    struct fa_error err;

    if (read && fa_scene_facets(scene) < 100000 && fa_figures_measure(scene, &figures, &err) == 0)
        read_back(scene);
    fa_scene_free(scene);
    return 0;
}

/* A reader of a text with a unit. */
typedef int read_text(const char *text, size_t length, size_t limit, struct fa_scene *scene,
                      const char **unit_r, struct fa_error *err);

/* All of a target that feeds such a reader. */
static inline int
read_back_text(read_text *reader, const uint8_t *data, size_t size)
{
    struct fa_scene scene = {.shapes = NULL};
    struct fa_error err;
    const char *unit;

    return read_back_scene(&scene,
                           reader((const char *)data, size, 10000, &scene, &unit, &err) == 0);
}

#endif
