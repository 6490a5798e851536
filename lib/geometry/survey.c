#include "lib/geometry/survey.h"

#include <math.h>

/* A surface that looks down more than this is an overhang: cos 45 degrees. */
static const double overhang_cosine = 0.70710678;

/* Lies on the bed when nothing of it is higher, as a share of the part's height. */
static const double bed_share = 1e-4;

/* What looks down, and what lies on the bed. */
static void
look_down(const struct fa_mesh *mesh, double bottom, double top, struct fa_survey *survey)
{
    double bed = bottom + bed_share * (top - bottom);

    for (size_t f = 0; f < mesh->facet_count; f++) {
        double across[3], twice;
        double highest = -INFINITY;

        fa_mesh_across(mesh, f, across);
        if (across[2] >= 0)
            continue;
        twice = sqrt(across[0] * across[0] + across[1] * across[1] + across[2] * across[2]);
        if (across[2] > -overhang_cosine * twice)
            continue;
        for (int j = 0; j < 3; j++)
            highest = fmax(highest, (double)mesh->vertices[mesh->facets[f][j]][2]);
        if (highest <= bed)
            survey->bed_mm2 += twice / 2;
        else
            survey->overhang_mm2 += twice / 2;
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
