#include "lib/geometry/step_mesh.h"
#include "lib/geometry/list.h"
#include "lib/geometry/mesh_orient.h"
#include "lib/geometry/step_file.h"
#include "lib/geometry/step_index.h"
#include "lib/geometry/step_tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum kind { NOTHING, TRIANGLES, STRIPS, BODY };

/* An instance's kind is the number of its row here, from 1 on. */
static const struct keyword {
    const char *keyword;
    enum kind kind;
    int between; /* parameters between a face's largest index and its own indices */
} keywords[] = {
    {"TRIANGULATED_FACE", TRIANGLES, 2}, /* normals, the face that it stands for */
    {"COMPLEX_TRIANGULATED_FACE", STRIPS, 2},
    {"TRIANGULATED_SURFACE_SET", TRIANGLES, 1}, /* normals */
    {"COMPLEX_TRIANGULATED_SURFACE_SET", STRIPS, 1},
    {"TESSELLATED_SOLID", BODY, 0},
    {"TESSELLATED_SHELL", BODY, 0},
};

/* A list of coordinates that was asked for. */
struct points {
    float (*list)[3];
    size_t count;
};

/* Indices into a face's points, counted from 1. */
struct indices {
    uint32_t *list;
    size_t count, room;
};

struct reader {
    struct fa_scene *scene;
    struct fa_step_index index;
    struct points *points; /* by the instances' place in the index */
    bool *used;            /* the same: a face is part of one body only */
    double scale;          /* of the file's unit, in mm */
    size_t limit;
    /* of the body at hand */
    float (*corners)[3];
    size_t facets, room;
};

static int
useless(struct fa_error *err, const char *message)
{
    fa_error_set(err, FA_E_CONTENT, "%s", message);
    return fa_error_action(err,
                           "Export the part with its exact geometry (BREP), or upload it as STL.");
}

static int
broken(struct fa_error *err)
{
    return useless(err, "The tessellated geometry of the STEP file is malformed.");
}

/* --- instances ----------------------------------------------------------------------------------
 */

static struct fa_step_text
parameters(const struct reader *reader, const struct fa_step_instance *instance)
{
    struct fa_step_text text = fa_step_index_text(&reader->index, instance);

    fa_step_text_keyword(&text, NULL);
    return text;
}

static size_t
number_of(const struct reader *reader, const struct fa_step_instance *instance)
{
    return (size_t)(instance - reader->index.list);
}

static enum kind
kind_of(const struct fa_step_instance *instance)
{
    return instance->kind > 0 ? keywords[instance->kind - 1].kind : NOTHING;
}

static bool
is_face(const struct fa_step_instance *instance)
{
    return kind_of(instance) == TRIANGLES || kind_of(instance) == STRIPS;
}

static int
list_instances(struct reader *reader, struct fa_step_text text, struct fa_error *err)
{
    if (fa_step_index_make(&reader->index, text, err) < 0)
        return -1;
    reader->points = calloc(reader->index.count + 1, sizeof *reader->points);
    reader->used = calloc(reader->index.count + 1, sizeof *reader->used);
    if (reader->points == NULL || reader->used == NULL)
        return fa_error_set(err, FA_E_MEMORY, "tessellated geometry");
    for (size_t i = 0; i < reader->index.count; i++)
        for (size_t k = 0; k < FA_COUNT(keywords); k++) {
            struct fa_step_text at = fa_step_index_text(&reader->index, &reader->index.list[i]);

            if (fa_step_text_keyword(&at, keywords[k].keyword))
                reader->index.list[i].kind = (int)k + 1;
        }
    return 0;
}

/* COORDINATES_LIST('name', how many, ((x, y, z), …)) */
static int
read_points(const struct reader *reader, const struct fa_step_instance *instance,
            struct fa_error *err)
{
    struct fa_step_text text = fa_step_index_text(&reader->index, instance);
    struct points *points = &reader->points[number_of(reader, instance)];
    size_t room = 0;

    if (!fa_step_text_keyword(&text, "COORDINATES_LIST") || !fa_step_text_pass(&text, 2) ||
        !fa_step_text_take(&text, '('))
        return broken(err);
    while (fa_step_text_take(&text, '(')) {
        if (!fa_list_reserve(&points->list, points->count, &room, sizeof *points->list))
            return fa_error_set(err, FA_E_MEMORY, "tessellated geometry");
        for (int k = 0; k < 3; k++) {
            double number = 0;

            if ((k > 0 && !fa_step_text_take(&text, ',')) || !fa_step_text_number(&text, &number) ||
                !isfinite(number * reader->scale))
                return broken(err);
            points->list[points->count][k] = (float)(number * reader->scale);
        }
        points->count++;
        if (!fa_step_text_take(&text, ')'))
            return broken(err);
        fa_step_text_take(&text, ',');
    }
    return fa_step_text_take(&text, ')') ? 0 : broken(err);
}

/* --- faces --------------------------------------------------------------------------------------
 */

/* (i, j, …) */
static int
read_indices(struct fa_step_text *text, struct indices *indices, struct fa_error *err)
{
    indices->count = 0;
    if (!fa_step_text_take(text, '('))
        return broken(err);
    while (!fa_step_text_take(text, ')')) {
        double number = 0;

        if (!fa_list_reserve(&indices->list, indices->count, &indices->room, sizeof *indices->list))
            return fa_error_set(err, FA_E_MEMORY, "tessellated geometry");
        if (!fa_step_text_number(text, &number) || !(number >= 1 && number < UINT32_MAX))
            return broken(err);
        indices->list[indices->count++] = (uint32_t)number;
        fa_step_text_take(text, ',');
    }
    return 0;
}

/* A face being read: its own points are some of the list's. */
struct face {
    const struct points *points;
    struct indices chosen;  /* the list's numbers of its points; none: all, in order */
    struct indices corners; /* of the triangle, strip or fan at hand */
};

static int
add_triangle(struct reader *reader, const struct face *face, const uint32_t corners[3],
             struct fa_error *err)
{
    if (reader->facets == reader->limit)
        return useless(err, "The STEP file holds too many facets.");
    if (!fa_list_reserve(&reader->corners, reader->facets, &reader->room,
                         3 * sizeof *reader->corners))
        return fa_error_set(err, FA_E_MEMORY, "tessellated geometry");
    for (size_t j = 0; j < 3; j++) {
        size_t number = corners[j];

        if (face->chosen.count > 0) {
            if (number > face->chosen.count)
                return broken(err);
            number = face->chosen.list[number - 1];
        }
        if (number > face->points->count)
            return broken(err);
        memcpy(reader->corners[3 * reader->facets + j], face->points->list[number - 1],
               sizeof *reader->corners);
    }
    reader->facets++;
    return 0;
}

/* ((i, j, k, …), …): a strip's facets turn around in turns, a fan's share the first corner. */
static int
add_rows(struct reader *reader, struct face *face, struct fa_step_text *text, bool fan,
         struct fa_error *err)
{
    if (!fa_step_text_take(text, '('))
        return broken(err);
    while (!fa_step_text_take(text, ')')) {
        const struct indices *row = &face->corners;

        if (read_indices(text, &face->corners, err) < 0)
            return -1;
        for (size_t i = 2; i < row->count; i++) {
            bool turned = !fan && i % 2 != 0;
            const uint32_t corners[3] = {row->list[fan ? 0 : i - 2], row->list[turned ? i : i - 1],
                                         row->list[turned ? i - 1 : i]};

            if (add_triangle(reader, face, corners, err) < 0)
                return -1;
        }
        fa_step_text_take(text, ',');
    }
    return 0;
}

/* 'name', points, largest index, …, (own points), triangles; or strips, fans. */
static int
read_face(struct reader *reader, const struct fa_step_instance *instance, struct face *face,
          struct fa_error *err)
{
    struct fa_step_text text = parameters(reader, instance);
    const struct fa_step_instance *points;
    uint64_t id;

    if (!fa_step_text_pass(&text, 1) || !fa_step_text_reference(&text, &id) ||
        !fa_step_text_take(&text, ',') ||
        !fa_step_text_pass(&text, 1 + keywords[instance->kind - 1].between))
        return broken(err);
    points = fa_step_index_find(&reader->index, id);
    if (points == NULL)
        return broken(err);
    face->points = &reader->points[number_of(reader, points)];
    if (face->points->list == NULL && read_points(reader, points, err) < 0)
        return -1;
    if (read_indices(&text, &face->chosen, err) < 0)
        return -1;
    if (!fa_step_text_take(&text, ','))
        return broken(err);
    if (add_rows(reader, face, &text, false, err) < 0)
        return -1;
    if (kind_of(instance) != STRIPS)
        return 0;
    return fa_step_text_take(&text, ',') ? add_rows(reader, face, &text, true, err) : broken(err);
}

static int
add_face(struct reader *reader, const struct fa_step_instance *instance, struct fa_error *err)
{
    bool *used = &reader->used[number_of(reader, instance)];
    struct face face = {.points = NULL};
    int result;

    if (*used)
        return 0;
    *used = true;
    result = read_face(reader, instance, &face, err);
    free(face.chosen.list);
    free(face.corners.list);
    return result;
}

/* --- bodies -------------------------------------------------------------------------------------
 */

/* 'name', (faces), … */
static int
add_faces(struct reader *reader, const struct fa_step_instance *body, struct fa_error *err)
{
    struct fa_step_text text = parameters(reader, body);
    uint64_t id;

    if (!fa_step_text_pass(&text, 1) || !fa_step_text_take(&text, '('))
        return broken(err);
    while (fa_step_text_reference(&text, &id)) {
        const struct fa_step_instance *face = fa_step_index_find(&reader->index, id);

        /* Edges and points may be among the items; they are no surface. */
        if (face != NULL && is_face(face) && add_face(reader, face, err) < 0)
            return -1;
        fa_step_text_take(&text, ',');
    }
    return 0;
}

/* What has been gathered becomes a body of the shape. */
static int
end_body(struct reader *reader, int32_t number, struct fa_error *err)
{
    struct fa_shape *shape = &reader->scene->shapes[number];
    struct fa_mesh *mesh = &shape->bodies[shape->body_count].mesh;

    if (reader->facets == 0)
        return 0;
    /* Open CASCADE 8 writes each face as its surface lies, not as the solid turns it. */
    if (fa_mesh_weld((const float(*)[3])reader->corners, NULL, reader->facets, mesh, err) < 0 ||
        fa_mesh_orient(mesh, err) < 0)
        return -1;
    shape->body_count++;
    reader->limit -= reader->facets;
    reader->facets = 0;
    return 0;
}

/* Without an assembly there is one shape.  Faces count only where there is no body: beside bodies
 * they are annotations, else all of them are one body. */
static int
read_single(struct reader *reader, struct fa_error *err)
{
    size_t bodies = 0;

    for (size_t i = 0; i < reader->index.count; i++)
        bodies += kind_of(&reader->index.list[i]) == BODY;
    if (fa_scene_single(reader->scene, bodies + 1, err) < 0)
        return -1;
    reader->scene->shapes[0].body_count = 0;
    for (size_t i = 0; i < reader->index.count; i++) {
        const struct fa_step_instance *instance = &reader->index.list[i];

        if ((kind_of(instance) == BODY &&
             (add_faces(reader, instance, err) < 0 || end_body(reader, 0, err) < 0)) ||
            (bodies == 0 && is_face(instance) && add_face(reader, instance, err) < 0))
            return -1;
    }
    return end_body(reader, 0, err);
}

/* In an assembly all that a product is made of is a body of its shape. */
static int
read_assembly(struct reader *reader, struct fa_error *err)
{
    if (fa_scene_init(reader->scene, err) < 0 ||
        fa_step_tree_read(&reader->index, reader->scale, reader->scene, err) < 0)
        return -1;
    for (size_t i = 0; i < reader->index.count; i++) {
        const struct fa_step_instance *instance = &reader->index.list[i];
        bool body = kind_of(instance) == BODY;

        if (body && instance->shape < 0)
            return useless(err, "The STEP file holds bodies that no part of its assembly names.");
        if (instance->shape >= 0 &&
            (body ? add_faces(reader, instance, err) < 0 : add_face(reader, instance, err) < 0))
            return -1;
        if (instance->shape >= 0 && end_body(reader, instance->shape, err) < 0)
            return -1;
    }
    return 0;
}

/* --- the file -----------------------------------------------------------------------------------
 */

bool
fa_step_mesh_is(const char *text, size_t length)
{
    return fa_step_text_has(text, length, "TRIANGULATED_FACE") ||
           fa_step_text_has(text, length, "TRIANGULATED_SURFACE_SET");
}

int
fa_step_mesh_read(const char *text, size_t length, size_t limit, struct fa_scene *scene,
                  const char **unit_r, struct fa_error *err)
{
    struct reader reader = {.scene = scene, .limit = limit};
    int result;

    *unit_r = fa_step_file_unit(text, length, &reader.scale);
    result = list_instances(&reader, (struct fa_step_text){text, text + length}, err);
    if (result == 0)
        result = fa_step_text_has(text, length, "NEXT_ASSEMBLY_USAGE_OCCURRENCE")
                     ? read_assembly(&reader, err)
                     : read_single(&reader, err);
    if (result == 0 && fa_scene_facets(scene) == 0)
        result = useless(err, "The tessellated geometry of the STEP file holds no triangle.");
    for (size_t i = 0; reader.points != NULL && i < reader.index.count; i++)
        free(reader.points[i].list);
    free(reader.points);
    free(reader.used);
    free(reader.corners);
    fa_step_index_free(&reader.index);
    return result;
}
