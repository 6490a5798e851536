/* STL of any kind: read, weld, measure, print, make a model, read it back; nothing may crash or
 * hang. */
#include "lib/geometry/figures.h"
#include "lib/geometry/glb.h"
#include "lib/geometry/stl.h"
#include "tests/fuzz/read_back.h"

#include <fcntl.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int sink = -1;
    static struct fa_figures figures;
    const struct fa_glb_options options = {.name = "part", .meshopt = size % 2 == 1};
    struct fa_stl stl;
    struct fa_scene scene;
    struct fa_buf json;
    struct fa_error err;

    if (sink < 0)
        sink = open("/dev/null", O_WRONLY);
    if (fa_stl_read(data, size, 10000, &stl, &err) < 0)
        return 0;
    fa_buf_init(&json, FA_FIGURES_BYTES);
    if (fa_scene_single(&scene, 1, &err) == 0 &&
        fa_mesh_weld_soup(&stl.soup, &scene.shapes[0].bodies[0].mesh, &err) == 0 &&
        fa_figures_measure(&scene, &figures, &err) == 0) {
        fa_figures_guess_unit(&figures);
        fa_figures_print(&json, &figures);
        read_insist(!json.failed);
        if (options.meshopt && fa_glb_write(&scene, &options, sink, &err) < 0)
            size = 0;
        read_back(&scene);
    }
    fa_buf_free(&json);
    fa_scene_free(&scene);
    fa_stl_free(&stl);
    return 0;
}
