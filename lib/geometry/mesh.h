/*
 * An indexed triangle mesh, welded from a soup: corners of equal bits are one vertex (-0 equals 0).
 *
 * Meshes are too large for an arena and are released by themselves.
 */
#ifndef FA_GEOMETRY_MESH_H
#define FA_GEOMETRY_MESH_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fa_mesh {
    float (*vertices)[3];
    size_t vertex_count;
    uint32_t (*facets)[3]; /* counter-clockwise seen from outside */
    uint16_t *colours;     /* per facet, numbers that mean something to the scene; NULL: none */
    size_t facet_count;
    size_t degenerate; /* facets with two equal corners, left out */
};

/* Facets that do not know of each other: three corners each, nine floats wherever they lie. */
struct fa_soup {
    const void *corners;     /* of the first facet */
    size_t stride;           /* bytes from one facet to the next */
    const uint16_t *colours; /* per facet; NULL: none */
    size_t count;
};

/* Welds a soup; FA_E_MEMORY, or FA_E_CONTENT when no facet is left. */
int fa_mesh_weld_soup(const struct fa_soup *soup, struct fa_mesh *mesh,
                      struct fa_error *err) FA_MUSTCHECK;

/* The same of `count` facets that lie side by side, with their colours or NULL. */
int fa_mesh_weld(const float (*corners)[3], const uint16_t *colours, size_t count,
                 struct fa_mesh *mesh, struct fa_error *err) FA_MUSTCHECK;

void fa_mesh_free(struct fa_mesh *mesh);

/* The first `count` corners of a facet. */
static inline void
fa_soup_corners(const struct fa_soup *soup, size_t facet, int count, float (*corners)[3])
{
    memcpy(corners, (const char *)soup->corners + facet * soup->stride,
           (size_t)count * sizeof *corners);
}

/* Across a facet, twice as long as its area is large: its normal, not yet of unit length. */
static inline void
fa_mesh_across(const struct fa_mesh *mesh, size_t facet, double across[3])
{
    const float *a = mesh->vertices[mesh->facets[facet][0]];
    const float *b = mesh->vertices[mesh->facets[facet][1]];
    const float *c = mesh->vertices[mesh->facets[facet][2]];
    double u[3], v[3];

    for (int i = 0; i < 3; i++) {
        u[i] = (double)b[i] - (double)a[i];
        v[i] = (double)c[i] - (double)a[i];
    }
    across[0] = u[1] * v[2] - u[2] * v[1];
    across[1] = u[2] * v[0] - u[0] * v[2];
    across[2] = u[0] * v[1] - u[1] * v[0];
}

/* Across all facets, as floats: what several figures are made of, at less than half the memory of
 * doubles.  NULL: no memory; to be freed. */
float (*fa_mesh_spread(const struct fa_mesh *mesh))[3];

/* Area of a facet, and its normal, unit length or zero. */
double fa_mesh_area(const struct fa_mesh *mesh, size_t facet, double normal[3]);

/* Normal of a facet, unit length; false when it has no area. */
bool fa_mesh_normal(const struct fa_mesh *mesh, size_t facet, float normal[3]);

#ifdef __cplusplus
}
#endif

#endif
