/* The commands of fileapictl: one file each, one row each in the table (main.c). */
#ifndef FA_CTL_COMMAND_H
#define FA_CTL_COMMAND_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/options.h"

struct fa_ctl {
    const struct fa_options *options;
    struct fa_arena *arena;
};

/* Runs the command with its own arguments (argv[0] is its name); 0, or -1 with `err`. */
typedef int fa_command(struct fa_ctl *ctl, int argc, char **argv, struct fa_error *err);

fa_command fa_command_migrate, fa_command_keys, fa_command_token, fa_command_jobs,
    fa_command_health, fa_command_options;

#endif
