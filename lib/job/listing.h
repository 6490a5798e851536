/* Jobs as those see them who look from outside: the operator, and accounts that wait for them. */
#ifndef FA_JOB_LISTING_H
#define FA_JOB_LISTING_H

#include "lib/job/job.h"

/* Which jobs; members that do not matter are NULL.  Without a state: the open ones, or all. */
struct fa_job_filter {
    const struct fa_uuid *job;
    const struct fa_uuid *part;
    const char *state;
    const char *task;
    const char *organization; /* alias */
    bool all;
    int64_t limit;
};

/* One job; times are ISO 8601, UTC, and NULL when it has not come that far. */
struct fa_job_line {
    struct fa_job job;
    const char *organization; /* NULL: none */
    const char *error;        /* NULL: none */
    const char *machine;
    int64_t pid; /* 0: none */
    int64_t priority;
    int64_t age_s; /* since it was asked for */
    const char *created_at;
    const char *not_before;
    const char *claimed_at;
    const char *begun_at;
    const char *ended_at;
};

/* Those that fit, oldest first; then fa_job_listing_next until FA_DB_NONE. */
enum fa_db_outcome fa_job_listing(struct fa_db *db, const struct fa_job_filter *filter,
                                  struct fa_rows *rows, struct fa_error *err) FA_MUSTCHECK;
enum fa_db_outcome fa_job_listing_next(struct fa_rows *rows, struct fa_arena *arena,
                                       struct fa_job_line *line, struct fa_error *err) FA_MUSTCHECK;

/* An open job that an account waits for, and how far it is. */
struct fa_job_awaited {
    struct fa_job job;
    const char *stage; /* at work on; NULL: none */
    int64_t percent;   /* of the stage; negative: not known */
};

/* Open jobs of the account's parts and those it asked for, at most `limit`, oldest first; then
 * fa_job_awaited_next until FA_DB_NONE. */
enum fa_db_outcome fa_job_awaited(struct fa_db *db, const struct fa_uuid *account, int64_t limit,
                                  struct fa_rows *rows, struct fa_error *err) FA_MUSTCHECK;
enum fa_db_outcome fa_job_awaited_next(struct fa_rows *rows, struct fa_arena *arena,
                                       struct fa_job_awaited *awaited,
                                       struct fa_error *err) FA_MUSTCHECK;

/* The events that were kept of the job, oldest first, as JSON with their id; then
 * fa_job_events_next. */
enum fa_db_outcome fa_job_events(struct fa_db *db, const struct fa_uuid *job, struct fa_rows *rows,
                                 struct fa_error *err) FA_MUSTCHECK;
enum fa_db_outcome fa_job_events_next(struct fa_rows *rows, struct fa_arena *arena,
                                      const char **json_r, struct fa_error *err) FA_MUSTCHECK;

#endif
