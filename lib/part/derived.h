/* What the service makes of a part's CAD: the kinds of derived files, one row each. */
#ifndef FA_PART_DERIVED_H
#define FA_PART_DERIVED_H

#include <stdbool.h>

struct fa_derived {
    const char *kind;     /* as rows of derived_file have it */
    const char *task;     /* FA_TASK_… that makes it; NULL: none does yet */
    const char *cad_type; /* media type of the CADs that this row is for; NULL: all */
    bool after_stem;      /* its download is called by the CAD's stem and `name`, else by `name` */
    const char *name;
    const char *media_type;
    bool often; /* whoever lists parts fetches it for each of them */
};

/* The row of that kind for a CAD of that name (NULL: any); NULL when there is none. */
const struct fa_derived *fa_derived_of(const char *kind, const char *cad_name);

#endif
