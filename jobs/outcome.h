/* How jobs end: one place for the child that did the work and the supervisor that buries it. */
#ifndef FA_JOBS_OUTCOME_H
#define FA_JOBS_OUTCOME_H

#include "jobs/fate.h"
#include "lib/job/job.h"

/* The job has done its work: part status (NULL: as it is), success event, state "finished" in one
 * transaction; then the event is announced.  FA_DB_NONE: superseded, nothing was changed. */
enum fa_db_outcome fa_outcome_finish(struct fa_db *db, const struct fa_job *job,
                                     const char *part_status, struct fa_error *err) FA_MUSTCHECK;

/* The job cannot be done: the stage at hand, the part, event and job say why.  `failure->detail`
 * and `action` are whole sentences for the user.  FA_DB_NONE: superseded. */
enum fa_db_outcome fa_outcome_fail(struct fa_db *db, const struct fa_job *job,
                                   const struct fa_error *failure,
                                   struct fa_error *err) FA_MUSTCHECK;

/* An attempt ended without a result: back into the queue with back-off, where its fate allows for
 * another and fewer than `attempts` have crashed, else fa_outcome_fail as its fate tells. */
enum fa_db_outcome fa_outcome_retry(struct fa_db *db, const struct fa_job *job, enum fa_fate fate,
                                    int64_t attempts, struct fa_error *err) FA_MUSTCHECK;

#endif
