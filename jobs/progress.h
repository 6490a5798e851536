/* How far a job is: stages in their rows, and messages to those who wait. */
#ifndef FA_JOBS_PROGRESS_H
#define FA_JOBS_PROGRESS_H

#include "jobs/task.h"
#include "lib/part/announce.h"

/* Tells how far the stage is, and keeps it for who begins to listen later; at most 4 times a
 * second, but for its start (0). */
void fa_progress_tell(struct fa_task_ctx *ctx, const char *stage, int percent);

/* Inside a transaction that holds the job: the stage has ended, and an event that is kept says so.
 */
enum fa_db_outcome fa_progress_end(struct fa_db *db, const struct fa_job *job, const char *stage,
                                   struct fa_announcement *told, struct fa_error *err) FA_MUSTCHECK;

#endif
