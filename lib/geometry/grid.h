/* Inside lib/geometry only: rays through a mesh, by a uniform grid over its box. */
#ifndef FA_GEOMETRY_GRID_H
#define FA_GEOMETRY_GRID_H

#include "lib/geometry/mesh.h"

enum { FA_GRID_END = UINT32_MAX };

/* A facet in one of the cells that it touches. */
struct fa_grid_entry {
    uint32_t facet;
    uint32_t next; /* of the same cell, or FA_GRID_END */
};

struct fa_grid {
    const struct fa_mesh *mesh;
    int counts[3]; /* cells along each axis */
    double min[3];
    double cell;     /* side of a cell */
    uint32_t *first; /* by cell: its first entry, or FA_GRID_END */
    struct fa_grid_entry *entries;
};

struct fa_hit {
    double distance;
    uint32_t facet;
    uint64_t looks; /* facets that were looked at, also when none was met */
};

/* Sorts the facets into cells; FA_E_MEMORY. */
int fa_grid_build(const struct fa_mesh *mesh, const double min[3], const double max[3],
                  struct fa_grid *grid, struct fa_error *err) FA_MUSTCHECK;
void fa_grid_free(struct fa_grid *grid);

/* The first facet that a ray meets further away than `after`; false when it meets none. */
bool fa_grid_cast(const struct fa_grid *grid, const double from[3], const double direction[3],
                  double after, struct fa_hit *hit);

#endif
