/* Inside lib/store only: what a backend implements; the contracts are those of store.h. */
#ifndef FA_STORE_BACKEND_H
#define FA_STORE_BACKEND_H

#include "lib/store/s3_breaker.h"
#include "lib/store/store.h"

struct fa_store_shared {
    struct fa_s3_breaker breaker;
};

struct fa_store_backend {
    void (*close)(struct fa_store *store);
    int (*put)(struct fa_store *store, const char *key, int fd, uint64_t size,
               const unsigned char *sha256, struct fa_error *err);
    int (*copy)(struct fa_store *store, const char *from, const char *key, uint64_t size,
                const unsigned char *sha256, struct fa_error *err);
    int (*get)(struct fa_store *store, const char *key, struct fa_error *err);
    int (*remove)(struct fa_store *store, const char *key, struct fa_error *err);
    int (*abandon)(struct fa_store *store, const char *key, struct fa_error *err);
    int (*list)(struct fa_store *store, const char *after, fa_store_visit *visit, void *closure,
                struct fa_error *err);
    int (*sweep)(struct fa_store *store, int64_t age_s, int64_t *count_r, struct fa_error *err);
    const char *(*accel)(struct fa_store *store, const char *key, bool often,
                         struct fa_arena *arena, struct fa_error *err);
    int (*check)(struct fa_store *store, struct fa_error *err);
    /* NULL where a backend asks no server. */
    void (*set_patience)(struct fa_store *store, int64_t seconds);
    void (*begin)(struct fa_store *store);
    void (*share)(struct fa_store *store, struct fa_store_shared *shared);
};

/* First member of every backend's own struct. */
struct fa_store {
    const struct fa_store_backend *backend;
    int spool; /* descriptor of the folder for bytes on their way */
};

int fa_s3_store_open(const struct fa_options *options, struct fa_store **store_r,
                     struct fa_error *err) FA_MUSTCHECK;
int fa_directory_store_open(const struct fa_options *options, struct fa_store **store_r,
                            struct fa_error *err) FA_MUSTCHECK;

#endif
