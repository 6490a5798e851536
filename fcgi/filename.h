/* The name of an uploaded file, by the contract's rules. */
#ifndef FA_FCGI_FILENAME_H
#define FA_FCGI_FILENAME_H

#include "lib/base/error.h"

#include <stddef.h>

/*
 * Checks the name a client gave.  Only what follows the last slash or backslash counts; it points
 * into `raw`.  FA_E_INPUT, field "file": empty, "." or "..", control characters or NUL, no UTF-8,
 * or more than `limit` code points.
 */
int fa_filename_check(const char *raw, size_t length, size_t limit, const char **name_r,
                      size_t *name_length_r, struct fa_error *err) FA_MUSTCHECK;

#endif
