/* What fileapi-cad does, stage by stage. */
#ifndef FA_JOBS_CAD_ANALYSIS_H
#define FA_JOBS_CAD_ANALYSIS_H

#include "lib/base/error.h"
#include "lib/geometry/render.h"

#include <stdint.h>

enum fa_cad_file {
    FA_CAD_IN,
    FA_CAD_METRICS,
    FA_CAD_GLB,
    FA_CAD_PNG,
    FA_CAD_PNG_SMALL,
    FA_CAD_PROGRESS,
    FA_CAD_FILES
};

struct fa_cad_request {
    int files[FA_CAD_FILES]; /* descriptors; -1: not asked for */
    const char *name;        /* of the model */
    uint32_t size;           /* of the picture, in pixels; the small one has half */
    bool meshopt;            /* compress the model */
};

/*
 * Reads the part and writes what is asked for.  On the progress descriptor a line for every step,
 * fields separated by tabs:
 *
 *   begin STAGE | percent STAGE N | end STAGE | error STAGE MESSAGE ACTION | failed STAGE DETAIL
 *
 * with the stages cad_analysis, visualization and thumbnail, in this order.  When "end" is printed
 * that stage's output is complete.  "error" is about the file (FA_E_CONTENT), "failed" is about us.
 */
int fa_cad_analyse(const struct fa_cad_request *request, struct fa_error *err) FA_MUSTCHECK;

#endif
