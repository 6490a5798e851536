#include "lib/part/remake.h"
#include "lib/base/cleanup.h"
#include "lib/object/walk.h"
#include "lib/part/cad.h"
#include "lib/part/derived.h"

#include <string.h>

enum { ARENA_LIMIT = 64 * 1024 };

struct remaking {
    const struct fa_remake *remake;
    const char *task;
    struct fa_uuid cad; /* the part's newest */
    enum fa_remake_result result;
    struct fa_announcement told;
};

/* The part's CAD, when its object is in the store: FA_DB_ROW. */
static enum fa_db_outcome
find_cad(struct fa_db *db, struct fa_store *store, struct remaking *self, struct fa_error *err)
{
    static const struct fa_statement find = {"remake_cad",
                                             "SELECT asset_id, object_key FROM" FA_CAD_OF_1 "cad"};
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    struct fa_walk_target target = {.key = NULL};
    enum fa_db_outcome outcome;

    outcome = fa_db_row(db, &find, FA_PARAMS(FA_UUID(self->remake->part)),
                        FA_COLUMNS(FA_COLUMN_UUID("asset_id", &self->cad),
                                   FA_COLUMN_TEXT("object_key", &target.key)),
                        &arena, err);
    if (outcome != FA_DB_ROW)
        return outcome;
    if (fa_walk_find(store, &target, 1, err) < 0)
        return FA_DB_FAILED;
    return target.present ? FA_DB_ROW : FA_DB_NONE;
}

static enum fa_db_outcome
queue(struct fa_db *db, void *closure, struct fa_error *err)
{
    static const struct fa_statement lock = {"remake_lock",
                                             "SELECT FROM part WHERE part_id = $1 FOR UPDATE"};
    static const struct fa_statement still = {
        "remake_still", "SELECT FROM derived_file WHERE part_id = $1 AND object_key = $2"};
    struct remaking *self = closure;
    const struct fa_remake *remake = self->remake;
    struct fa_job job = {.part = *remake->part,
                         .asset = self->cad,
                         .task = self->task,
                         .request_id = remake->request_id};
    const struct fa_cad_change change = {.part = remake->part,
                                         .request_id = remake->request_id,
                                         .grace_s = remake->grace_s,
                                         .told = &self->told};
    bool queued;
    enum fa_db_outcome outcome = fa_db_run(db, &lock, FA_PARAMS(FA_UUID(remake->part)), err);

    self->result = FA_REMAKE_SETTLED;
    self->told.jobs = true;
    if (outcome == FA_DB_ROW)
        outcome =
            fa_db_run(db, &still, FA_PARAMS(FA_UUID(remake->part), FA_TEXT(remake->key)), err);
    if (outcome != FA_DB_ROW)
        return outcome;
    self->result = FA_REMAKE_QUEUED;
    if (strcmp(self->task, FA_TASK_CAD) == 0)
        return fa_cad_take_over(db, &change, &queued, err);
    return fa_job_queue(db, &job, FA_TASK_CAD, NULL, err);
}

int
fa_remake_derived(struct fa_db *db, struct fa_store *store, const struct fa_remake *remake,
                  enum fa_remake_result *result_r, struct fa_error *err)
{
    const struct fa_derived *lost = fa_derived_of(remake->kind, NULL);
    struct remaking self = {.remake = remake, .task = lost != NULL ? lost->task : NULL};
    enum fa_db_outcome outcome;

    *result_r = FA_REMAKE_NO_TASK;
    if (self.task == NULL)
        return 0;
    outcome = find_cad(db, store, &self, err);
    *result_r = FA_REMAKE_NO_CAD;
    if (outcome != FA_DB_ROW)
        return outcome < 0 ? -1 : 0;
    if (fa_announce_after(db, queue, &self, &self.told, err) < 0)
        return -1;
    *result_r = self.result;
    return 0;
}
