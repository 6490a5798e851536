/* The commands of fileapictl: one file each, one row each in the table (main.c). */
#ifndef FA_CTL_COMMAND_H
#define FA_CTL_COMMAND_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/options.h"
#include "lib/db/db.h"
#include "lib/store/store.h"

struct fa_ctl {
    const struct fa_options *options;
    struct fa_arena *arena;
    int status;  /* of the program when the command returns 0 */
    int trouble; /* of the program when it returns -1 */
};

/* Runs the command with its own arguments (argv[0] is its name); 0, or -1 with `err`. */
typedef int fa_command(struct fa_ctl *ctl, int argc, char **argv, struct fa_error *err);

fa_command fa_command_migrate, fa_command_keys, fa_command_token, fa_command_jobs, fa_command_gc,
    fa_command_fsck, fa_command_health, fa_command_options, fa_command_store;

/* What commands on the store work with; release with fa_ctl_services_close, fits FA_CLEANUP. */
struct fa_ctl_services {
    struct fa_db *db; /* a direct connection */
    struct fa_store *store;
};

/* Connects nothing yet. */
int fa_ctl_services_open(struct fa_ctl_services *services, const struct fa_options *options,
                         struct fa_error *err) FA_MUSTCHECK;
void fa_ctl_services_close(struct fa_ctl_services *services);

/* As fa_store_check, with what the operator can do. */
int fa_ctl_store_check(struct fa_store *store, struct fa_error *err) FA_MUSTCHECK;

#endif
