#include "lib/geometry/mesh_orient.h"
#include "lib/geometry/shells.h"

/* Every edge has two facets, and at some of them these look to different sides. */
static bool
is_mixed(const struct fa_shells *shells)
{
    for (size_t e = 0; e < shells->odd.count; e++)
        if (shells->odd.list[e].forward + shells->odd.list[e].backward != 2)
            return false;
    return shells->count == 1 && shells->odd.count > 0;
}

static void
turn(uint32_t facet[3])
{
    uint32_t spare = facet[1];

    facet[1] = facet[2];
    facet[2] = spare;
}

/* Six times the volume between a facet and a point; negative when the facet looks to the point. */
static double
volume_from(const struct fa_mesh *mesh, const uint32_t facet[3], const float point[3])
{
    double a[3], b[3], c[3];

    for (int k = 0; k < 3; k++) {
        a[k] = (double)mesh->vertices[facet[0]][k] - (double)point[k];
        b[k] = (double)mesh->vertices[facet[1]][k] - (double)point[k];
        c[k] = (double)mesh->vertices[facet[2]][k] - (double)point[k];
    }
    return a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) +
           a[2] * (b[0] * c[1] - b[1] * c[0]);
}

int
fa_mesh_orient(struct fa_mesh *mesh, struct fa_error *err)
{
    struct fa_shells shells;
    double volume = 0;

    if (fa_shells_build(mesh, &shells, err) < 0)
        return -1;
    if (is_mixed(&shells)) {
        for (size_t f = 0; f < mesh->facet_count; f++) {
            if (shells.turned[f])
                turn(mesh->facets[f]);
            volume += volume_from(mesh, mesh->facets[f], mesh->vertices[0]);
        }
        for (size_t f = 0; f < mesh->facet_count && volume < 0; f++)
            turn(mesh->facets[f]);
    }
    fa_shells_free(&shells);
    return 0;
}
