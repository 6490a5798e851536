#include "lib/part/derived.h"
#include "lib/base/attr.h"
#include "lib/job/job.h"
#include "lib/part/asset_type.h"

#include <string.h>

static const struct fa_derived table[] = {
    {"visualization", FA_TASK_CAD, NULL, true, "_visual.glb", "model/gltf-binary", true},
    {"thumbnail", FA_TASK_CAD, NULL, true, "_thumbnail.png", "image/png", true},
    {"thumbnail_256", FA_TASK_CAD, NULL, true, "_thumbnail.png", "image/png", true},
    {"oriented", NULL, "model/stl", false, "optimal_orientation_cad_file_temp.stl", "model/stl",
     false},
    {"oriented", NULL, "model/step", false, "optimal_orientation_cad_file_temp.stp", "model/step",
     false},
    {"report", FA_TASK_REPORT, NULL, false, "analysis_results_file_temp.xlsx",
     "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", false},
};

const struct fa_derived *
fa_derived_of(const char *kind, const char *cad_name)
{
    for (size_t i = 0; i < FA_COUNT(table); i++)
        if (strcmp(table[i].kind, kind) == 0 &&
            (table[i].cad_type == NULL || cad_name == NULL ||
             strcmp(table[i].cad_type, fa_format_of(cad_name)->media_type) == 0))
            return &table[i];
    return NULL;
}
