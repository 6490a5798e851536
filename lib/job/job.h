/*
 * Jobs: rows that say what is to be done, who does it, and how it ended.
 *
 * At most one job of a task is open (queued or running) per part.  A claim raises `attempt`; every
 * write of a running job is fenced by it, so a superseded attempt changes nothing.  The child that
 * works holds the advisory lock of its attempt: when the lock is free, the child is dead.
 */
#ifndef FA_JOB_JOB_H
#define FA_JOB_JOB_H

#include "lib/db/db.h"

/* The tasks, by the names clients know. */
#define FA_TASK_CAD    "process_and_store_CAD"
#define FA_TASK_REPORT "write_and_store_analysis_results_XLS"

/* NOTIFY channel: a job was queued; no payload that matters. */
#define FA_JOB_CHANNEL "fileapi_job"

struct fa_job {
    struct fa_uuid id;
    struct fa_uuid part;
    struct fa_uuid asset; /* zero: about the part as a whole */
    const char *task;
    const char *state; /* "queued", "running", "finished", "failed" or "cancelled" */
    const char *request_id;
    int64_t attempt;     /* of the claim at hand */
    int64_t crashes;     /* attempts that ended without a result */
    int64_t input_bytes; /* of the asset */
};

/* Somebody waits for it, or it is bulk: all that an account asks for beyond what it can wait for.
 */
enum fa_job_priority { FA_JOB_WAITED_FOR, FA_JOB_BULK, FA_JOB_PRIORITIES };

/* What a machine's supervisor knows of a running job. */
struct fa_job_owner {
    const char *machine; /* as fa_machine_name prints */
    int64_t pid;
    int64_t pid_start; /* clock ticks since boot */
    int64_t age_s;     /* since the claim */
};

/* How a job goes back into the queue. */
struct fa_job_retry {
    int64_t delay_s; /* until it may be claimed, give or take a quarter */
    bool crashed;    /* counts against the job */
    const char *why; /* for the operator; NULL: as it was */
};

/* What a supervisor knows when it looks for the dead. */
struct fa_job_watch {
    const char *const *jobs; /* ids of those whose processes it watches: they are its own matter */
    size_t count;
    int64_t quiet_s;   /* a claim this old must hold its lock */
    int64_t expired_s; /* one this old is over, whoever holds what */
};

/* Inside a transaction: queues `job` (its id is chosen here) unless one is open, and adds `account`
 * (NULL: nobody asked) to whoever watches it.  `after_task` (may be NULL): not claimed while the
 * part has an open job of that task.  FA_DB_ROW: queued now; FA_DB_NONE: one was open already.
 *
 * Whose work it is, the part's organization or else its owner, is its lane.  Within a priority
 * lanes take turns: a lane's jobs get consecutive turns, and that of one that has none queued
 * starts at the queue's head. */
enum fa_db_outcome fa_job_queue(struct fa_db *db, struct fa_job *job, const char *after_task,
                                const struct fa_uuid *account, struct fa_error *err) FA_MUSTCHECK;

/* Inside a transaction that holds the part: its open jobs start again and are about `asset` (NULL:
 * none), so whoever asked for them still gets an answer; what they have not yet written they never
 * will. */
enum fa_db_outcome fa_job_restart(struct fa_db *db, const struct fa_uuid *part,
                                  const struct fa_uuid *asset, struct fa_error *err) FA_MUSTCHECK;

/* Inside a transaction: the open jobs of a part, in no order; then fa_job_open_next until
 * FA_DB_NONE. */
enum fa_db_outcome fa_job_open(struct fa_db *db, const struct fa_uuid *part, struct fa_rows *rows,
                               struct fa_error *err) FA_MUSTCHECK;
enum fa_db_outcome fa_job_open_next(struct fa_rows *rows, struct fa_arena *arena,
                                    struct fa_job *job, struct fa_error *err) FA_MUSTCHECK;

/* Inside a transaction that holds the part: the open job is over, and what it has not yet written
 * it never will.  Its process is stopped by the supervisor that watches it. */
enum fa_db_outcome fa_job_cancel(struct fa_db *db, const struct fa_uuid *id,
                                 struct fa_error *err) FA_MUSTCHECK;

/* Inside a transaction: the asset (NULL: all assets of the part) may go, the jobs' rows stay. */
enum fa_db_outcome fa_job_detach(struct fa_db *db, const struct fa_uuid *part,
                                 const struct fa_uuid *asset, struct fa_error *err) FA_MUSTCHECK;

/* Takes the next queued job of a priority for `machine`; FA_DB_NONE when there is none to take, or
 * the machine is draining. */
enum fa_db_outcome fa_job_claim(struct fa_db *db, const char *machine,
                                enum fa_job_priority priority, struct fa_arena *arena,
                                struct fa_job *job, struct fa_error *err) FA_MUSTCHECK;

/* The child's first step: takes the advisory lock of `job`, of which it knows id and attempt, for
 * this session of `db` and each later one, puts its process into the row, and fills in the rest.
 * FA_DB_NONE when the attempt is superseded, has begun already, or is another machine's: it must
 * leave. */
enum fa_db_outcome fa_job_begin(struct fa_db *db, struct fa_job *job,
                                const struct fa_job_owner *self, struct fa_arena *arena,
                                struct fa_error *err) FA_MUSTCHECK;

/* Connects and makes ready what a child needs first, before there is a job. */
int fa_job_warm(struct fa_db *db, struct fa_error *err) FA_MUSTCHECK;

/* Inside a transaction, before anything is written: locks the part, then the job's row (the order
 * of everyone, so that nobody waits in a circle), and tells whether this attempt still holds it;
 * FA_DB_NONE when it is superseded or cancelled, or the part is gone. */
enum fa_db_outcome fa_job_hold(struct fa_db *db, const struct fa_job *job,
                               struct fa_error *err) FA_MUSTCHECK;

/* Inside a transaction: ends the job as "finished" or "failed"; fenced as fa_job_hold.
 * `awaited_r`: a queued job may be claimed now that has waited for this one. */
enum fa_db_outcome fa_job_end(struct fa_db *db, const struct fa_job *job, const char *state,
                              const char *error, bool *awaited_r,
                              struct fa_error *err) FA_MUSTCHECK;

/* Whether the attempt still has something to do or to tell: FA_DB_NONE when the job was cancelled
 * or started again, or is gone with its part. */
enum fa_db_outcome fa_job_wanted(struct fa_db *db, const struct fa_uuid *id, int64_t attempt,
                                 struct fa_error *err) FA_MUSTCHECK;

/* Puts a job back into the queue; fenced. */
enum fa_db_outcome fa_job_requeue(struct fa_db *db, const struct fa_job *job,
                                  const struct fa_job_retry *retry,
                                  struct fa_error *err) FA_MUSTCHECK;

/* One running job that nobody works on: its attempt's lock is free.  Or it has had its time, which
 * also finds those of a machine that has stopped without dying. */
enum fa_db_outcome fa_job_find_dead(struct fa_db *db, const struct fa_job_watch *watch,
                                    struct fa_arena *arena, struct fa_job *job,
                                    struct fa_error *err) FA_MUSTCHECK;

/* Drops jobs that ended more than `keep_s` ago; at most 1000 at a time. */
enum fa_db_outcome fa_job_prune(struct fa_db *db, int64_t keep_s,
                                struct fa_error *err) FA_MUSTCHECK;

/* The running jobs of `machine`, with their processes, one per call of fa_job_running_next. */
enum fa_db_outcome fa_job_running(struct fa_db *db, const char *machine, struct fa_rows *rows,
                                  struct fa_error *err) FA_MUSTCHECK;
enum fa_db_outcome fa_job_running_next(struct fa_rows *rows, struct fa_arena *arena,
                                       struct fa_job *job, struct fa_job_owner *owner,
                                       struct fa_error *err) FA_MUSTCHECK;

/* Start time of process `pid` in clock ticks since boot (proc(5), field 22); -1 when there is none.
 */
int64_t fa_job_process_began(int64_t pid);

#endif
