/*
 * Walls and gaps, measured by rays from points spread evenly over the surface.
 *
 * Each body is probed for itself: where bodies touch, their surfaces are no walls of each other.
 */
#ifndef FA_GEOMETRY_PROBES_H
#define FA_GEOMETRY_PROBES_H

#include "lib/geometry/survey.h"

/* A distance measured at a point of the surface. */
struct fa_probe {
    double distance;
    double at[3];
};

struct fa_probes {
    struct fa_probe *walls, *gaps;
    size_t wall_count, gap_count;
    double area;   /* of all bodies */
    double passed; /* of it, so far */
    size_t taken;
    uint64_t looks; /* at facets; the work is bounded */
};

/* Begins with the area of all bodies that will be probed; FA_E_MEMORY. */
int fa_probes_begin(struct fa_probes *probes, double area, struct fa_error *err) FA_MUSTCHECK;

/* Probes a body that is measured; `matrix` says where it is placed. */
int fa_probes_add(struct fa_probes *probes, const struct fa_mesh *mesh,
                  const struct fa_metrics *metrics, const double matrix[3][4],
                  struct fa_error *err) FA_MUSTCHECK;

/* Puts what was found into the survey, and releases the probes. */
void fa_probes_end(struct fa_probes *probes, struct fa_survey *survey);

#endif
