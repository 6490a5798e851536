/* What the text of a STEP file (ISO 10303-21) tells of itself, whatever its geometry is. */
#ifndef FA_GEOMETRY_STEP_FILE_H
#define FA_GEOMETRY_STEP_FILE_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The unit of length ("mm", "inch", …), static text, and its millimetres; NULL, and 1, when it is
 * none of those known. */
const char *fa_step_file_unit(const char *text, size_t length, double *scale_r);

/* True when its end is missing. */
bool fa_step_file_is_cut(const char *text, size_t length);

/* Says why there is nothing to show in it, and what to do: FA_E_CONTENT.  Returns -1. */
int fa_step_file_explain_empty(const char *text, size_t length, struct fa_error *err);

#ifdef __cplusplus
}
#endif

#endif
