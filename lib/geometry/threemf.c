#include "lib/geometry/threemf.h"
#include "lib/base/cleanup.h"
#include "lib/geometry/list.h"
#include "lib/geometry/stl_text.h"
#include "lib/geometry/xml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum {
    NAME_BYTES = 128,
    MODEL_MAX = 1 << 30,
    OBJECTS_MAX = 10000,
    PARTS_MAX = 100000,
    DEPTH_MAX = 16
};

/* Another object as a part of one, or of what is built. */
struct part {
    unsigned long object; /* its id */
    double matrix[3][4];
    int32_t next; /* of the same owner; -1: the last */
};

/* Parts of one owner, in the file's order; -1: none. */
struct parts {
    int32_t first, last;
};

struct object {
    unsigned long id;
    char name[NAME_BYTES];
    float (*vertices)[3];
    size_t vertex_count, vertex_room;
    float (*corners)[3];
    size_t facets, room;
    int32_t shape; /* of the scene; -1: not yet */
    struct parts parts;
};

struct reader {
    struct fa_scene *scene;
    struct object *objects;
    size_t object_count, object_room;
    struct part *parts;
    size_t part_count, part_room;
    struct parts built;
    size_t limit, facets;
    double scale; /* of the file's unit, in mm */
    const char *unit;
};

bool
fa_threemf_is(const unsigned char *data, size_t length)
{
    return length > 4 && memcmp(data, "PK\3\4", 4) == 0;
}

static int
useless(struct fa_error *err, const char *message)
{
    fa_error_set(err, FA_E_CONTENT, "%s", message);
    return fa_error_action(err, "Export the part again, as 3MF, binary STL or STEP.");
}

static int
no_memory(struct fa_error *err)
{
    return fa_error_set(err, FA_E_MEMORY, "3MF");
}

/* --- numbers ------------------------------------------------------------------------------------
 */

static double
number(const struct fa_xml *xml, const char *name)
{
    size_t length = 0;
    const char *text = fa_xml_attribute(xml, name, &length);
    double value = NAN;

    if (text == NULL || fa_stl_text_number(text, length, &value) == 0)
        return NAN;
    return value;
}

/* An index or id; ULONG_MAX when there is none. */
static unsigned long
whole(const struct fa_xml *xml, const char *name)
{
    double value = number(xml, name);

    return value >= 0 && value < 4e9 ? (unsigned long)value : (unsigned long)-1;
}

/* Twelve numbers, the images of the axes one after another and the translation; a missing one is
 * the identity. */
static void
read_matrix(const struct fa_xml *xml, double scale, double matrix[3][4])
{
    double values[12] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0};
    size_t length = 0;
    const char *text = fa_xml_attribute(xml, "transform", &length);
    size_t at = 0;

    for (int i = 0; text != NULL && i < 12; i++) {
        double value = 0;

        while (at < length && text[at] == ' ')
            at++;
        at += fa_stl_text_number(text + at, length - at, &value);
        values[i] = isfinite(value) ? value : 0;
    }
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++)
            matrix[i][j] = values[3 * j + i];
        matrix[i][3] = values[9 + i] * scale;
    }
}

static void
read_unit(struct reader *reader, const struct fa_xml *xml)
{
    static const struct {
        const char *name, *unit;
        double scale;
    } units[] = {{"micron", "um", 0.001}, {"millimeter", "mm", 1}, {"centimeter", "cm", 10},
                 {"inch", "inch", 25.4},  {"foot", "foot", 304.8}, {"meter", "m", 1000}};
    size_t length = 0;
    const char *text = fa_xml_attribute(xml, "unit", &length);

    for (size_t i = 0; text != NULL && i < FA_COUNT(units); i++)
        if (strlen(units[i].name) == length && memcmp(units[i].name, text, length) == 0) {
            reader->unit = units[i].unit;
            reader->scale = units[i].scale;
        }
}

/* --- the model's tags ---------------------------------------------------------------------------
 */

static int
add_object(struct reader *reader, const struct fa_xml *xml, struct fa_error *err)
{
    struct object *object;
    size_t length = 0;
    const char *name = fa_xml_attribute(xml, "name", &length);

    if (reader->object_count == OBJECTS_MAX)
        return useless(err, "The 3MF file holds too many objects.");
    if (!fa_list_reserve(&reader->objects, reader->object_count, &reader->object_room,
                         sizeof *object))
        return no_memory(err);
    object = &reader->objects[reader->object_count++];
    *object = (struct object){.id = whole(xml, "id"), .shape = -1, .parts = {-1, -1}};
    length = length < NAME_BYTES - 1 ? length : NAME_BYTES - 1;
    if (name != NULL)
        memcpy(object->name, name, length);
    return 0;
}

static int
add_part(struct reader *reader, const struct fa_xml *xml, struct parts *owner, struct fa_error *err)
{
    struct part *part;
    int32_t number = (int32_t)reader->part_count;

    if (reader->part_count == PARTS_MAX)
        return useless(err, "The 3MF file holds too many components.");
    if (!fa_list_reserve(&reader->parts, reader->part_count, &reader->part_room, sizeof *part))
        return no_memory(err);
    part = &reader->parts[reader->part_count++];
    *part = (struct part){.object = whole(xml, "objectid"), .next = -1};
    if (owner->first < 0)
        owner->first = number;
    else
        reader->parts[owner->last].next = number;
    owner->last = number;
    read_matrix(xml, reader->scale, part->matrix);
    return 0;
}

static int
add_vertex(struct reader *reader, struct object *object, const struct fa_xml *xml,
           struct fa_error *err)
{
    static const char *const axes[] = {"x", "y", "z"};

    if (!fa_list_reserve(&object->vertices, object->vertex_count, &object->vertex_room,
                         sizeof *object->vertices))
        return no_memory(err);
    for (int k = 0; k < 3; k++)
        object->vertices[object->vertex_count][k] = (float)(reader->scale * number(xml, axes[k]));
    object->vertex_count++;
    return 0;
}

static int
add_triangle(struct reader *reader, struct object *object, const struct fa_xml *xml,
             struct fa_error *err)
{
    static const char *const corners[] = {"v1", "v2", "v3"};
    unsigned long numbers[3];

    for (int j = 0; j < 3; j++) {
        numbers[j] = whole(xml, corners[j]);
        if (numbers[j] >= object->vertex_count)
            return useless(err, "A triangle of the 3MF file has a corner that is not there.");
        for (int k = 0; k < 3; k++)
            if (!isfinite(object->vertices[numbers[j]][k]))
                return useless(err, "A vertex of the 3MF file has no readable coordinates.");
    }
    if (reader->facets++ == reader->limit)
        return useless(err, "The 3MF file holds too many facets.");
    if (!fa_list_reserve(&object->corners, object->facets, &object->room,
                         3 * sizeof *object->corners))
        return no_memory(err);
    for (size_t j = 0; j < 3; j++)
        memcpy(object->corners[3 * object->facets + j], object->vertices[numbers[j]],
               sizeof *object->corners);
    object->facets++;
    return 0;
}

static int
read_model(struct reader *reader, const char *text, size_t length, struct fa_error *err)
{
    struct fa_xml xml = {.at = text, .end = text + length};
    bool inside = false; /* of an object */
    int result = 0;

    while (result == 0 && fa_xml_next(&xml)) {
        struct object *object = inside ? &reader->objects[reader->object_count - 1] : NULL;

        if (fa_xml_is(&xml, "object")) {
            inside = !xml.closes;
            if (inside)
                result = add_object(reader, &xml, err);
        } else if (xml.closes) {
            continue;
        } else if (fa_xml_is(&xml, "model")) {
            read_unit(reader, &xml);
        } else if (object != NULL && fa_xml_is(&xml, "vertex")) {
            result = add_vertex(reader, object, &xml, err);
        } else if (object != NULL && fa_xml_is(&xml, "triangle")) {
            result = add_triangle(reader, object, &xml, err);
        } else if (object != NULL && fa_xml_is(&xml, "component")) {
            result = add_part(reader, &xml, &object->parts, err);
        } else if (object == NULL && fa_xml_is(&xml, "item")) {
            result = add_part(reader, &xml, &reader->built, err);
        }
    }
    return result;
}

/* --- the scene ----------------------------------------------------------------------------------
 */

static int32_t
shape_of(struct reader *reader, struct object *object, struct fa_error *err)
{
    if (object->shape >= 0)
        return object->shape;
    object->shape = fa_scene_add_shape(reader->scene, object->name, 1, err);
    if (object->shape >= 0 &&
        fa_mesh_weld((const float(*)[3])object->corners, NULL, object->facets,
                     &reader->scene->shapes[object->shape].bodies[0].mesh, err) < 0)
        return -1;
    return object->shape;
}

static int
add_node(struct reader *reader, const struct part *part, int32_t parent, int depth,
         struct fa_error *err)
{
    int32_t number = 0;
    int32_t shape = -1;
    int32_t node;
    struct object *object;

    while ((size_t)number < reader->object_count && reader->objects[number].id != part->object)
        number++;
    if ((size_t)number == reader->object_count)
        return useless(err, "The 3MF file builds an object that is not in it.");
    object = &reader->objects[number];
    if (depth > DEPTH_MAX)
        return useless(err, "The objects of the 3MF file are nested too deeply.");
    if (object->facets > 0 && (shape = shape_of(reader, object, err)) < 0)
        return -1;
    node = fa_scene_add_node(reader->scene, object->name, parent, shape, err);
    if (node < 0)
        return -1;
    memcpy(reader->scene->nodes[node].matrix, part->matrix, sizeof part->matrix);
    for (int32_t i = object->parts.first; i >= 0; i = reader->parts[i].next)
        if (add_node(reader, &reader->parts[i], node, depth + 1, err) < 0)
            return -1;
    return 0;
}

static int
make_scene(struct reader *reader, struct fa_error *err)
{
    if (fa_scene_init(reader->scene, err) < 0)
        return -1;
    for (int32_t i = reader->built.first; i >= 0; i = reader->parts[i].next)
        if (add_node(reader, &reader->parts[i], -1, 0, err) < 0)
            return -1;
    if (reader->scene->shape_count == 0)
        return useless(err, "The 3MF file wants nothing built that has a mesh.");
    return 0;
}

/* --- the archive --------------------------------------------------------------------------------
 */

/* Unpacks the package's model; the text is the caller's to free. */
static char *
unpack(const unsigned char *data, size_t length, size_t *size_r, struct fa_error *err)
{
    zip_source_t *source = zip_source_buffer_create(data, length, 0, NULL);
    zip_t *archive = source != NULL ? zip_open_from_source(source, ZIP_RDONLY, NULL) : NULL;
    zip_stat_t info;
    zip_file_t *file = NULL;
    char *text = NULL;
    bool found = archive != NULL &&
                 zip_stat(archive, "3D/3dmodel.model", ZIP_FL_NOCASE, &info) == 0 &&
                 info.size > 0 && info.size <= MODEL_MAX;

    if (found)
        text = malloc(info.size);
    if (text != NULL)
        file = zip_fopen_index(archive, info.index, 0);
    if (!found || (text != NULL &&
                   (file == NULL || zip_fread(file, text, info.size) != (zip_int64_t)info.size))) {
        free(text);
        text = NULL;
        useless(err, "The file is an archive without a readable 3MF model.");
    } else if (text == NULL) {
        no_memory(err);
    }
    if (found)
        *size_r = info.size;
    if (file != NULL)
        zip_fclose(file);
    if (archive != NULL)
        zip_discard(archive);
    else if (source != NULL)
        zip_source_free(source);
    return text;
}

int
fa_threemf_read_model(const char *text, size_t length, size_t limit, struct fa_scene *scene,
                      const char **unit_r, struct fa_error *err)
{
    struct reader reader = {
        .scene = scene, .limit = limit, .scale = 1, .unit = "mm", .built = {-1, -1}};
    int result = read_model(&reader, text, length, err);

    if (result == 0)
        result = make_scene(&reader, err);
    *unit_r = reader.unit;
    for (size_t i = 0; i < reader.object_count; i++) {
        free(reader.objects[i].vertices);
        free(reader.objects[i].corners);
    }
    free(reader.objects);
    free(reader.parts);
    return result;
}

int
fa_threemf_read(const unsigned char *data, size_t length, size_t limit, struct fa_scene *scene,
                const char **unit_r, struct fa_error *err)
{
    size_t size = 0;
    FA_AUTO_FREE char *text = unpack(data, length, &size, err);

    return text == NULL ? -1 : fa_threemf_read_model(text, size, limit, scene, unit_r, err);
}
