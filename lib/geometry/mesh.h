/*
 * An indexed triangle mesh, welded from a soup: corners of equal bits are one vertex (-0 equals 0).
 *
 * Meshes are too large for an arena and are released by themselves.
 */
#ifndef FA_GEOMETRY_MESH_H
#define FA_GEOMETRY_MESH_H

#include "lib/base/error.h"
#include "lib/geometry/stl.h"

#include <stdint.h>

struct fa_mesh {
    float (*vertices)[3];
    size_t vertex_count;
    uint32_t (*facets)[3]; /* counter-clockwise seen from outside */
    size_t facet_count;
    size_t degenerate; /* facets with two equal corners, left out */
};

/* Welds the soup; FA_E_MEMORY, or FA_E_CONTENT when no facet is left. */
int fa_mesh_weld(const struct fa_stl *stl, struct fa_mesh *mesh, struct fa_error *err) FA_MUSTCHECK;

void fa_mesh_free(struct fa_mesh *mesh);

/* Normal of a facet, unit length; false when it has no area. */
bool fa_mesh_normal(const struct fa_mesh *mesh, size_t facet, float normal[3]);

#endif
