#include "lib/geometry/survey.h"

#include <math.h>

/* A surface that looks down more than this is an overhang: cos 45 degrees. */
static const double overhang_cosine = 0.70710678;

/* Lies on the bed when nothing of it is higher, as a share of the part's height. */
static const double bed_share = 1e-4;

/* By the turn of its corners seen from above. */
static bool
looks_up(const struct fa_mesh *mesh, const uint32_t facet[3])
{
    const float *a = mesh->vertices[facet[0]];
    const float *b = mesh->vertices[facet[1]];
    const float *c = mesh->vertices[facet[2]];

    return ((double)b[0] - (double)a[0]) * ((double)c[1] - (double)a[1]) >=
           ((double)b[1] - (double)a[1]) * ((double)c[0] - (double)a[0]);
}

/* What looks down, and what lies on the bed. */
static void
look_down(const struct fa_mesh *mesh, double bottom, double top, struct fa_survey *survey)
{
    double bed = bottom + bed_share * (top - bottom);

    for (size_t f = 0; f < mesh->facet_count; f++) {
        double normal[3];
        double one;
        double highest = -INFINITY;

        if (looks_up(mesh, mesh->facets[f]))
            continue;
        one = fa_mesh_area(mesh, f, normal);
        if (normal[2] > -overhang_cosine)
            continue;
        for (int j = 0; j < 3; j++)
            highest = fmax(highest, (double)mesh->vertices[mesh->facets[f][j]][2]);
        if (highest <= bed)
            survey->bed_mm2 += one;
        else
            survey->overhang_mm2 += one;
    }
}

int
fa_survey_make(const struct fa_mesh *mesh, const double min[3], const double max[3],
               struct fa_survey *survey, struct fa_error *err)
{
    *survey = (struct fa_survey){.has_walls = false};
    look_down(mesh, min[2], max[2], survey);
    return fa_survey_box(mesh, survey, err);
}
