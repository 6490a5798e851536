/* Inside lib/geometry only: the bodies of a scene once they are measured, on the way to figures. */
#ifndef FA_GEOMETRY_MEASURED_H
#define FA_GEOMETRY_MEASURED_H

#include "lib/geometry/figures.h"

struct fa_measured_shape {
    struct fa_metrics *metrics; /* by body, before it is placed */
    double times;               /* so much surface it has on all its places, against once */
};

/* Where the figures of a listed body come from. */
struct fa_listed {
    const struct fa_body *body;
    const struct fa_metrics *metrics;
    const struct fa_solid *piece; /* of the body's mesh; NULL: all of it */
    double matrix[3][4];
    uint32_t owner; /* the first that is listed of the same body: they share its probes */
};

struct fa_measured {
    const struct fa_scene *scene;
    struct fa_measured_shape *shapes;
    struct fa_figures *figures;
    struct fa_listed listed[FA_FIGURE_BODIES]; /* as many as the figures list */
};

/* Surveys the whole and the listed bodies; FA_E_MEMORY. */
int fa_figures_survey(const struct fa_measured *measured, struct fa_error *err) FA_MUSTCHECK;

#endif
