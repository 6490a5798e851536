/* OBJ of any kind: read, measure, make a model, read it back; nothing may crash or hang. */
#include "lib/geometry/figures.h"
#include "lib/geometry/obj.h"
#include "tests/fuzz/read_back.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fa_figures figures;
    struct fa_scene scene = {.shapes = NULL};
    struct fa_error err;
    uint64_t dropped;

    (void)fa_obj_is((const char *)data, size);
    if (fa_obj_read((const char *)data, size, 10000, &scene, &dropped, &err) == 0 &&
        fa_figures_measure(&scene, &figures, &err) == 0)
        read_back(&scene);
    fa_scene_free(&scene);
    return 0;
}
