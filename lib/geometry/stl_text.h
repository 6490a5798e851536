/* Inside lib/geometry only: the text form of STL. */
#ifndef FA_GEOMETRY_STL_TEXT_H
#define FA_GEOMETRY_STL_TEXT_H

#include "lib/geometry/stl.h"

/* True when the file begins like a text STL. */
bool fa_stl_text_is(const char *text, size_t length);

/* Reads facets until the text ends; a file cut short gives what it has.  -1 with FA_E_MEMORY, or
 * FA_E_CONTENT when there are more than `limit`. */
int fa_stl_text_read(const char *text, size_t length, size_t limit, struct fa_stl *stl,
                     struct fa_error *err) FA_MUSTCHECK;

/* Reads a decimal number, "nan" and "inf"; returns the bytes it took, 0 when there is none. */
size_t fa_stl_text_number(const char *text, size_t length, double *number_r);

#endif
