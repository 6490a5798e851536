#include "fcgi/field.h"
#include "lib/base/utf8.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* --- what is wrong with a value: a phrase behind the field's name, or NULL ---------------------
 */

static const char *
read_flag(const struct fa_field *field, struct fa_value *value)
{
    (void)field;
    value->number = strcasecmp(value->text, "true") == 0;
    /* Empty means false. */
    if (value->number == 0 && *value->text != '\0' && strcasecmp(value->text, "false") != 0)
        return "must be true or false, in any case";
    return NULL;
}

static const char *
read_choice(const struct fa_field *field, struct fa_value *value)
{
    for (const char *const *choice = field->choices; *choice != NULL; choice++)
        if (strcmp(*choice, value->text) == 0)
            return NULL;
    return "is none of the known values";
}

static const char *
read_number(const struct fa_field *field, struct fa_value *value)
{
    char *end;

    if (*value->text < '0' || *value->text > '9' || strlen(value->text) > 18)
        return "must be a whole number within its limits";
    value->number = strtoll(value->text, &end, 10);
    if (*end != '\0' || value->number < field->min || value->number > field->max)
        return "must be a whole number within its limits";
    return NULL;
}

/* What only a text of several lines may hold. */
static bool
is_line_end(uint32_t code)
{
    return code == '\n' || code == '\r' || code == '\t';
}

static const char *
read_text(const struct fa_field *field, struct fa_value *value)
{
    const char *at = value->text;
    int64_t count = 0;

    while (*at != '\0') {
        uint32_t code;
        size_t size = fa_utf8_next(at, strlen(at), &code);

        if (size == 0)
            return "is not UTF-8";
        if (fa_utf8_is_control(code) &&
            ((field->flags & FA_FIELD_LINES) == 0 || !is_line_end(code)))
            return "holds control characters";
        at += size;
        count++;
    }
    if (count < field->min)
        return count == 0 ? "is empty" : "is too short";
    return count > field->max ? "is too long" : NULL;
}

/* A day as RFC 3339 writes it. */
static const char *
read_date(const struct fa_field *field, struct fa_value *value)
{
    struct tm given = {0};
    struct tm real;
    const char *end = strptime(value->text, "%Y-%m-%d", &given);

    (void)field;
    if (end == NULL || *end != '\0' || end - value->text != sizeof "YYYY-MM-DD" - 1)
        return "must be a date, YYYY-MM-DD";
    /* The thirtieth of February becomes a day of March. */
    real = given;
    timegm(&real);
    return real.tm_mday == given.tm_mday ? NULL : "is no day of the calendar";
}

/* By type. */
static const char *(*const readers[])(const struct fa_field *field, struct fa_value *value) = {
    [FA_FIELD_BOOL] = read_flag,     [FA_FIELD_CHOICE] = read_choice, [FA_FIELD_TEXT] = read_text,
    [FA_FIELD_NUMBER] = read_number, [FA_FIELD_DATE] = read_date,
};

/* --- values in ---------------------------------------------------------------------------------
 */

int
fa_field_take(const struct fa_field *field, const char *text, size_t length, struct fa_arena *arena,
              struct fa_value *value, struct fa_error *err)
{
    const char *wrong;

    if (value->given) {
        fa_error_field(err, field->name, "must come only once");
        return 0;
    }
    value->given = true;
    value->text = fa_arena_strndup(arena, text, length);
    if (value->text == NULL)
        return fa_error_set(err, FA_E_MEMORY, "field %s", field->name);
    if (field->type == FA_FIELD_FILE)
        wrong = "must be a file, not a text";
    else
        wrong = strlen(value->text) != length ? "must not hold a NUL"
                                              : readers[field->type](field, value);
    if (wrong != NULL)
        fa_error_field(err, field->name, "%s", wrong);
    return 0;
}

int
fa_field_take_json(const struct fa_field *field, struct json_object *json, struct fa_arena *arena,
                   struct fa_value *value, struct fa_error *err)
{
    static const enum json_type types[] = {
        [FA_FIELD_FILE] = json_type_string,   [FA_FIELD_BOOL] = json_type_boolean,
        [FA_FIELD_CHOICE] = json_type_string, [FA_FIELD_TEXT] = json_type_string,
        [FA_FIELD_NUMBER] = json_type_int,    [FA_FIELD_DATE] = json_type_string,
    };
    const char *text;

    if (json == NULL && (field->flags & FA_FIELD_NULLABLE) != 0) {
        value->given = true;
        return 0;
    }
    /* A form knows texts only, so they are taken for any type. */
    if (!json_object_is_type(json, types[field->type]) &&
        !json_object_is_type(json, json_type_string)) {
        fa_error_field(err, field->name, "is of the wrong JSON type");
        return 0;
    }
    text = json_object_get_string(json);
    return fa_field_take(field, text,
                         json_object_is_type(json, json_type_string)
                             ? (size_t)json_object_get_string_len(json)
                             : strlen(text),
                         arena, value, err);
}

int
fa_field_find(const struct fa_field *fields, const char *name)
{
    for (int i = 0; fields[i].name != NULL; i++)
        if (strcmp(fields[i].name, name) == 0)
            return i;
    return -1;
}

int
fa_field_complete(const struct fa_field *fields, const struct fa_form *form, struct fa_error *err)
{
    for (int i = 0; fields[i].name != NULL; i++)
        if ((fields[i].flags & FA_FIELD_REQUIRED) != 0 && !form->values[i].given)
            fa_error_field(err, fields[i].name, "is required");
    return err->code != FA_OK ? -1 : 0;
}
