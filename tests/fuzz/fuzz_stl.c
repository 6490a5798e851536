/* STL of any kind: read, weld, measure and print; nothing may crash or hang. */
#include "lib/geometry/metrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fa_stl stl;
    struct fa_mesh mesh;
    struct fa_edges edges;
    struct fa_metrics metrics;
    struct fa_buf json;
    struct fa_error err;

    if (fa_stl_read(data, size, 10000, &stl, &err) < 0)
        return 0;
    if (fa_mesh_weld((const float(*)[3])stl.corners, NULL, stl.facet_count, &mesh, &err) == 0) {
        if (fa_edges_build(&mesh, &edges, &err) == 0) {
            fa_buf_init(&json, 1 << 16);
            if (fa_metrics_measure(&mesh, &edges, &metrics, &err) == 0)
                fa_metrics_print(&json, &metrics, &mesh, &stl);
            fa_metrics_free(&metrics);
            fa_buf_free(&json);
            fa_edges_free(&edges);
        }
        fa_mesh_free(&mesh);
    }
    fa_stl_free(&stl);
    return 0;
}
