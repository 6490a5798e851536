/*
 * What a part's shape means for making it: how thick its walls are, how narrow its gaps, what hangs
 * over, and the smallest box that holds it however it lies.
 */
#ifndef FA_GEOMETRY_SURVEY_H
#define FA_GEOMETRY_SURVEY_H

#include "lib/geometry/metrics.h"

enum { FA_WALL_BINS = 9 };

/* Upper ends of the bins of wall thickness, in mm; the last bin has none. */
extern const double fa_wall_bins[FA_WALL_BINS - 1];

struct fa_survey {
    bool crowded; /* so many facets lie over each other that walls and gaps were not measured */
    bool has_walls;
    double walls[FA_WALL_BINS]; /* shares of the surface, by the thickness behind it */
    double thin_wall_mm;        /* one hundredth of the surface is thinner */
    double thin_wall_at_mm[3];
    bool has_gaps;
    double narrow_gap_mm; /* between surfaces that face each other; one hundredth is narrower */
    double narrow_gap_at_mm[3];
    double overhang_mm2; /* looks down, more than 45 degrees from upright, not on the bed */
    double bed_mm2;      /* lies on its own lowest plane */
    double box_mm[3];    /* sides of the oriented box, the longest first */
    double box_axes[3][3];
    double box_centre_mm[3];
};

/* A part or a body as one mesh, whose facets' fa_mesh_across and figures are given: what hangs over
 * and the oriented box.  FA_E_MEMORY.  The same mesh gives the same figures. */
int fa_survey_make(const struct fa_mesh *mesh, const float (*across)[3],
                   const struct fa_solid *solid, struct fa_survey *survey,
                   struct fa_error *err) FA_MUSTCHECK;

/* The smallest of the boxes along the mesh's large faces and the axes. */
int fa_survey_box(const struct fa_mesh *mesh, const float (*across)[3], struct fa_survey *survey,
                  struct fa_error *err) FA_MUSTCHECK;

#endif
