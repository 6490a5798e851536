/* The pieces of a mesh, with their facets turned to one side, and the edges that are no good. */
#ifndef FA_GEOMETRY_SHELLS_H
#define FA_GEOMETRY_SHELLS_H

#include "lib/geometry/edges.h"

struct fa_shells {
    uint32_t *numbers; /* by facet: its piece, counted from 0 */
    bool *turned;      /* by facet: it looks to the other side than its piece's first */
    uint32_t count;
    struct fa_edges odd; /* the edges that are not sound */
};

/* Joins facets over their edges; FA_E_MEMORY. */
int fa_shells_build(const struct fa_mesh *mesh, struct fa_shells *shells,
                    struct fa_error *err) FA_MUSTCHECK;

void fa_shells_free(struct fa_shells *shells);

#endif
