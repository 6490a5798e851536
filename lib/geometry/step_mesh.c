#include "lib/geometry/step_mesh.h"
#include "lib/geometry/list.h"
#include "lib/geometry/step_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum kind { POINTS, TRIANGLES, STRIPS, BODY };

static const struct {
    const char *keyword;
    enum kind kind;
    int between; /* parameters between a face's largest index and its own indices */
} keywords[] = {
    {"COORDINATES_LIST", POINTS, 0},
    {"TRIANGULATED_FACE", TRIANGLES, 2}, /* normals, the face that it stands for */
    {"COMPLEX_TRIANGULATED_FACE", STRIPS, 2},
    {"TRIANGULATED_SURFACE_SET", TRIANGLES, 1}, /* normals */
    {"COMPLEX_TRIANGULATED_SURFACE_SET", STRIPS, 1},
    {"TESSELLATED_SOLID", BODY, 0},
    {"TESSELLATED_SHELL", BODY, 0},
};

struct entity {
    uint64_t id;
    enum kind kind;
    int between;
    bool used;          /* a face is part of one body only */
    const char *at;     /* its parameters */
    float (*points)[3]; /* of a list of coordinates, once they were asked for */
    size_t point_count;
};

/* Indices into a face's points, counted from 1. */
struct indices {
    uint32_t *list;
    size_t count, room;
};

struct reader {
    const char *end;
    struct fa_scene *scene;
    struct entity *entities; /* by id */
    size_t count;
    double scale; /* of the file's unit, in mm */
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

/* --- entities -----------------------------------------------------------------------------------
 */

static int
by_id(const void *one, const void *other)
{
    const struct entity *a = one;
    const struct entity *b = other;

    return a->id < b->id ? -1 : a->id > b->id;
}

static struct entity *
find(const struct reader *reader, uint64_t id)
{
    const struct entity key = {.id = id};

    if (reader->count == 0)
        return NULL;
    return bsearch(&key, reader->entities, reader->count, sizeof key, by_id);
}

static int
list_entities(struct reader *reader, struct fa_step_text text, struct fa_error *err)
{
    size_t room = 0;
    uint64_t id;

    while (fa_step_text_next(&text, &id))
        for (size_t i = 0; i < FA_COUNT(keywords); i++) {
            if (!fa_step_text_keyword(&text, keywords[i].keyword))
                continue;
            if (!fa_list_reserve(&reader->entities, reader->count, &room, sizeof *reader->entities))
                return fa_error_set(err, FA_E_MEMORY, "tessellated geometry");
            reader->entities[reader->count++] = (struct entity){
                .id = id, .kind = keywords[i].kind, .between = keywords[i].between, .at = text.at};
            break;
        }
    if (reader->count > 0)
        qsort(reader->entities, reader->count, sizeof *reader->entities, by_id);
    return 0;
}

/* 'name', how many, ((x, y, z), …) */
static int
read_points(struct reader *reader, struct entity *entity, struct fa_error *err)
{
    struct fa_step_text text = {.at = entity->at, .end = reader->end};
    size_t room = 0;

    if (!fa_step_text_pass(&text, 2) || !fa_step_text_take(&text, '('))
        return broken(err);
    while (fa_step_text_take(&text, '(')) {
        if (!fa_list_reserve(&entity->points, entity->point_count, &room, sizeof *entity->points))
            return fa_error_set(err, FA_E_MEMORY, "tessellated geometry");
        for (int k = 0; k < 3; k++) {
            double number = 0;

            if ((k > 0 && !fa_step_text_take(&text, ',')) || !fa_step_text_number(&text, &number) ||
                !isfinite(number * reader->scale))
                return broken(err);
            entity->points[entity->point_count][k] = (float)(number * reader->scale);
        }
        entity->point_count++;
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
    const struct entity *points;
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
        if (number > face->points->point_count)
            return broken(err);
        memcpy(reader->corners[3 * reader->facets + j], face->points->points[number - 1],
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
read_face(struct reader *reader, const struct entity *entity, struct face *face,
          struct fa_error *err)
{
    struct fa_step_text text = {.at = entity->at, .end = reader->end};
    struct entity *points;
    uint64_t id;

    if (!fa_step_text_pass(&text, 1) || !fa_step_text_reference(&text, &id) ||
        !fa_step_text_take(&text, ',') || !fa_step_text_pass(&text, 1 + entity->between))
        return broken(err);
    points = find(reader, id);
    if (points == NULL || points->kind != POINTS)
        return broken(err);
    if (points->points == NULL && read_points(reader, points, err) < 0)
        return -1;
    face->points = points;
    if (read_indices(&text, &face->chosen, err) < 0)
        return -1;
    if (!fa_step_text_take(&text, ','))
        return broken(err);
    if (add_rows(reader, face, &text, false, err) < 0)
        return -1;
    if (entity->kind != STRIPS)
        return 0;
    return fa_step_text_take(&text, ',') ? add_rows(reader, face, &text, true, err) : broken(err);
}

static int
add_face(struct reader *reader, struct entity *entity, struct fa_error *err)
{
    struct face face = {.points = NULL};
    int result;

    if (entity->used)
        return 0;
    entity->used = true;
    result = read_face(reader, entity, &face, err);
    free(face.chosen.list);
    free(face.corners.list);
    return result;
}

/* 'name', (faces), … */
static int
add_faces(struct reader *reader, const struct entity *body, struct fa_error *err)
{
    struct fa_step_text text = {.at = body->at, .end = reader->end};
    uint64_t id;

    if (!fa_step_text_pass(&text, 1) || !fa_step_text_take(&text, '('))
        return broken(err);
    while (fa_step_text_reference(&text, &id)) {
        struct entity *face = find(reader, id);

        /* Edges and points may be among the items; they are no surface. */
        if (face != NULL && (face->kind == TRIANGLES || face->kind == STRIPS) &&
            add_face(reader, face, err) < 0)
            return -1;
        fa_step_text_take(&text, ',');
    }
    return 0;
}

/* What has been gathered becomes a body. */
static int
end_body(struct reader *reader, struct fa_error *err)
{
    struct fa_body *body;
    struct fa_shape *shape = &reader->scene->shapes[0];

    if (reader->facets == 0)
        return 0;
    body = &shape->bodies[shape->body_count];
    if (fa_mesh_weld((const float(*)[3])reader->corners, NULL, reader->facets, &body->mesh, err) <
        0)
        return -1;
    shape->body_count++;
    reader->limit -= reader->facets;
    reader->facets = 0;
    return 0;
}

static int
read_bodies(struct reader *reader, struct fa_error *err)
{
    size_t bodies = 0;

    for (size_t i = 0; i < reader->count; i++)
        bodies += reader->entities[i].kind == BODY;
    if (fa_scene_single(reader->scene, bodies + 1, err) < 0)
        return -1;
    reader->scene->shapes[0].body_count = 0;
    for (size_t i = 0; i < reader->count; i++)
        if (reader->entities[i].kind == BODY &&
            (add_faces(reader, &reader->entities[i], err) < 0 || end_body(reader, err) < 0))
            return -1;
    for (size_t i = 0; i < reader->count; i++)
        if (bodies == 0 &&
            (reader->entities[i].kind == TRIANGLES || reader->entities[i].kind == STRIPS) &&
            add_face(reader, &reader->entities[i], err) < 0)
            return -1;
    if (end_body(reader, err) < 0)
        return -1;
    if (reader->scene->shapes[0].body_count == 0)
        return useless(err, "The tessellated geometry of the STEP file holds no triangle.");
    return 0;
}

static bool
is_in(const char *text, size_t length, const char *word)
{
    return memmem(text, length, word, strlen(word)) != NULL;
}

/* An inch is defined by millimetres, so it is asked for first. */
static void
find_unit(const char *text, size_t length, struct reader *reader, const char **unit_r)
{
    static const struct {
        const char *word, *unit;
        double scale;
    } units[] = {{"CONVERSION_BASED_UNIT('INCH'", "inch", 25.4},
                 {"SI_UNIT(.MILLI.,.METRE.)", "mm", 1},
                 {"SI_UNIT(.CENTI.,.METRE.)", "cm", 10},
                 {"SI_UNIT($,.METRE.)", "m", 1000}};

    reader->scale = 1;
    *unit_r = NULL;
    for (size_t i = 0; i < FA_COUNT(units) && *unit_r == NULL; i++)
        if (is_in(text, length, units[i].word)) {
            reader->scale = units[i].scale;
            *unit_r = units[i].unit;
        }
}

bool
fa_step_mesh_is(const char *text, size_t length)
{
    return is_in(text, length, "TRIANGULATED_FACE") ||
           is_in(text, length, "TRIANGULATED_SURFACE_SET");
}

int
fa_step_mesh_read(const char *text, size_t length, size_t limit, struct fa_scene *scene,
                  const char **unit_r, struct fa_error *err)
{
    struct reader reader = {.end = text + length, .scene = scene, .limit = limit};
    int result;

    find_unit(text, length, &reader, unit_r);
    /* Without their placements its parts would lie in each other. */
    if (is_in(text, length, "NEXT_ASSEMBLY_USAGE_OCCURRENCE"))
        return useless(err, "The STEP file holds an assembly of tessellated parts only.");
    result = list_entities(&reader, (struct fa_step_text){text, text + length}, err);
    if (result == 0)
        result = read_bodies(&reader, err);
    for (size_t i = 0; i < reader.count; i++)
        free(reader.entities[i].points);
    free(reader.entities);
    free(reader.corners);
    return result;
}
