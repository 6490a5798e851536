/* OBJ of any kind: read, measure, make a model, read it back; nothing may crash or hang. */
#include "lib/geometry/obj.h"
#include "tests/fuzz/read_back.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fa_scene scene = {.shapes = NULL};
    struct fa_error err;
    uint64_t dropped;

    (void)fa_obj_is((const char *)data, size);
    return read_back_scene(
        &scene, fa_obj_read((const char *)data, size, 10000, &scene, &dropped, &err) == 0);
}
