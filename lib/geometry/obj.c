#include "lib/geometry/obj.h"
#include "lib/geometry/list.h"
#include "lib/geometry/stl_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 128, OBJECTS_MAX = 10000 };

/* An object on its way: a soup of triangles. */
struct object {
    char name[NAME_BYTES];
    float (*corners)[3];
    size_t facets, room;
};

struct reader {
    const char *text;
    size_t length;
    size_t at;
    size_t limit, facets; /* of all objects */
    float (*vertices)[3];
    size_t vertex_count, vertex_room;
    struct object *objects;
    size_t object_count, object_room;
    uint64_t dropped;
};

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of the line; 0: the line has no more. */
static size_t
next_word(struct reader *reader, const char **word_r)
{
    size_t start;

    for (;;) {
        while (reader->at < reader->length && is_blank(reader->text[reader->at]))
            reader->at++;
        /* A backslash at its end continues a line. */
        if (reader->at + 1 < reader->length && reader->text[reader->at] == '\\' &&
            (reader->text[reader->at + 1] == '\n' || reader->text[reader->at + 1] == '\r'))
            reader->at += reader->text[reader->at + 1] == '\r' && reader->at + 2 < reader->length &&
                                  reader->text[reader->at + 2] == '\n'
                              ? 3
                              : 2;
        else
            break;
    }
    start = reader->at;
    while (reader->at < reader->length && !is_blank(reader->text[reader->at]) &&
           reader->text[reader->at] != '\n' && reader->text[reader->at] != '\\')
        reader->at++;
    *word_r = reader->text + start;
    return reader->at - start;
}

static void
end_line(struct reader *reader)
{
    const char *end = memchr(reader->text + reader->at, '\n', reader->length - reader->at);

    reader->at = end != NULL ? (size_t)(end - reader->text) + 1 : reader->length;
}

static bool
is_word(const char *word, size_t length, const char *expected)
{
    return length == strlen(expected) && memcmp(word, expected, length) == 0;
}

bool
fa_obj_is(const char *text, size_t length)
{
    static const char *const words[] = {"v", "vn", "vt", "f", "o", "g", "mtllib", "usemtl", "s"};
    struct reader reader = {.text = text, .length = length < 65536 ? length : 65536};

    while (reader.at < reader.length) {
        const char *word;
        size_t size = next_word(&reader, &word);

        for (size_t i = 0; i < FA_COUNT(words); i++)
            if (is_word(word, size, words[i]))
                return true;
        if (size > 0 && word[0] != '#')
            return false;
        end_line(&reader);
    }
    return false;
}

static int
no_memory(struct fa_error *err)
{
    return fa_error_set(err, FA_E_MEMORY, "OBJ");
}

static int
read_vertex(struct reader *reader, struct fa_error *err)
{
    float *vertex;

    if (!fa_list_reserve(&reader->vertices, reader->vertex_count, &reader->vertex_room,
                         sizeof *reader->vertices))
        return no_memory(err);
    vertex = reader->vertices[reader->vertex_count++];
    for (int k = 0; k < 3; k++) {
        const char *word;
        size_t size = next_word(reader, &word);
        double number = NAN;

        if (fa_stl_text_number(word, size, &number) == 0)
            number = NAN;
        vertex[k] = (float)number;
    }
    return 0;
}

/* The vertex that "7", "7/1", "7//3" or "-1" means; NULL when it is not there. */
static const float *
find_vertex(const struct reader *reader, const char *word, size_t size)
{
    double number = 0;
    const float *vertex;

    /* Also false for "nan", and for what would round to no vertex at all. */
    if (fa_stl_text_number(word, size, &number) == 0 ||
        !(fabs(number) >= 1 && fabs(number) <= (double)reader->vertex_count))
        return NULL;
    vertex = number > 0 ? reader->vertices[(size_t)number - 1]
                        : reader->vertices[reader->vertex_count - (size_t)-number];
    return isfinite(vertex[0]) && isfinite(vertex[1]) && isfinite(vertex[2]) ? vertex : NULL;
}

static int
add_object(struct reader *reader, const char *name, size_t length, struct fa_error *err)
{
    /* The object at hand may have been only announced. */
    if (reader->object_count > 0 && reader->objects[reader->object_count - 1].facets == 0)
        reader->object_count--;
    else if (reader->object_count < OBJECTS_MAX) {
        if (!fa_list_reserve(&reader->objects, reader->object_count, &reader->object_room,
                             sizeof *reader->objects))
            return no_memory(err);
        reader->objects[reader->object_count] = (struct object){.corners = NULL};
    } else {
        return 0; /* the rest belongs to the last */
    }
    length = length < NAME_BYTES - 1 ? length : NAME_BYTES - 1;
    memcpy(reader->objects[reader->object_count].name, name, length);
    reader->objects[reader->object_count++].name[length] = '\0';
    return 0;
}

static int
add_facet(struct reader *reader, const float *const corners[3], struct fa_error *err)
{
    struct object *object;
    size_t room;

    if (reader->facets == reader->limit) {
        fa_error_set(err, FA_E_CONTENT, "The file holds more than %zu facets.", reader->limit);
        return fa_error_action(err, "Export the part with a coarser resolution.");
    }
    if (reader->object_count == 0 && add_object(reader, "", 0, err) < 0)
        return -1;
    object = &reader->objects[reader->object_count - 1];
    room = object->room;
    if (!fa_list_reserve(&object->corners, object->facets, &room, 3 * sizeof *object->corners))
        return no_memory(err);
    object->room = room;
    for (size_t j = 0; j < 3; j++)
        memcpy(object->corners[3 * object->facets + j], corners[j], sizeof *object->corners);
    object->facets++;
    reader->facets++;
    return 0;
}

/* A polygon is cut into a fan. */
static int
read_face(struct reader *reader, struct fa_error *err)
{
    const float *corners[3] = {NULL, NULL, NULL};
    const char *word;
    size_t size;
    size_t count = 0;

    while ((size = next_word(reader, &word)) > 0 && word[0] != '#') {
        const float *vertex = find_vertex(reader, word, size);

        if (vertex == NULL) {
            reader->dropped++;
            return 0;
        }
        if (count >= 3)
            corners[1] = corners[2];
        corners[count < 2 ? count : 2] = vertex;
        count++;
        if (count >= 3 && add_facet(reader, corners, err) < 0)
            return -1;
    }
    reader->dropped += count < 3;
    return 0;
}

static int
read_lines(struct reader *reader, struct fa_error *err)
{
    while (reader->at < reader->length) {
        const char *word;
        size_t size = next_word(reader, &word);
        int result = 0;

        if (is_word(word, size, "v")) {
            result = read_vertex(reader, err);
        } else if (is_word(word, size, "f")) {
            result = read_face(reader, err);
        } else if (is_word(word, size, "o")) {
            size = next_word(reader, &word);
            result = add_object(reader, word, size, err);
        }
        if (result < 0)
            return -1;
        end_line(reader);
    }
    return 0;
}

static int
make_bodies(const struct reader *reader, struct fa_scene *scene, struct fa_error *err)
{
    size_t count = 0;

    for (size_t i = 0; i < reader->object_count; i++)
        count += reader->objects[i].facets > 0;
    if (count == 0) {
        fa_error_set(err, FA_E_CONTENT, "The OBJ file holds no face that can be used.");
        return fa_error_action(err, "Export the part again, as binary STL or STEP.");
    }
    if (fa_scene_single(scene, count, err) < 0)
        return -1;
    count = 0;
    for (size_t i = 0; i < reader->object_count; i++) {
        const struct object *object = &reader->objects[i];
        struct fa_body *body = &scene->shapes[0].bodies[count];

        if (object->facets == 0)
            continue;
        count++;
        body->name = strdup(object->name);
        if (body->name == NULL)
            return no_memory(err);
        if (fa_mesh_weld((const float(*)[3])object->corners, NULL, object->facets, &body->mesh,
                         err) < 0)
            return -1;
    }
    return 0;
}

int
fa_obj_read(const char *text, size_t length, size_t limit, struct fa_scene *scene,
            uint64_t *dropped_r, struct fa_error *err)
{
    struct reader reader = {.text = text, .length = length, .limit = limit};
    int result = read_lines(&reader, err);

    *dropped_r = reader.dropped;
    if (result == 0)
        result = make_bodies(&reader, scene, err);
    for (size_t i = 0; i < reader.object_count; i++)
        free(reader.objects[i].corners);
    free(reader.objects);
    free(reader.vertices);
    return result;
}
