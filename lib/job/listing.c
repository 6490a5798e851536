#include "lib/job/listing.h"

enum fa_db_outcome
fa_job_listing(struct fa_db *db, bool all, struct fa_rows *rows, struct fa_error *err)
{
    static const struct fa_statement list = {
        "job_listing", "SELECT job_id, part_id, task, state, error, attempt, crashes,"
                       " EXTRACT(EPOCH FROM now() - created_at)::bigint AS age_s FROM job"
                       " WHERE $1 OR state IN ('queued', 'running') ORDER BY created_at"};

    return fa_db_rows(db, &list, FA_PARAMS(FA_BOOL(all)), rows, err);
}

enum fa_db_outcome
fa_job_listing_next(struct fa_rows *rows, struct fa_arena *arena, struct fa_job_line *line,
                    struct fa_error *err)
{
    return fa_rows_next(
        rows,
        FA_COLUMNS(FA_COLUMN_UUID("job_id", &line->id), FA_COLUMN_UUID("part_id", &line->part),
                   FA_COLUMN_TEXT("task", &line->task), FA_COLUMN_TEXT("state", &line->state),
                   FA_COLUMN_TEXT("error", &line->error), FA_COLUMN_INT("attempt", &line->attempt),
                   FA_COLUMN_INT("crashes", &line->crashes), FA_COLUMN_INT("age_s", &line->age_s)),
        arena, err);
}
