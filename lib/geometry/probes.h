/*
 * Walls and gaps, measured by rays from points spread evenly over the surface.
 *
 * Each body is probed for itself: where bodies touch, their surfaces are no walls of each other.
 * Walls and gaps belong to whoever owns the facet that a ray begins on.  Owners share one number of
 * points by their area, but each that is told for itself gets a hundred.
 */
#ifndef FA_GEOMETRY_PROBES_H
#define FA_GEOMETRY_PROBES_H

#include "lib/geometry/survey.h"

/* A distance measured at a point of the surface. */
struct fa_probe {
    double distance;
    double at[3];
    double stands_for; /* so much of the surface */
    uint32_t owner;
};

struct fa_probe_list {
    struct fa_probe *list;
    size_t count;
    size_t last; /* where those of the body that was added last begin */
};

struct fa_probe_owner {
    double area;   /* of all its surfaces */
    double every;  /* so much of it gets one point */
    double passed; /* of the points to take, so far */
    size_t taken, wanted;
};

struct fa_probes {
    struct fa_probe_list walls, gaps;
    struct fa_probe_owner *owners;
    size_t owner_count;
    uint64_t looks, looks_max; /* at facets; the work is bounded */
};

/* A body that is measured, and to whom its facets belong. */
struct fa_probed {
    const struct fa_mesh *mesh;
    const struct fa_metrics *metrics;
    double times;            /* so often it is there: it stands for so much more surface */
    const uint32_t *numbers; /* by facet: an index of `owners`; NULL: the first */
    const uint32_t *owners;
};

/* Begins with the areas of the owners' surfaces; the last of them is not told for itself.
 * FA_E_MEMORY. */
int fa_probes_begin(struct fa_probes *probes, const double *areas, size_t owner_count,
                    struct fa_error *err) FA_MUSTCHECK;

/* Probes a body; FA_E_MEMORY. */
int fa_probes_add(struct fa_probes *probes, const struct fa_probed *body,
                  struct fa_error *err) FA_MUSTCHECK;

/* Puts what an owner has of the body that was added last into a survey, placed by `matrix`. */
void fa_probes_tell(const struct fa_probes *probes, uint32_t owner, const double matrix[3][4],
                    struct fa_survey *survey);

/* Places all of the body that was added last: once for each, before the next one. */
void fa_probes_place(struct fa_probes *probes, const double matrix[3][4]);

/* Puts what was found on all bodies into the survey. */
void fa_probes_tell_all(struct fa_probes *probes, struct fa_survey *survey);

void fa_probes_free(struct fa_probes *probes);

#endif
