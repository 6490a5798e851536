/*
 * Shading normals: smooth across gentle edges, split at creases.
 *
 * At each vertex the facets around it fall into groups whose normals lie within the crease angle;
 * every group shares one normal, the mean of its facets' weighted by their angle at the vertex.
 */
#ifndef FA_GEOMETRY_NORMALS_H
#define FA_GEOMETRY_NORMALS_H

#include "lib/geometry/mesh.h"

/* Cosine of the crease angle, 30 degrees. */
#define FA_CREASE_COSINE 0.8660254F

struct fa_normals {
    float (*list)[3];   /* unit length */
    uint32_t *vertices; /* the mesh vertex each belongs to */
    size_t count;
    uint32_t (*corners)[3]; /* per facet and corner: which normal */
    float (*facets)[3];     /* per facet: its own normal; zero when it has no area */
};

/* Groups the facets around every vertex; FA_E_MEMORY. */
int fa_normals_build(const struct fa_mesh *mesh, struct fa_normals *normals,
                     struct fa_error *err) FA_MUSTCHECK;

void fa_normals_free(struct fa_normals *normals);

#endif
