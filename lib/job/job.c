#include "lib/job/job.h"

/* The session lock of a job; the first key is ours alone among advisory locks. */
#define LOCK_KEYS "20815, hashtext(job_id::text)"

#define JOB_COLUMNS                                                                                \
    " job_id, part_id, asset_id, asset_id IS NOT NULL AS has_asset, task, request_id, attempt, "   \
    "crashes "
#define JOB_TARGETS(job)                                                                           \
    FA_COLUMN_UUID("job_id", &(job)->id), FA_COLUMN_UUID("part_id", &(job)->part),                 \
        FA_COLUMN_UUID("asset_id", &(job)->asset), FA_COLUMN_BOOL("has_asset", &(job)->has_asset), \
        FA_COLUMN_TEXT("task", &(job)->task), FA_COLUMN_TEXT("request_id", &(job)->request_id),    \
        FA_COLUMN_INT("attempt", &(job)->attempt), FA_COLUMN_INT("crashes", &(job)->crashes)

enum fa_db_outcome
fa_job_queue(struct fa_db *db, struct fa_job *job, const char *after_task,
             const struct fa_uuid *account, struct fa_error *err)
{
    static const struct fa_statement queue = {
        "job_queue",
        "INSERT INTO job (job_id, part_id, asset_id, task, after_task, request_id)"
        " VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (part_id, task) WHERE state IN ('queued', 'running') DO NOTHING"};
    static const struct fa_statement watch = {
        "job_watch", "INSERT INTO job_watcher (job_id, account_id) SELECT job_id, $3 FROM job"
                     " WHERE part_id = $1 AND task = $2 AND state IN ('queued', 'running')"
                     " ON CONFLICT DO NOTHING"};
    enum fa_db_outcome queued;

    job->id = fa_uuid_new();
    queued = fa_db_run(db, &queue,
                       FA_PARAMS(FA_UUID(&job->id), FA_UUID(&job->part),
                                 FA_UUID(job->has_asset ? &job->asset : NULL), FA_TEXT(job->task),
                                 FA_TEXT(after_task), FA_TEXT(job->request_id)),
                       err);
    if (queued >= 0 && account != NULL) {
        enum fa_db_outcome watched = fa_db_run(
            db, &watch, FA_PARAMS(FA_UUID(&job->part), FA_TEXT(job->task), FA_UUID(account)), err);

        if (watched < 0)
            return watched;
    }
    return queued;
}

int
fa_job_announce(struct fa_db *db, struct fa_error *err)
{
    return fa_db_notify(db, FA_JOB_CHANNEL, "", err);
}

enum fa_db_outcome
fa_job_supersede(struct fa_db *db, const struct fa_uuid *part, const struct fa_uuid *asset,
                 struct fa_error *err)
{
    static const struct fa_statement cancel = {
        "job_cancel_cad", "UPDATE job SET state = 'cancelled', ended_at = now()"
                          " WHERE part_id = $1 AND task = $2 AND state IN ('queued', 'running')"};
    static const struct fa_statement restart = {
        "job_restart_others",
        "UPDATE job SET state = 'queued', asset_id = $3, machine = NULL, pid = NULL,"
        " pid_start = NULL WHERE part_id = $1 AND task <> $2 AND state IN ('queued', 'running')"};
    enum fa_db_outcome outcome =
        fa_db_run(db, &cancel, FA_PARAMS(FA_UUID(part), FA_TEXT(FA_TASK_CAD)), err);

    if (outcome < 0)
        return outcome;
    return fa_db_run(db, &restart, FA_PARAMS(FA_UUID(part), FA_TEXT(FA_TASK_CAD), FA_UUID(asset)),
                     err);
}

enum fa_db_outcome
fa_job_open(struct fa_db *db, const struct fa_uuid *part, struct fa_rows *rows,
            struct fa_error *err)
{
    static const struct fa_statement open = {
        "job_open", "SELECT " JOB_COLUMNS " FROM job"
                    " WHERE part_id = $1 AND state IN ('queued', 'running') FOR UPDATE"};

    return fa_db_rows(db, &open, FA_PARAMS(FA_UUID(part)), rows, err);
}

enum fa_db_outcome
fa_job_next_open(struct fa_rows *rows, struct fa_arena *arena, struct fa_job *job,
                 struct fa_error *err)
{
    return fa_rows_next(rows, FA_COLUMNS(JOB_TARGETS(job)), arena, err);
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

enum fa_db_outcome
fa_job_claim(struct fa_db *db, const char *machine, struct fa_arena *arena, struct fa_job *job,
             struct fa_error *err)
{
    static const struct fa_statement claim = {
        "job_claim",
        "UPDATE job SET state = 'running', attempt = attempt + 1, machine = $1, pid = NULL,"
        " pid_start = NULL, claimed_at = now()"
        " WHERE job_id = (SELECT job_id FROM job j WHERE state = 'queued' AND not_before <= now()"
        "  AND NOT EXISTS (SELECT FROM job first WHERE first.part_id = j.part_id"
        "   AND first.task = j.after_task AND first.state IN ('queued', 'running'))"
        "  ORDER BY not_before LIMIT 1 FOR UPDATE SKIP LOCKED)"
        " RETURNING " JOB_COLUMNS};

    return fa_db_row(db, &claim, FA_PARAMS(FA_TEXT(machine)), FA_COLUMNS(JOB_TARGETS(job)), arena,
                     err);
}

enum fa_db_outcome
fa_job_begin(struct fa_db *db, const struct fa_uuid *id, int64_t attempt,
             const struct fa_job_owner *self, struct fa_arena *arena, struct fa_job *job,
             struct fa_error *err)
{
    static const struct fa_statement begin = {
        "job_begin", "UPDATE job SET machine = $3, pid = $4, pid_start = $5"
                     " WHERE job_id = $1 AND attempt = $2 AND state = 'running'"
                     " AND pg_try_advisory_lock(" LOCK_KEYS ") RETURNING " JOB_COLUMNS};

    return fa_db_row(db, &begin,
                     FA_PARAMS(FA_UUID(id), FA_INT(attempt), FA_TEXT(self->machine),
                               FA_INT(self->pid), FA_INT(self->pid_start)),
                     FA_COLUMNS(JOB_TARGETS(job)), arena, err);
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
           struct fa_error *err)
{
    static const struct fa_statement end = {
        "job_end", "UPDATE job SET state = $3, error = $4, ended_at = now()"
                   " WHERE job_id = $1 AND attempt = $2 AND state = 'running'"};

    return fa_db_run(
        db, &end,
        FA_PARAMS(FA_UUID(&job->id), FA_INT(job->attempt), FA_TEXT(state), FA_TEXT(error)), err);
}

enum fa_db_outcome
fa_job_requeue(struct fa_db *db, const struct fa_job *job, int64_t delay_s, bool crashed,
               struct fa_error *err)
{
    static const struct fa_statement requeue = {
        "job_requeue",
        "UPDATE job SET state = 'queued', machine = NULL, pid = NULL, pid_start = NULL,"
        " not_before = now() + make_interval(secs => $3::bigint),"
        " crashes = crashes + $4::boolean::integer"
        " WHERE job_id = $1 AND attempt = $2 AND state = 'running'"};

    return fa_db_run(
        db, &requeue,
        FA_PARAMS(FA_UUID(&job->id), FA_INT(job->attempt), FA_INT(delay_s), FA_BOOL(crashed)), err);
}

enum fa_db_outcome
fa_job_find_dead(struct fa_db *db, int64_t quiet_s, struct fa_arena *arena, struct fa_job *job,
                 struct fa_error *err)
{
    /* Taking the lock and giving it back in one statement is the test whether its holder lives. */
    static const struct fa_statement find = {
        "job_find_dead", "SELECT " JOB_COLUMNS " FROM job WHERE state = 'running'"
                         " AND claimed_at < now() - make_interval(secs => $1::bigint)"
                         " AND CASE WHEN pg_try_advisory_lock(" LOCK_KEYS ")"
                         "  THEN pg_advisory_unlock(" LOCK_KEYS ") ELSE false END LIMIT 1"};

    return fa_db_row(db, &find, FA_PARAMS(FA_INT(quiet_s)), FA_COLUMNS(JOB_TARGETS(job)), arena,
                     err);
}

enum fa_db_outcome
fa_job_running(struct fa_db *db, const char *machine, struct fa_rows *rows, struct fa_error *err)
{
    static const struct fa_statement running = {
        "job_running", "SELECT " JOB_COLUMNS ", pid, pid_start FROM job"
                       " WHERE state = 'running' AND machine = $1 AND pid IS NOT NULL"};

    return fa_db_rows(db, &running, FA_PARAMS(FA_TEXT(machine)), rows, err);
}

enum fa_db_outcome
fa_job_next_running(struct fa_rows *rows, struct fa_arena *arena, struct fa_job *job,
                    struct fa_job_owner *owner, struct fa_error *err)
{
    return fa_rows_next(rows,
                        FA_COLUMNS(JOB_TARGETS(job), FA_COLUMN_INT("pid", &owner->pid),
                                   FA_COLUMN_INT("pid_start", &owner->pid_start)),
                        arena, err);
}
