/* The queue: who waits in which order, and who is next. */
#include "lib/job/columns.h"

/* So many jobs of one account are waited for; what it asks for beyond is bulk, as is what nobody
 * has asked for. */
#define WAITED_FOR "20"

/* A bulk job that somebody waits for now is bulk no more. */
static enum fa_db_outcome
raise_priority(struct fa_db *db, const struct fa_job *job, const char *task, struct fa_error *err)
{
    static const struct fa_statement raise = {
        "job_raise",
        "UPDATE job SET priority = 0, turn = job_turn(lane, 0::smallint)"
        " WHERE part_id = $1 AND task = $2 AND state = 'queued' AND priority > 0"
        " AND EXISTS (SELECT FROM job asked WHERE asked.part_id = $1 AND asked.task = $3"
        "  AND asked.state = 'queued' AND asked.priority = 0)"};

    return fa_db_run(db, &raise, FA_PARAMS(FA_UUID(&job->part), FA_TEXT(task), FA_TEXT(job->task)),
                     err);
}

static enum fa_db_outcome
insert(struct fa_db *db, struct fa_job *job, const char *after_task, const struct fa_uuid *account,
       struct fa_error *err)
{
    static const struct fa_statement queue = {
        "job_queue",
        "INSERT INTO job (job_id, part_id, asset_id, task, after_task, request_id, account_id, "
        "lane,"
        "  priority, turn)"
        " SELECT $1, $2, $3, $4, $5, $6, $7, lane, priority, job_turn(lane, priority)"
        " FROM (SELECT COALESCE(organization_id, owner_id) AS lane,"
        "  CASE WHEN $7::uuid IS NOT NULL AND (SELECT count(*) FROM (SELECT FROM job"
        "    WHERE account_id = $7 AND state = 'queued' LIMIT " WAITED_FOR ") AS few) < " WAITED_FOR
        "   THEN 0 ELSE 1 END::smallint AS priority FROM part WHERE part_id = $2) AS place"
        " ON CONFLICT (part_id, task) WHERE state IN ('queued', 'running') DO NOTHING"};

    job->id = fa_uuid_new();
    return fa_db_run(db, &queue,
                     FA_PARAMS(FA_UUID(&job->id), FA_UUID(&job->part),
                               FA_UUID(fa_uuid_given(&job->asset)), FA_TEXT(job->task),
                               FA_TEXT(after_task), FA_TEXT(job->request_id), FA_UUID(account)),
                     err);
}

enum fa_db_outcome
fa_job_queue(struct fa_db *db, struct fa_job *job, const char *after_task,
             const struct fa_uuid *account, struct fa_error *err)
{
    static const struct fa_statement watch = {
        "job_watch", "INSERT INTO job_watcher (job_id, account_id) SELECT job_id, $3 FROM job"
                     " WHERE part_id = $1 AND task = $2 AND state IN ('queued', 'running')"
                     " ON CONFLICT DO NOTHING"};
    enum fa_db_outcome queued = insert(db, job, after_task, account, err);
    enum fa_db_outcome outcome = queued;

    if (outcome >= 0 && account != NULL)
        outcome = fa_db_run(
            db, &watch, FA_PARAMS(FA_UUID(&job->part), FA_TEXT(job->task), FA_UUID(account)), err);
    /* What it waits for is waited for by whoever asked for it. */
    if (queued == FA_DB_ROW && outcome >= 0 && after_task != NULL)
        outcome = raise_priority(db, job, after_task, err);
    return outcome < 0 ? outcome : queued;
}

enum fa_db_outcome
fa_job_claim(struct fa_db *db, const char *machine, enum fa_job_priority priority,
             struct fa_arena *arena, struct fa_job *job, struct fa_error *err)
{
    static const struct fa_statement claim = {
        "job_claim",
        "UPDATE job SET state = 'running', attempt = attempt + 1, machine = $1, pid = NULL,"
        " pid_start = NULL, claimed_at = clock_timestamp(), begun_at = NULL"
        " WHERE job_id = (SELECT job_id FROM job j"
        "  WHERE state = 'queued' AND priority = $2 AND not_before <= now()"
        "  AND NOT EXISTS (SELECT FROM job first WHERE first.part_id = j.part_id"
        "   AND first.task = j.after_task AND first.state IN ('queued', 'running'))"
        "  AND NOT EXISTS (SELECT FROM job_machine WHERE machine = $1 AND draining_at IS NOT NULL)"
        "  ORDER BY priority, turn, job_id LIMIT 1 FOR UPDATE SKIP LOCKED)"
        " RETURNING " FA_JOB_COLUMNS};

    return fa_db_row(db, &claim, FA_PARAMS(FA_TEXT(machine), FA_INT(priority)),
                     FA_COLUMNS(FA_JOB_TARGETS(job)), arena, err);
}

enum fa_db_outcome
fa_job_prune(struct fa_db *db, int64_t keep_s, struct fa_error *err)
{
    /* Supervisors elsewhere do the same: none waits for another. */
    static const struct fa_statement prune = {
        "job_prune", "DELETE FROM job WHERE job_id IN (SELECT job_id FROM job"
                     " WHERE ended_at < now() - make_interval(secs => $1::bigint)"
                     " ORDER BY ended_at LIMIT 1000 FOR UPDATE SKIP LOCKED)"};

    return fa_db_run(db, &prune, FA_PARAMS(FA_INT(keep_s)), err);
}
