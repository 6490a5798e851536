/* Cancelling jobs: the row says so, and an event is kept, in one transaction. */
#ifndef FA_PART_CANCEL_H
#define FA_PART_CANCEL_H

#include "lib/job/job.h"
#include "lib/part/announce.h"

/* Inside a transaction that holds the part: the open job is over.  What it has not written it never
 * will; its process is stopped by the supervisor that watches it. */
enum fa_db_outcome fa_cancel_job(struct fa_db *db, const struct fa_job *job,
                                 struct fa_announcement *told, struct fa_error *err) FA_MUSTCHECK;

/* The same for all open jobs of the part, or with `task` for those of it only. */
enum fa_db_outcome fa_cancel_jobs(struct fa_db *db, const struct fa_uuid *part, const char *task,
                                  struct fa_announcement *told, struct fa_error *err) FA_MUSTCHECK;

#endif
