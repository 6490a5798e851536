#include "lib/part/cad.h"
#include "lib/base/cleanup.h"
#include "lib/part/asset_type.h"
#include "lib/part/cancel.h"

enum { ARENA_LIMIT = 64 * 1024 };

/* Stages 1 to 5 tell of files that exist: they start again. */
static const struct fa_statement reset_stages = {
    "cad_reset_stages",
    "UPDATE stage SET state = 'waiting', message = NULL, user_action = NULL, ended_at = NULL"
    " WHERE stage <> 'upload' AND state <> 'waiting'"
    " AND asset_id IN (SELECT asset_id FROM asset WHERE part_id = $1 AND asset_type = 'cad')"};

static const struct fa_statement newest = {"cad_newest",
                                           "SELECT asset_id, basename FROM" FA_CAD_OF_1 "cad"};

enum fa_db_outcome
fa_cad_drop_derived(struct fa_db *db, const struct fa_uuid *part, int64_t grace_s,
                    struct fa_error *err)
{
    static const struct fa_statement drop = {
        "cad_drop_derived",
        "WITH dropped AS (DELETE FROM derived_file WHERE part_id = $1 RETURNING object_key)"
        " INSERT INTO object_tombstone (object_key, due_at)"
        " SELECT object_key, now() + make_interval(secs => $2::bigint) FROM dropped"};

    return fa_db_run(db, &drop, FA_PARAMS(FA_UUID(part), FA_INT(grace_s)), err);
}

enum fa_db_outcome
fa_cad_clear(struct fa_db *db, const struct fa_cad_change *change, const struct fa_uuid *asset,
             struct fa_error *err)
{
    enum fa_db_outcome outcome = fa_cancel_jobs(db, change->part, FA_TASK_CAD, change->told, err);

    if (outcome >= 0)
        outcome = fa_job_restart(db, change->part, asset, err);
    if (outcome >= 0)
        outcome = fa_cad_drop_derived(db, change->part, change->grace_s, err);
    if (outcome >= 0)
        outcome = fa_db_run(db, &reset_stages, FA_PARAMS(FA_UUID(change->part)), err);
    return outcome;
}

enum fa_db_outcome
fa_cad_take_over(struct fa_db *db, const struct fa_cad_change *change, bool *queued_r,
                 struct fa_error *err)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    struct fa_job job = {
        .part = *change->part, .task = FA_TASK_CAD, .request_id = change->request_id};
    const char *basename = NULL;
    enum fa_db_outcome found;
    enum fa_db_outcome outcome;

    *queued_r = false;
    found = fa_db_row(
        db, &newest, FA_PARAMS(FA_UUID(change->part)),
        FA_COLUMNS(FA_COLUMN_UUID("asset_id", &job.asset), FA_COLUMN_TEXT("basename", &basename)),
        &arena, err);
    if (found < 0)
        return found;
    outcome = fa_cad_clear(db, change, found == FA_DB_ROW ? &job.asset : NULL, err);
    if (outcome < 0)
        return outcome;
    if (found == FA_DB_NONE)
        return fa_cad_set_status(db, change->part, "empty", err);
    if (!fa_format_of(basename)->processed)
        return fa_cad_set_status(db, change->part, "ready", err);
    *queued_r = change->told->jobs = true;
    outcome = fa_job_queue(db, &job, NULL, change->account, err);
    if (outcome < 0)
        return outcome;
    return fa_cad_set_status(db, change->part, "processing", err);
}

enum fa_db_outcome
fa_cad_put_derived(struct fa_db *db, const struct fa_uuid *part, const char *kind,
                   const struct fa_object *object, int64_t grace_s, struct fa_error *err)
{
    static const struct fa_statement old = {
        "cad_old_derived",
        "SELECT object_key FROM derived_file WHERE part_id = $1 AND kind = $2 FOR UPDATE"};
    static const struct fa_statement put = {
        "cad_put_derived",
        "INSERT INTO derived_file (part_id, kind, object_key, size, sha256, cad_basename)"
        " VALUES ($1, $2, $3, $4, $5, (SELECT basename FROM" FA_CAD_OF_1 "cad))"
        " ON CONFLICT (part_id, kind) DO UPDATE"
        " SET object_key = excluded.object_key, size = excluded.size,"
        "  sha256 = excluded.sha256,"
        "  cad_basename = excluded.cad_basename, updated_at = now()"};
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    const char *old_key = NULL;
    enum fa_db_outcome outcome;

    outcome = fa_db_row(db, &old, FA_PARAMS(FA_UUID(part), FA_TEXT(kind)),
                        FA_COLUMNS(FA_COLUMN_TEXT("object_key", &old_key)), &arena, err);
    if (outcome >= 0)
        outcome = fa_object_bury(db, old_key, grace_s, err);
    if (outcome >= 0)
        outcome = fa_object_own(db, object, err);
    if (outcome < 0)
        return outcome;
    return fa_db_run(db, &put,
                     FA_PARAMS(FA_UUID(part), FA_TEXT(kind), FA_TEXT(object->key),
                               FA_INT(object->size),
                               FA_BYTES(object->sha256, sizeof object->sha256)),
                     err);
}

int
fa_cad_find_object(struct fa_db *db, const struct fa_uuid *asset, struct fa_arena *arena,
                   struct fa_cad_object *object, struct fa_error *err)
{
    static const struct fa_statement find = {
        "cad_find_object",
        "SELECT object_key, encode(sha256, 'hex') AS sha256 FROM asset WHERE asset_id = $1"};
    enum fa_db_outcome outcome = fa_db_row(db, &find, FA_PARAMS(FA_UUID(asset)),
                                           FA_COLUMNS(FA_COLUMN_TEXT("object_key", &object->key),
                                                      FA_COLUMN_TEXT("sha256", &object->sha256)),
                                           arena, err);

    if (outcome == FA_DB_NONE)
        return fa_error_set(err, FA_E_NO_FILE, "the asset is gone");
    return outcome < 0 ? -1 : 0;
}

enum fa_db_outcome
fa_cad_set_status(struct fa_db *db, const struct fa_uuid *part, const char *status,
                  struct fa_error *err)
{
    static const struct fa_statement set = {
        "cad_set_status", "UPDATE part SET status = $2, updated_at = now() WHERE part_id = $1"};

    return fa_db_run(db, &set, FA_PARAMS(FA_UUID(part), FA_TEXT(status)), err);
}

enum fa_db_outcome
fa_cad_add_result(struct fa_db *db, const struct fa_uuid *asset, const char *name, const char *json,
                  struct fa_error *err)
{
    static const struct fa_statement add = {
        "cad_add_result", "UPDATE asset SET results = results || jsonb_build_object($2::text,"
                          " $3::jsonb) WHERE asset_id = $1"};

    return fa_db_run(db, &add, FA_PARAMS(FA_UUID(asset), FA_TEXT(name), FA_TEXT(json)), err);
}
