/* The open jobs that concern an account: what is under way when someone begins to listen. */
#ifndef FA_JOB_OPEN_H
#define FA_JOB_OPEN_H

#include "lib/job/job.h"

struct fa_open_job {
    struct fa_uuid part;
    struct fa_uuid asset;
    const char *task;
    const char *state; /* "queued" or "running" */
    const char *stage; /* at work on; NULL: none */
    int64_t percent;   /* of the stage; negative: not known */
    bool has_asset;    /* events of its task name the asset */
};

/* Open jobs of the account's parts and those it asked for, at most `limit`, oldest first; then
 * fa_open_job_next until FA_DB_NONE. */
enum fa_db_outcome fa_open_job_list(struct fa_db *db, const struct fa_uuid *account, int64_t limit,
                                    struct fa_rows *rows, struct fa_error *err) FA_MUSTCHECK;
enum fa_db_outcome fa_open_job_next(struct fa_rows *rows, struct fa_arena *arena,
                                    struct fa_open_job *job, struct fa_error *err) FA_MUSTCHECK;

#endif
