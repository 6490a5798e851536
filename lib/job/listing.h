/* Jobs as the operator lists them. */
#ifndef FA_JOB_LISTING_H
#define FA_JOB_LISTING_H

#include "lib/db/db.h"

struct fa_job_line {
    struct fa_uuid id;
    struct fa_uuid part;
    const char *task;
    const char *state;
    const char *error; /* NULL: none */
    int64_t attempt;
    int64_t crashes;
    int64_t age_s; /* since it was asked for */
};

/* The open jobs, or all, oldest first; then fa_job_listing_next until FA_DB_NONE. */
enum fa_db_outcome fa_job_listing(struct fa_db *db, bool all, struct fa_rows *rows,
                                  struct fa_error *err) FA_MUSTCHECK;
enum fa_db_outcome fa_job_listing_next(struct fa_rows *rows, struct fa_arena *arena,
                                       struct fa_job_line *line, struct fa_error *err) FA_MUSTCHECK;

#endif
