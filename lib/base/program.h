/* How every service of ours begins: umask, log, options. */
#ifndef FA_BASE_PROGRAM_H
#define FA_BASE_PROGRAM_H

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/options.h"

/* Lives as long as the process. */
struct fa_program {
    struct fa_arena arena;
    struct fa_options options;
    struct fa_log log;
};

/* Reads the options and opens the log of the service `name`; 0, or -1 after having logged why. */
int fa_program_start(struct fa_program *program, const char *name) FA_MUSTCHECK;

/* For services without arguments: 0, or -1 with a hint where the options are. */
int fa_program_no_arguments(int argc, char **argv) FA_MUSTCHECK;

#endif
