/* An error as a client gets it: application/problem+json (RFC 9457). */
#ifndef FA_BASE_PROBLEM_H
#define FA_BASE_PROBLEM_H

#include "lib/base/buf.h"
#include "lib/base/error.h"

enum { FA_PROBLEM_LIMIT = 8192 };

/* Prints the body; `instance` is the path that was asked for, or NULL. */
void fa_problem_print(struct fa_buf *out, const struct fa_error *problem, const char *instance,
                      const char *request_id);

/* A header that goes with the status, WWW-Authenticate or Retry-After: its name, or NULL when there
 * is none; `value_r` receives its value. */
const char *fa_problem_header(int status, const char **value_r);

#endif
