#include "lib/geometry/survey.h"

#include <math.h>

/* A surface that looks down more than this is an overhang: cos 45 degrees. */
static const double overhang_cosine = 0.70710678;

/* Lies on the bed when nothing of it is higher, as a share of the part's height. */
static const double bed_share = 1e-4;

/* What looks down, and what lies on the bed. */
static void
look_down(const struct fa_mesh *mesh, const float (*across)[3], double bed,
          struct fa_survey *survey)
{
    for (size_t f = 0; f < mesh->facet_count; f++) {
        double down = -(double)across[f][2];
        double square, twice;
        float highest = -INFINITY;

        if (down <= 0)
            continue;
        square = (double)across[f][0] * (double)across[f][0] +
                 (double)across[f][1] * (double)across[f][1] + down * down;
        if (down * down < overhang_cosine * overhang_cosine * square)
            continue;
        twice = sqrt(square);
        for (int j = 0; j < 3; j++) {
            float z = mesh->vertices[mesh->facets[f][j]][2];

            highest = z > highest ? z : highest;
        }
        if ((double)highest <= bed)
            survey->bed_mm2 += twice / 2;
        else
            survey->overhang_mm2 += twice / 2;
    }
}

int
fa_survey_make(const struct fa_mesh *mesh, const float (*across)[3], const struct fa_solid *solid,
               struct fa_survey *survey, struct fa_error *err)
{
    double height = solid->max_mm[2] - solid->min_mm[2];

    *survey = (struct fa_survey){.has_walls = false};
    look_down(mesh, across, solid->min_mm[2] + bed_share * height, survey);
    return fa_survey_box(mesh, across, survey, err);
}
