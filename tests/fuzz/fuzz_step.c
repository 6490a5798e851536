/* Tessellated STEP, any bytes: read, measure, make a model; nothing may crash or hang. */
#include "lib/geometry/figures.h"
#include "lib/geometry/glb.h"
#include "lib/geometry/step_mesh.h"

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
    const char *unit;

    if (sink < 0)
        sink = open("/dev/null", O_WRONLY);
    if (fa_step_mesh_read((const char *)data, size, 10000, &scene, &unit, &err) == 0 &&
        fa_scene_facets(&scene) < 100000 && fa_figures_measure(&scene, &figures, &err) == 0 &&
        fa_glb_write(&scene, &options, sink, &err) < 0)
        size = 0;
    fa_scene_free(&scene);
    return 0;
}
