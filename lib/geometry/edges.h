/* The edges of a mesh: who uses each, and in which direction. */
#ifndef FA_GEOMETRY_EDGES_H
#define FA_GEOMETRY_EDGES_H

#include "lib/geometry/mesh.h"

struct fa_edge {
    uint32_t low; /* vertices, low < high */
    uint32_t high;
    uint32_t facets[2]; /* the first two that use it */
    uint16_t forward;   /* uses from low to high; stops at 65535 */
    uint16_t backward;
};

struct fa_edges {
    struct fa_edge *list;
    size_t count;
};

/* Shows every edge of the mesh, those of lower vertices first; FA_E_MEMORY. */
int fa_edges_walk(const struct fa_mesh *mesh,
                  void (*see)(void *context, const struct fa_edge *edge), void *context,
                  struct fa_error *err) FA_MUSTCHECK;

/* Collects the edges of the mesh; FA_E_MEMORY. */
int fa_edges_build(const struct fa_mesh *mesh, struct fa_edges *edges,
                   struct fa_error *err) FA_MUSTCHECK;

void fa_edges_free(struct fa_edges *edges);

/* Used once. */
static inline bool
fa_edge_is_open(const struct fa_edge *edge)
{
    return edge->forward + edge->backward == 1;
}

/* Used once in each direction. */
static inline bool
fa_edge_is_sound(const struct fa_edge *edge)
{
    return edge->forward == 1 && edge->backward == 1;
}

#endif
