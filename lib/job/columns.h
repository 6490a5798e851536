/* Inside lib/job only: a job as statements return it, and its advisory lock. */
#ifndef FA_JOB_COLUMNS_H
#define FA_JOB_COLUMNS_H

#include "lib/job/job.h"

/* The session lock of an attempt; the first key is ours alone among advisory locks. */
#define FA_JOB_LOCK      20815
#define FA_JOB_LOCK_NAME "job_id::text || '/' || attempt"
#define FA_JOB_LOCK_KEYS "20815, hashtext(" FA_JOB_LOCK_NAME ")"
/* That of a machine's supervisor. */
#define FA_MACHINE_LOCK 20816

#define FA_JOB_COLUMNS                                                                             \
    " job_id, part_id, asset_id, asset_id IS NOT NULL AS has_asset, task, request_id, attempt, "   \
    "crashes, COALESCE((SELECT size FROM asset WHERE asset.asset_id = job.asset_id), 0)"           \
    " AS input_bytes "
#define FA_JOB_TARGETS(job)                                                                        \
    FA_COLUMN_UUID("job_id", &(job)->id), FA_COLUMN_UUID("part_id", &(job)->part),                 \
        FA_COLUMN_UUID("asset_id", &(job)->asset), FA_COLUMN_BOOL("has_asset", &(job)->has_asset), \
        FA_COLUMN_TEXT("task", &(job)->task), FA_COLUMN_TEXT("request_id", &(job)->request_id),    \
        FA_COLUMN_INT("attempt", &(job)->attempt), FA_COLUMN_INT("crashes", &(job)->crashes),      \
        FA_COLUMN_INT("input_bytes", &(job)->input_bytes)

#endif
