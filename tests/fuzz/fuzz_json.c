/* JSON from outside: what the scanner lets through, json-c reads without a complaint. */
#include "lib/base/json.h"

#include <json-c/json.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_object *object = NULL;
    struct fa_error err;

    if (fa_json_parse((const char *)data, size, &object, &err) == 0)
        (void)json_object_to_json_string(object);
    fa_json_free(&object);
    return 0;
}
