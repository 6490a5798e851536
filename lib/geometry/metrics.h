/* The figures of a mesh: volume, surface, box, and whether it is a solid or what breaks it. */
#ifndef FA_GEOMETRY_METRICS_H
#define FA_GEOMETRY_METRICS_H

#include "lib/base/buf.h"
#include "lib/geometry/edges.h"
#include "lib/geometry/stl.h"

struct fa_metrics {
    double volume_mm3; /* never negative; meaningful when watertight */
    double area_mm2;
    double min_mm[3];
    double max_mm[3];
    double centre_of_mass_mm[3]; /* of the volume; of the box when there is none */
    bool watertight;             /* every edge is used once in each direction */
    bool inverted;               /* facets pointed inwards: the volume's sign was turned */
    uint64_t shells;             /* pieces connected over edges */
    uint64_t open_edges;
    uint64_t non_manifold_edges; /* used more than twice */
    uint64_t flipped_edges;      /* used twice in the same direction */
};

/* Measures the mesh; FA_E_MEMORY. */
int fa_metrics_measure(const struct fa_mesh *mesh, const struct fa_edges *edges,
                       struct fa_metrics *metrics, struct fa_error *err) FA_MUSTCHECK;

/* Writes the contract's `cad` object, with what is odd about the file as sentences in "notes". */
void fa_metrics_print(struct fa_buf *out, const struct fa_metrics *metrics,
                      const struct fa_mesh *mesh, const struct fa_stl *stl);

#endif
