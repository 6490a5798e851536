/* A file on its way: written beside its path, then put there in one step. */
#ifndef FA_BASE_NEW_FILE_H
#define FA_BASE_NEW_FILE_H

#include "lib/base/error.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct fa_new_file {
    const char *path;
    char temporary[PATH_MAX];
    FILE *file;
};

/* Opens the file beside `path`, which must live as long. FA_E_INTERNAL, FA_E_SPACE. */
int fa_new_file_open(struct fa_new_file *new, const char *path, mode_t mode,
                     struct fa_error *err) FA_MUSTCHECK;

/* Syncs and closes the file, and moves it to its path by `place` (rename, or one that spares what
 * is there); with `written` false, or when anything fails, it is gone and the path as it was. */
int fa_new_file_close(struct fa_new_file *new, bool written,
                      int (*place)(const char *, const char *), struct fa_error *err) FA_MUSTCHECK;

#endif
