#include "lib/job/open.h"

/* Recipients as fa_event_keep finds them. */
enum fa_db_outcome
fa_open_job_list(struct fa_db *db, const struct fa_uuid *account, int64_t limit,
                 struct fa_rows *rows, struct fa_error *err)
{
    static const struct fa_statement list = {
        "open_job_list",
        "SELECT j.part_id, j.asset_id, j.task, j.state, s.stage,"
        "  COALESCE(s.percent, -1) AS percent,"
        "  j.asset_id IS NOT NULL AND j.task = '" FA_TASK_CAD "' AS has_asset"
        " FROM job j JOIN part p USING (part_id)"
        " LEFT JOIN stage s ON s.asset_id = j.asset_id AND s.state = 'active'"
        "  AND j.state = 'running'"
        " WHERE j.state IN ('queued', 'running') AND (p.owner_id = $1 OR EXISTS"
        "  (SELECT FROM job_watcher w WHERE w.job_id = j.job_id AND w.account_id = $1))"
        " ORDER BY j.created_at LIMIT $2"};

    return fa_db_rows(db, &list, FA_PARAMS(FA_UUID(account), FA_INT(limit)), rows, err);
}

enum fa_db_outcome
fa_open_job_next(struct fa_rows *rows, struct fa_arena *arena, struct fa_open_job *job,
                 struct fa_error *err)
{
    return fa_rows_next(
        rows,
        FA_COLUMNS(FA_COLUMN_UUID("part_id", &job->part), FA_COLUMN_UUID("asset_id", &job->asset),
                   FA_COLUMN_TEXT("task", &job->task), FA_COLUMN_TEXT("state", &job->state),
                   FA_COLUMN_TEXT("stage", &job->stage), FA_COLUMN_INT("percent", &job->percent),
                   FA_COLUMN_BOOL("has_asset", &job->has_asset)),
        arena, err);
}
