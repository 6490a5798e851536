/* OBJ of any kind: read, measure, make a model; nothing may crash or hang. */
#include "lib/geometry/figures.h"
#include "lib/geometry/glb.h"
#include "lib/geometry/obj.h"

#include <fcntl.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int sink = -1;
    static struct fa_figures figures;
    const struct fa_glb_options options = {.name = "part"};
    struct fa_scene scene = {.shapes = NULL};
    struct fa_error err;
    uint64_t dropped;

    if (sink < 0)
        sink = open("/dev/null", O_WRONLY);
    (void)fa_obj_is((const char *)data, size);
    if (fa_obj_read((const char *)data, size, 10000, &scene, &dropped, &err) == 0 &&
        fa_figures_measure(&scene, &figures, &err) == 0 &&
        fa_glb_write(&scene, &options, sink, &err) < 0)
        size = 0;
    fa_scene_free(&scene);
    return 0;
}
