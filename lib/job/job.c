#include "lib/db/lock.h"
#include "lib/job/columns.h"

/* What the lock of an attempt is about. */
#define LOCK_NAME "job_id::text || '/' || attempt"
#define LOCK_KEYS FA_LOCK_KEYS(FA_LOCK_ATTEMPT, LOCK_NAME)

enum fa_db_outcome
fa_job_restart(struct fa_db *db, const struct fa_uuid *part, const struct fa_uuid *asset,
               struct fa_error *err)
{
    static const struct fa_statement restart = {
        "job_restart", "UPDATE job SET state = 'queued', asset_id = $2, machine = NULL, pid = NULL,"
                       " pid_start = NULL, begun_at = NULL"
                       " WHERE part_id = $1 AND state IN ('queued', 'running')"};

    return fa_db_run(db, &restart, FA_PARAMS(FA_UUID(part), FA_UUID(asset)), err);
}

enum fa_db_outcome
fa_job_open(struct fa_db *db, const struct fa_uuid *part, struct fa_rows *rows,
            struct fa_error *err)
{
    static const struct fa_statement open = {
        "job_open", "SELECT " FA_JOB_COLUMNS " FROM job"
                    " WHERE part_id = $1 AND state IN ('queued', 'running') FOR UPDATE"};

    return fa_db_rows(db, &open, FA_PARAMS(FA_UUID(part)), rows, err);
}

enum fa_db_outcome
fa_job_open_next(struct fa_rows *rows, struct fa_arena *arena, struct fa_job *job,
                 struct fa_error *err)
{
    return fa_rows_next(rows, FA_COLUMNS(FA_JOB_TARGETS(job)), arena, err);
}

enum fa_db_outcome
fa_job_cancel(struct fa_db *db, const struct fa_uuid *id, struct fa_error *err)
{
    static const struct fa_statement cancel = {
        "job_cancel", "UPDATE job SET state = 'cancelled', ended_at = now()"
                      " WHERE job_id = $1 AND state IN ('queued', 'running')"};

    return fa_db_run(db, &cancel, FA_PARAMS(FA_UUID(id)), err);
}

enum fa_db_outcome
fa_job_detach(struct fa_db *db, const struct fa_uuid *part, const struct fa_uuid *asset,
              struct fa_error *err)
{
    static const struct fa_statement detach = {
        "job_detach", "UPDATE job SET asset_id = NULL"
                      " WHERE part_id = $1 AND asset_id = COALESCE($2, asset_id)"};

    return fa_db_run(db, &detach, FA_PARAMS(FA_UUID(part), FA_UUID(asset)), err);
}

static enum fa_db_outcome
begin(struct fa_db *db, struct fa_job *job, const struct fa_job_owner *self, struct fa_arena *arena,
      const char **lock_r, struct fa_error *err)
{
    /* The claim, which made the attempt, is durable; a server that crashes and forgets this one
     * takes the attempt for one that never began, and gives the job to another attempt. */
    static const struct fa_statement begin = {
        "job_begin", "UPDATE job SET pid = $4, pid_start = $5, begun_at = clock_timestamp()"
                     " WHERE job_id = $1 AND attempt = $2 AND state = 'running' AND machine = $3"
                     " AND begun_at IS NULL AND pg_try_advisory_lock(" LOCK_KEYS ")"
                     " AND set_config('synchronous_commit', 'off', true) IS NOT NULL"
                     " RETURNING " LOCK_NAME " AS lock_name, " FA_JOB_COLUMNS};

    return fa_db_row(db, &begin,
                     FA_PARAMS(FA_UUID(&job->id), FA_INT(job->attempt), FA_TEXT(self->machine),
                               FA_INT(self->pid), FA_INT(self->pid_start)),
                     FA_COLUMNS(FA_COLUMN_TEXT("lock_name", lock_r), FA_JOB_TARGETS(job)), arena,
                     err);
}

enum fa_db_outcome
fa_job_begin(struct fa_db *db, struct fa_job *job, const struct fa_job_owner *self,
             struct fa_arena *arena, struct fa_error *err)
{
    const char *lock = NULL;
    enum fa_db_outcome outcome = begin(db, job, self, arena, &lock, err);

    if (outcome == FA_DB_ROW)
        fa_db_keep_lock(db, FA_LOCK_ATTEMPT, lock);
    return outcome;
}

int
fa_job_warm(struct fa_db *db, struct fa_error *err)
{
    /* What the first use of a statement costs, in the server and here, is paid for no job. */
    const struct fa_job_owner self = {.machine = ""};
    struct fa_job job = {.attempt = 0};
    const char *lock;

    if (begin(db, &job, &self, NULL, &lock, err) < 0)
        return -1;
    return fa_job_hold(db, &job, err) < 0 ? -1 : 0;
}

enum fa_db_outcome
fa_job_hold(struct fa_db *db, const struct fa_job *job, struct fa_error *err)
{
    static const struct fa_statement hold_part = {"job_hold_part",
                                                  "SELECT FROM part WHERE part_id = $1 FOR UPDATE"};
    static const struct fa_statement hold = {
        "job_hold", "SELECT FROM job WHERE job_id = $1 AND attempt = $2 AND state = 'running'"
                    " FOR UPDATE"};
    enum fa_db_outcome outcome = fa_db_run(db, &hold_part, FA_PARAMS(FA_UUID(&job->part)), err);

    if (outcome != FA_DB_ROW)
        return outcome;
    return fa_db_run(db, &hold, FA_PARAMS(FA_UUID(&job->id), FA_INT(job->attempt)), err);
}

enum fa_db_outcome
fa_job_wanted(struct fa_db *db, const struct fa_uuid *id, int64_t attempt, struct fa_error *err)
{
    /* One that has ended may still be telling its listeners. */
    static const struct fa_statement wanted = {"job_wanted",
                                               "SELECT FROM job WHERE job_id = $1 AND attempt = $2"
                                               " AND state IN ('running', 'finished', 'failed')"};

    return fa_db_run(db, &wanted, FA_PARAMS(FA_UUID(id), FA_INT(attempt)), err);
}

enum fa_db_outcome
fa_job_end(struct fa_db *db, const struct fa_job *job, const char *state, const char *error,
           bool *awaited_r, struct fa_error *err)
{
    static const struct fa_statement end = {
        "job_end", "UPDATE job SET state = $3, error = $4, ended_at = now()"
                   " WHERE job_id = $1 AND attempt = $2 AND state = 'running'"
                   " RETURNING EXISTS (SELECT FROM job next WHERE next.part_id = job.part_id"
                   "  AND next.after_task = job.task AND next.state = 'queued') AS awaited"};

    return fa_db_row(
        db, &end,
        FA_PARAMS(FA_UUID(&job->id), FA_INT(job->attempt), FA_TEXT(state), FA_TEXT(error)),
        FA_COLUMNS(FA_COLUMN_BOOL("awaited", awaited_r)), NULL, err);
}

enum fa_db_outcome
fa_job_requeue(struct fa_db *db, const struct fa_job *job, const struct fa_job_retry *retry,
               struct fa_error *err)
{
    /* Up to a quarter more or less: what failed together does not come back together. */
    static const struct fa_statement requeue = {
        "job_requeue",
        "UPDATE job SET state = 'queued', machine = NULL, pid = NULL, pid_start = NULL,"
        " begun_at = NULL, error = COALESCE($5, error),"
        " not_before = now() + make_interval(secs => $3::bigint * (0.75 + random() / 2)),"
        " crashes = crashes + $4::boolean::integer"
        " WHERE job_id = $1 AND attempt = $2 AND state = 'running'"};

    return fa_db_run(db, &requeue,
                     FA_PARAMS(FA_UUID(&job->id), FA_INT(job->attempt), FA_INT(retry->delay_s),
                               FA_BOOL(retry->crashed), FA_TEXT(retry->why)),
                     err);
}

enum fa_db_outcome
fa_job_find_dead(struct fa_db *db, const struct fa_job_watch *watch, struct fa_arena *arena,
                 struct fa_job *job, struct fa_error *err)
{
    static const struct fa_statement find = {
        "job_find_dead", "SELECT " FA_JOB_COLUMNS " FROM job WHERE state = 'running'"
                         " AND NOT job_id = ANY ($1::text[]::uuid[])"
                         " AND claimed_at < now() - make_interval(secs => $2::bigint)"
                         " AND (claimed_at < now() - make_interval(secs => $3::bigint)"
                         "  OR" FA_LOCK_IS_FREE(LOCK_KEYS) ") LIMIT 1"};

    return fa_db_row(db, &find,
                     FA_PARAMS(FA_TEXTS(watch->jobs, watch->count), FA_INT(watch->quiet_s),
                               FA_INT(watch->expired_s)),
                     FA_COLUMNS(FA_JOB_TARGETS(job)), arena, err);
}

enum fa_db_outcome
fa_job_running(struct fa_db *db, const char *machine, struct fa_rows *rows, struct fa_error *err)
{
    static const struct fa_statement running = {
        "job_running", "SELECT " FA_JOB_COLUMNS ", pid, pid_start,"
                       " EXTRACT(EPOCH FROM now() - claimed_at)::bigint AS age_s FROM job"
                       " WHERE state = 'running' AND machine = $1 AND pid IS NOT NULL"};

    return fa_db_rows(db, &running, FA_PARAMS(FA_TEXT(machine)), rows, err);
}

enum fa_db_outcome
fa_job_running_next(struct fa_rows *rows, struct fa_arena *arena, struct fa_job *job,
                    struct fa_job_owner *owner, struct fa_error *err)
{
    return fa_rows_next(rows,
                        FA_COLUMNS(FA_JOB_TARGETS(job), FA_COLUMN_INT("pid", &owner->pid),
                                   FA_COLUMN_INT("pid_start", &owner->pid_start),
                                   FA_COLUMN_INT("age_s", &owner->age_s)),
                        arena, err);
}
