/*
 * Stages: the steps an asset goes through, as its `asset_stat` shows them.
 *
 * One table says which stages there are and what they are called; the rows of table `stage` say how
 * far an asset has come.
 */
#ifndef FA_PART_STAGE_H
#define FA_PART_STAGE_H

#include "lib/db/db.h"
#include "lib/job/job.h"
#include "lib/part/asset_type.h"

#include <json-c/json.h>

struct fa_stage {
    const char *key;
    int64_t index; /* as answered; orders the stages */
    const char *name;
    const char *active_message;
    const char *finished_message;
    unsigned processing; /* mask of (1 << enum fa_processing) that includes this stage */
    const char *task;    /* FA_TASK_… that works on it; NULL: none does yet */
};

/* The first stage that a task works on; NULL: none. */
const char *fa_stage_first(const char *task);

/* One asset's row of a stage. */
struct fa_stage_state {
    const char *stage;
    const char *state; /* waiting, active, finished, failed */
    const char *message;
    const char *user_action;
    bool last; /* the finished stage that ended last */
};

/* Builds `asset_stat` from an asset's rows, in any order; NULL when memory is short.  The caller
 * owns the object. */
struct json_object *fa_stage_stat(const struct fa_stage_state *states, size_t count) FA_MUSTCHECK;

/* Inside a transaction: makes the rows of a new asset; `upload` is finished at once.  With
 * `replace` the rows it had are dropped first. */
enum fa_db_outcome fa_stage_create(struct fa_db *db, const struct fa_uuid *asset,
                                   enum fa_processing processing, bool replace,
                                   struct fa_error *err) FA_MUSTCHECK;

/* Sets one stage: "waiting", "active", "finished" or "failed" (with message and action, which may
 * be NULL). */
enum fa_db_outcome fa_stage_set(struct fa_db *db, const struct fa_uuid *asset, const char *stage,
                                const char *state, const struct fa_error *failure,
                                struct fa_error *err) FA_MUSTCHECK;

/* How far the job's active stage is; fenced by its attempt, and does not wait for the disk.
 * FA_DB_NONE when the attempt is superseded. */
enum fa_db_outcome fa_stage_advance(struct fa_db *db, const struct fa_job *job, const char *stage,
                                    int percent, struct fa_error *err) FA_MUSTCHECK;

/* What a failure is blamed on: the asset's stage and why, with what the user can do. */
struct fa_stage_blame {
    const struct fa_uuid *asset;
    const char *otherwise; /* the stage to blame when none is active */
    const struct fa_error *failure;
    const char *stage; /* set: the stage that was blamed; lives in the arena */
};

/* Makes the active stage a failed one. */
enum fa_db_outcome fa_stage_blame(struct fa_db *db, struct fa_stage_blame *blame,
                                  struct fa_arena *arena, struct fa_error *err) FA_MUSTCHECK;

#endif
