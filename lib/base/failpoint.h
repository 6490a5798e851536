/*
 * Failpoints: named places where a test makes the process die, fail or stall.
 *
 *   FILEAPI_FAILPOINTS="upload.before_commit=kill,store.put=error" (kill, error, stall)
 *
 * FA_FAILPOINT(name) is true when the test asked for an error.  Compiled out of releases: without
 * --enable-failpoints it is the constant false, and no name is in the binary.
 */
#ifndef FA_BASE_FAILPOINT_H
#define FA_BASE_FAILPOINT_H

#include <stdbool.h>

#ifdef FA_ENABLE_FAILPOINTS
#define FA_FAILPOINT(name) fa_failpoint_hit(name)
bool fa_failpoint_hit(const char *name);
#else
#define FA_FAILPOINT(name) false
#endif

#endif
