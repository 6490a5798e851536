#include "fcgi/textform.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/urlform.h"

#include <json-c/json.h>
#include <string.h>

int
fa_textform_pairs(const struct fa_field *fields, const char *text, size_t length,
                  struct fa_arena *arena, struct fa_form *form, struct fa_error *err)
{
    for (int i = 0; fields[i].name != NULL; i++) {
        const char *value;

        if (fa_urlform_find(text, length, fields[i].name, arena, &value, err) < 0)
            return -1;
        if (value != NULL &&
            fa_field_take(&fields[i], value, strlen(value), arena, &form->values[i], err) < 0)
            return -1;
    }
    return 0;
}

int
fa_textform_json(const struct fa_field *fields, const char *text, size_t length,
                 struct fa_arena *arena, struct fa_form *form, struct fa_error *err)
{
    FA_CLEANUP(fa_json_free) struct json_object *object = NULL;
    struct fa_error why;

    if (fa_json_parse(text, length, &object, &why) < 0)
        return why.code == FA_E_MEMORY ? fa_error_set(err, FA_E_MEMORY, "JSON body")
                                       : fa_error_field(err, "body", "%.100s", why.detail);
    if (!json_object_is_type(object, json_type_object))
        return fa_error_field(err, "body", "must be a JSON object");
    for (int i = 0; fields[i].name != NULL; i++)
        if (fa_json_has(object, fields[i].name) &&
            fa_field_take_json(&fields[i], fa_json_member(object, fields[i].name), arena,
                               &form->values[i], err) < 0)
            return -1;
    return 0;
}
