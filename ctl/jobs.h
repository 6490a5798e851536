/* The words of `fileapictl jobs`; those that look at jobs have a file of their own. */
#ifndef FA_CTL_JOBS_H
#define FA_CTL_JOBS_H

#include "ctl/command.h"
#include "lib/db/db.h"

/* As fa_command, with a connection; argv[0] is the word. */
typedef int fa_jobs_command(struct fa_ctl *ctl, struct fa_db *db, int argc, char **argv,
                            struct fa_error *err);

fa_jobs_command fa_jobs_list, fa_jobs_show;

/* Reads a job's or part's id. */
int fa_jobs_id(const char *text, struct fa_uuid *id_r, struct fa_error *err) FA_MUSTCHECK;

#endif
