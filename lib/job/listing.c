#include "lib/job/listing.h"
#include "lib/job/columns.h"

#define TIME(column)                                                                               \
    " to_char(job." column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') AS " column  \
    "_text"
#define TIMES                                                                                      \
    TIME("created_at")                                                                             \
    "," TIME("not_before") "," TIME("claimed_at") "," TIME("begun_at") "," TIME("ended_at")

enum fa_db_outcome
fa_job_listing(struct fa_db *db, const struct fa_job_filter *filter, struct fa_rows *rows,
               struct fa_error *err)
{
    static const struct fa_statement list = {
        "job_listing",
        "SELECT " FA_JOB_COLUMNS ", alias, error, job.machine, pid, priority,"
        " EXTRACT(EPOCH FROM now() - job.created_at)::bigint AS age_s," TIMES
        " FROM job JOIN part USING (part_id) LEFT JOIN organization USING (organization_id)"
        " WHERE job_id = COALESCE($1, job_id) AND part_id = COALESCE($2, part_id)"
        " AND state = COALESCE($3, state) AND task = COALESCE($4, task)"
        " AND ($5::text IS NULL OR alias = $5) AND ($6 OR state IN ('queued', 'running'))"
        " ORDER BY job.created_at, job_id LIMIT $7"};

    return fa_db_rows(
        db, &list,
        FA_PARAMS(FA_UUID(filter->job), FA_UUID(filter->part), FA_TEXT(filter->state),
                  FA_TEXT(filter->task), FA_TEXT(filter->organization),
                  FA_BOOL(filter->all || filter->state != NULL || filter->job != NULL),
                  FA_INT(filter->limit)),
        rows, err);
}

enum fa_db_outcome
fa_job_listing_next(struct fa_rows *rows, struct fa_arena *arena, struct fa_job_line *line,
                    struct fa_error *err)
{
    return fa_rows_next(
        rows,
        FA_COLUMNS(FA_JOB_TARGETS(&line->job), FA_COLUMN_TEXT("alias", &line->organization),
                   FA_COLUMN_TEXT("error", &line->error), FA_COLUMN_TEXT("machine", &line->machine),
                   FA_COLUMN_INT("pid", &line->pid), FA_COLUMN_INT("priority", &line->priority),
                   FA_COLUMN_INT("age_s", &line->age_s),
                   FA_COLUMN_TEXT("created_at_text", &line->created_at),
                   FA_COLUMN_TEXT("not_before_text", &line->not_before),
                   FA_COLUMN_TEXT("claimed_at_text", &line->claimed_at),
                   FA_COLUMN_TEXT("begun_at_text", &line->begun_at),
                   FA_COLUMN_TEXT("ended_at_text", &line->ended_at)),
        arena, err);
}

/* Recipients as fa_event_keep finds them. */
enum fa_db_outcome
fa_job_awaited(struct fa_db *db, const struct fa_uuid *account, int64_t limit, struct fa_rows *rows,
               struct fa_error *err)
{
    static const struct fa_statement list = {
        "job_awaited", "SELECT " FA_JOB_COLUMNS ", s.stage, COALESCE(s.percent, -1) AS percent"
                       " FROM job JOIN part p USING (part_id)"
                       " LEFT JOIN stage s ON s.asset_id = job.asset_id AND s.state = 'active'"
                       "  AND job.state = 'running'"
                       " WHERE job.state IN ('queued', 'running') AND (p.owner_id = $1 OR EXISTS"
                       "  (SELECT FROM job_watcher w WHERE w.job_id = job.job_id"
                       "   AND w.account_id = $1))"
                       " ORDER BY job.created_at LIMIT $2"};

    return fa_db_rows(db, &list, FA_PARAMS(FA_UUID(account), FA_INT(limit)), rows, err);
}

enum fa_db_outcome
fa_job_awaited_next(struct fa_rows *rows, struct fa_arena *arena, struct fa_job_awaited *awaited,
                    struct fa_error *err)
{
    return fa_rows_next(rows,
                        FA_COLUMNS(FA_JOB_TARGETS(&awaited->job),
                                   FA_COLUMN_TEXT("stage", &awaited->stage),
                                   FA_COLUMN_INT("percent", &awaited->percent)),
                        arena, err);
}

enum fa_db_outcome
fa_job_events(struct fa_db *db, const struct fa_uuid *job, struct fa_rows *rows,
              struct fa_error *err)
{
    static const struct fa_statement list = {
        "job_events", "SELECT (jsonb_build_object('id', event_id) || body::jsonb)::text AS message"
                      " FROM event WHERE job_id = $1 ORDER BY event_id"};

    return fa_db_rows(db, &list, FA_PARAMS(FA_UUID(job)), rows, err);
}

enum fa_db_outcome
fa_job_events_next(struct fa_rows *rows, struct fa_arena *arena, const char **json_r,
                   struct fa_error *err)
{
    return fa_rows_next(rows, FA_COLUMNS(FA_COLUMN_TEXT("message", json_r)), arena, err);
}
