/* A job as all statements return it; `job` is the table's name in them. */
#ifndef FA_JOB_COLUMNS_H
#define FA_JOB_COLUMNS_H

#include "lib/job/job.h"

#define FA_JOB_COLUMNS                                                                             \
    " job.job_id, job.part_id, job.asset_id, job.task, job.state, job.request_id, job.attempt,"    \
    " job.crashes, COALESCE((SELECT size FROM asset WHERE asset.asset_id = job.asset_id), 0)"      \
    " AS input_bytes "
#define FA_JOB_TARGETS(job)                                                                        \
    FA_COLUMN_UUID("job_id", &(job)->id), FA_COLUMN_UUID("part_id", &(job)->part),                 \
        FA_COLUMN_UUID("asset_id", &(job)->asset), FA_COLUMN_TEXT("task", &(job)->task),           \
        FA_COLUMN_TEXT("state", &(job)->state), FA_COLUMN_TEXT("request_id", &(job)->request_id),  \
        FA_COLUMN_INT("attempt", &(job)->attempt), FA_COLUMN_INT("crashes", &(job)->crashes),      \
        FA_COLUMN_INT("input_bytes", &(job)->input_bytes)

#endif
