/* Inside lib/store only: unnamed files for bytes on their way, and the folder they lie in. */
#ifndef FA_STORE_SPOOL_H
#define FA_STORE_SPOOL_H

#include "lib/base/error.h"

/* Opens the folder, making it where it is missing (not its parents); the descriptor, or -1. */
int fa_spool_folder(const char *path, struct fa_error *err) FA_MUSTCHECK;

/* A new unnamed file in the folder: as fa_store_spool. */
int fa_spool_file(int folder, struct fa_error *err) FA_MUSTCHECK;

#endif
