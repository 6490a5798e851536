#include "lib/part/rework.h"
#include "lib/base/cleanup.h"
#include "lib/job/columns.h"
#include "lib/part/cad.h"
#include "lib/part/cancel.h"
#include "lib/part/stage.h"

#include <string.h>

enum { ARENA_LIMIT = 64 * 1024 };

struct found {
    struct fa_job job;
    bool current; /* its asset is the part's CAD, or it has none */
};

/* Locks part and job, in everyone's order, and reads the job. */
static enum fa_db_outcome
find(struct fa_db *db, const struct fa_uuid *id, struct fa_arena *arena, struct found *found,
     struct fa_error *err)
{
    static const struct fa_statement lock = {
        "rework_lock",
        "SELECT FROM part WHERE part_id = (SELECT part_id FROM job WHERE job_id = $1)"
        " FOR UPDATE"};
    static const struct fa_statement read = {
        "rework_read", "SELECT " FA_JOB_COLUMNS ", job.asset_id IS NOT DISTINCT FROM"
                       " (SELECT asset_id FROM" FA_CAD_OF_P "cad) AS is_current"
                       " FROM job JOIN part p USING (part_id) WHERE job_id = $1 FOR UPDATE OF job"};
    enum fa_db_outcome outcome = fa_db_run(db, &lock, FA_PARAMS(FA_UUID(id)), err);

    if (outcome == FA_DB_ROW)
        outcome = fa_db_row(
            db, &read, FA_PARAMS(FA_UUID(id)),
            FA_COLUMNS(FA_JOB_TARGETS(&found->job), FA_COLUMN_BOOL("is_current", &found->current)),
            arena, err);
    if (outcome == FA_DB_NONE)
        return fa_db_fail(err, FA_E_INTERNAL, "there is no such job");
    return outcome;
}

static bool
is(const char *state, const char *what)
{
    return strcmp(state, what) == 0;
}

/* --- again ------------------------------------------------------------------------------------ */

static int
may_retry(const struct found *found, struct fa_error *err)
{
    if (is(found->job.state, "running"))
        return fa_error_set(err, FA_E_INTERNAL, "the job is running");
    if (is(found->job.state, "finished"))
        return fa_error_set(err, FA_E_INTERNAL, "the job has finished");
    if (is(found->job.task, FA_TASK_CAD) && !found->current)
        return fa_error_set(err, FA_E_INTERNAL, "its file is no longer the part's CAD");
    return 0;
}

static enum fa_db_outcome
retry(struct fa_db *db, const struct found *found, struct fa_error *err)
{
    static const struct fa_statement again = {
        "rework_again",
        "UPDATE job SET state = 'queued', crashes = 0, not_before = now(), ended_at = NULL,"
        " error = NULL, machine = NULL, pid = NULL, pid_start = NULL, begun_at = NULL,"
        " turn = job_turn(lane, priority) WHERE job_id = $1 AND NOT EXISTS (SELECT FROM job other"
        "  WHERE other.part_id = job.part_id AND other.task = job.task AND other.job_id <> $1"
        "  AND other.state IN ('queued', 'running'))"};
    static const struct fa_statement reset = {
        "rework_reset", "UPDATE stage SET state = 'waiting', message = NULL, user_action = NULL,"
                        " ended_at = NULL WHERE asset_id = $1 AND state = 'failed'"};
    enum fa_db_outcome outcome;

    if (may_retry(found, err) < 0)
        return FA_DB_FAILED;
    outcome = fa_db_run(db, &again, FA_PARAMS(FA_UUID(&found->job.id)), err);
    if (outcome == FA_DB_NONE)
        return fa_db_fail(err, FA_E_INTERNAL, "the part has another open job of this task");
    if (outcome >= 0 && fa_uuid_given(&found->job.asset) != NULL)
        outcome = fa_db_run(db, &reset, FA_PARAMS(FA_UUID(&found->job.asset)), err);
    if (outcome >= 0 && is(found->job.task, FA_TASK_CAD))
        outcome = fa_cad_set_status(db, &found->job.part, "processing", err);
    return outcome;
}

/* --- no more ---------------------------------------------------------------------------------- */

static enum fa_db_outcome
tell_stage(struct fa_db *db, const struct found *found, struct fa_arena *arena,
           struct fa_error *err)
{
    const char *first = fa_stage_first(found->job.task);
    struct fa_error why;
    struct fa_stage_blame blame = {.asset = &found->job.asset, .otherwise = first, .failure = &why};
    enum fa_db_outcome outcome;

    /* A report is as if nobody had asked. */
    if (!is(found->job.task, FA_TASK_CAD))
        return fa_stage_set(db, &found->job.asset, first, "waiting", NULL, err);
    fa_error_set(&why, FA_E_CONTENT, "The work was cancelled by the operator.");
    fa_error_action(&why, "Upload the file again, or ask the support to start the work anew.");
    outcome = fa_stage_blame(db, &blame, arena, err);
    return outcome < 0 ? outcome : fa_cad_set_status(db, &found->job.part, "failed", err);
}

static enum fa_db_outcome
cancel(struct fa_db *db, const struct found *found, struct fa_announcement *told,
       struct fa_arena *arena, struct fa_error *err)
{
    enum fa_db_outcome outcome;

    if (!is(found->job.state, "queued") && !is(found->job.state, "running"))
        return fa_db_fail(err, FA_E_INTERNAL, "the job has ended: %s", found->job.state);
    outcome = fa_cancel_job(db, &found->job, told, err);
    if (outcome >= 0 && fa_uuid_given(&found->job.asset) != NULL)
        outcome = tell_stage(db, found, arena, err);
    return outcome;
}

/* --- both ------------------------------------------------------------------------------------- */

static enum fa_db_outcome
work(struct fa_db *db, void *closure, struct fa_error *err)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    struct fa_rework *rework = closure;
    struct found found = {.current = false};
    enum fa_db_outcome outcome = find(db, &rework->job, &arena, &found, err);

    rework->told.jobs = true;
    if (outcome != FA_DB_ROW)
        return outcome;
    return rework->what == FA_REWORK_RETRY ? retry(db, &found, err)
                                           : cancel(db, &found, &rework->told, &arena, err);
}

int
fa_rework_run(struct fa_db *db, struct fa_rework *rework, struct fa_error *err)
{
    return fa_announce_after(db, work, rework, &rework->told, err) < 0 ? -1 : 0;
}
