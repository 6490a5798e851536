/* What the processes of a job may use: a table, by task, that grows with the input. */
#ifndef FA_JOBS_LIMITS_H
#define FA_JOBS_LIMITS_H

#include "lib/base/options.h"

#include <stdbool.h>

struct fa_limits {
    int64_t memory_bytes; /* address space; 0: any */
    int64_t cpu_s;
    int64_t file_bytes; /* largest file it writes */
    int64_t files;      /* open descriptors */
    int64_t wall_s;     /* until it is killed */
};

/* Those of fileapi-job, or with `parser` those of fileapi-cad, for a task and an input. */
struct fa_limits fa_limits_of(const char *task, bool parser, int64_t input_bytes,
                              const struct fa_options *options);

/* Puts them on this process: soft limits only, so that what it starts may have its own. */
void fa_limits_apply(const struct fa_limits *limits);

#endif
