/* Inside lib/store only: the directory backend's own struct and its walks over folders. */
#ifndef FA_STORE_DIRECTORY_H
#define FA_STORE_DIRECTORY_H

#include "lib/store/backend.h"

struct fa_directory_store {
    struct fa_store base;
    int root; /* descriptor of the objects' folder */
};

/* What put_copy writes to before it renames: an object's name and this. */
#define FA_DIRECTORY_TEMPORARY ".new"

int fa_directory_list(struct fa_store *store, const char *after, fa_store_visit *visit,
                      void *closure, struct fa_error *err) FA_MUSTCHECK;
int fa_directory_sweep(struct fa_store *store, int64_t age_s, int64_t *count_r,
                       struct fa_error *err) FA_MUSTCHECK;

#endif
