/* Tessellated STEP, any bytes: read, measure, make a model, read it back; nothing may crash or
 * hang. */
#include "lib/geometry/step_mesh.h"
#include "tests/fuzz/read_back.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fa_scene scene = {.shapes = NULL};
    struct fa_error err;
    const char *unit;

    return read_back_scene(
        &scene, fa_step_mesh_read((const char *)data, size, 10000, &scene, &unit, &err) == 0);
}
