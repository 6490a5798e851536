/* Prints what the compiled service knows of its own interface, as JSON: every route with its
 * fields, every error and every file format.  tests/api/test_openapi.py holds it against
 * openapi.yaml, in both directions. */
#include "handlers/handler.h"
#include "lib/part/asset_type.h"

#include <json-c/json.h>
#include <stdio.h>

struct flag {
    unsigned bit;
    const char *name;
};

static const struct flag route_flags[] = {
    {FA_ROUTE_OPEN, "open"},
    {FA_ROUTE_HEAD, "head"},
    {FA_ROUTE_NEW_PART, "new_part"},
    {FA_ROUTE_QUERY, "query"},
    {FA_ROUTE_FORM, "form"},
    {FA_ROUTE_TEXT, "text"},
    {0, NULL},
};

static const struct flag field_flags[] = {
    {FA_FIELD_REQUIRED, "required"},
    {FA_FIELD_NULLABLE, "nullable"},
    {FA_FIELD_LINES, "lines"},
    {0, NULL},
};

static const char *const types[] = {
    [FA_FIELD_FILE] = "file", [FA_FIELD_BOOL] = "bool",     [FA_FIELD_CHOICE] = "choice",
    [FA_FIELD_TEXT] = "text", [FA_FIELD_NUMBER] = "number", [FA_FIELD_DATE] = "date",
};

static void
add(struct json_object *object, const char *name, const char *text)
{
    json_object_object_add(object, name, json_object_new_string(text));
}

static void
add_flags(struct json_object *object, const struct flag *flags, unsigned set)
{
    struct json_object *list = json_object_new_array();

    for (; flags->name != NULL; flags++)
        if ((set & flags->bit) != 0)
            json_object_array_add(list, json_object_new_string(flags->name));
    json_object_object_add(object, "flags", list);
}

static struct json_object *
describe_field(const struct fa_field *field)
{
    struct json_object *object = json_object_new_object();
    struct json_object *choices = json_object_new_array();

    add(object, "name", field->name);
    add(object, "type", types[field->type]);
    add_flags(object, field_flags, field->flags);
    json_object_object_add(object, "min", json_object_new_int64(field->min));
    json_object_object_add(object, "max", json_object_new_int64(field->max));
    for (size_t i = 0; field->choices != NULL && field->choices[i] != NULL; i++)
        json_object_array_add(choices, json_object_new_string(field->choices[i]));
    json_object_object_add(object, "choices", choices);
    return object;
}

static struct json_object *
describe_routes(void)
{
    struct json_object *list = json_object_new_array();

    for (const struct fa_route *route = fa_routes; route->method != NULL; route++) {
        struct json_object *object = json_object_new_object();
        struct json_object *fields = json_object_new_array();

        add(object, "method", route->method);
        add(object, "path", route->path);
        add_flags(object, route_flags, route->flags);
        for (size_t i = 0; route->fields != NULL && route->fields[i].name != NULL; i++)
            json_object_array_add(fields, describe_field(&route->fields[i]));
        json_object_object_add(object, "fields", fields);
        json_object_array_add(list, object);
    }
    return list;
}

static struct json_object *
describe_errors(void)
{
    struct json_object *list = json_object_new_array();

    for (int code = FA_OK + 1; code < FA_ERROR_COUNT; code++) {
        struct json_object *object = json_object_new_object();

        json_object_object_add(object, "status",
                               json_object_new_int(fa_error_status((enum fa_error_code)code)));
        add(object, "title", fa_error_title((enum fa_error_code)code));
        add(object, "detail", fa_error_text((enum fa_error_code)code));
        json_object_array_add(list, object);
    }
    return list;
}

static struct json_object *
describe_formats(void)
{
    struct json_object *list = json_object_new_array();

    for (const struct fa_format *format = fa_formats; format->extension != NULL; format++) {
        struct json_object *object = json_object_new_object();

        add(object, "extension", format->extension);
        add(object, "media_type", format->media_type);
        json_object_object_add(object, "cad", json_object_new_boolean(format->cad));
        json_object_object_add(object, "orients",
                               json_object_new_boolean(fa_format_orients(format)));
        json_object_array_add(list, object);
    }
    return list;
}

int
main(void)
{
    struct json_object *all = json_object_new_object();

    json_object_object_add(all, "routes", describe_routes());
    json_object_object_add(all, "errors", describe_errors());
    json_object_object_add(all, "formats", describe_formats());
    puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PLAIN));
    json_object_put(all);
    return ferror(stdout) || fflush(stdout) != 0;
}
