#include "lib/part/removal.h"
#include "lib/base/cleanup.h"
#include "lib/object/object.h"
#include "lib/part/cad.h"
#include "lib/part/cancel.h"

enum { ARENA_LIMIT = 64 * 1024 };

/* Buries assets in the statement that drops them; $3: all types, else CADs only. */
static const struct fa_statement drop_assets = {
    "removal_drop_assets",
    "WITH dropped AS (DELETE FROM asset WHERE part_id = $1 AND ($3 OR asset_type = 'cad')"
    "  RETURNING object_key)"
    " INSERT INTO object_tombstone (object_key, due_at)"
    " SELECT object_key, now() + make_interval(secs => $2::bigint) FROM dropped"};

/* The part's CAD has gone: the next one takes over, or none. */
static enum fa_db_outcome
take_over(struct fa_db *db, struct fa_removal *removal, struct fa_error *err)
{
    const struct fa_cad_change change = {.part = &removal->access.part,
                                         .account = &removal->access.account->id,
                                         .request_id = removal->request_id,
                                         .grace_s = removal->grace_s,
                                         .told = &removal->told};
    bool queued;

    return fa_cad_take_over(db, &change, &queued, err);
}

/* --- one asset ------------------------------------------------------------------------------- */

struct doomed {
    struct fa_uuid asset;
    const char *object_key;
    bool is_cad; /* the part's */
};

static enum fa_db_outcome
find_doomed(struct fa_db *db, const struct fa_removal *removal, struct fa_arena *arena,
            struct doomed *doomed, struct fa_error *err)
{
    static const struct fa_statement find = {
        "removal_find", "SELECT asset_id, object_key, asset_id IS NOT DISTINCT FROM"
                        "  (SELECT asset_id FROM" FA_CAD_OF_1 "cad) AS is_cad"
                        " FROM asset WHERE part_id = $1 AND basename_nfc = normalize($2, NFC)"};
    enum fa_db_outcome outcome =
        fa_db_row(db, &find, FA_PARAMS(FA_UUID(&removal->access.part), FA_TEXT(removal->basename)),
                  FA_COLUMNS(FA_COLUMN_UUID("asset_id", &doomed->asset),
                             FA_COLUMN_TEXT("object_key", &doomed->object_key),
                             FA_COLUMN_BOOL("is_cad", &doomed->is_cad)),
                  arena, err);

    if (outcome == FA_DB_NONE)
        return fa_db_fail(err, FA_E_NO_FILE, "the part has no such asset");
    return outcome;
}

static enum fa_db_outcome
remove_asset(struct fa_db *db, struct fa_removal *removal, struct fa_error *err)
{
    static const struct fa_statement drop = {"removal_drop_asset",
                                             "DELETE FROM asset WHERE asset_id = $1"};
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    struct doomed doomed = {.is_cad = false};
    enum fa_db_outcome outcome = find_doomed(db, removal, &arena, &doomed, err);

    if (outcome >= 0 && doomed.is_cad)
        outcome = fa_cancel_jobs(db, &removal->access.part, FA_TASK_CAD, &removal->told, err);
    if (outcome >= 0)
        outcome = fa_job_detach(db, &removal->access.part, &doomed.asset, err);
    if (outcome >= 0)
        outcome = fa_object_bury(db, doomed.object_key, removal->grace_s, err);
    if (outcome >= 0)
        outcome = fa_db_run(db, &drop, FA_PARAMS(FA_UUID(&doomed.asset)), err);
    if (outcome >= 0 && doomed.is_cad)
        outcome = take_over(db, removal, err);
    return outcome;
}

/* --- the CAD, the part ----------------------------------------------------------------------- */

static enum fa_db_outcome
remove_cad(struct fa_db *db, struct fa_removal *removal, struct fa_error *err)
{
    static const struct fa_statement reset = {
        "removal_reset",
        "UPDATE part SET status = DEFAULT, quantity = DEFAULT, material = DEFAULT,"
        " machine = DEFAULT, rfq_note = DEFAULT, rfq_needed_by = DEFAULT, updated_at = now()"
        " WHERE part_id = $1"};
    const struct fa_uuid *part = &removal->access.part;
    enum fa_db_outcome outcome = fa_cancel_jobs(db, part, NULL, &removal->told, err);

    if (outcome >= 0)
        outcome = fa_job_detach(db, part, NULL, err);
    if (outcome >= 0)
        outcome =
            fa_db_run(db, &drop_assets,
                      FA_PARAMS(FA_UUID(part), FA_INT(removal->grace_s), FA_BOOL(false)), err);
    if (outcome >= 0)
        outcome = take_over(db, removal, err);
    if (outcome >= 0)
        outcome = fa_db_run(db, &reset, FA_PARAMS(FA_UUID(part)), err);
    return outcome;
}

static enum fa_db_outcome
remove_part(struct fa_db *db, struct fa_removal *removal, struct fa_error *err)
{
    static const struct fa_statement drop = {"removal_drop_part",
                                             "DELETE FROM part WHERE part_id = $1"};
    const struct fa_uuid *part = &removal->access.part;
    enum fa_db_outcome outcome = fa_cancel_jobs(db, part, NULL, &removal->told, err);

    if (outcome >= 0)
        outcome = fa_cad_drop_derived(db, part, removal->grace_s, err);
    if (outcome >= 0)
        outcome = fa_db_run(db, &drop_assets,
                            FA_PARAMS(FA_UUID(part), FA_INT(removal->grace_s), FA_BOOL(true)), err);
    if (outcome >= 0)
        outcome = fa_db_run(db, &drop, FA_PARAMS(FA_UUID(part)), err);
    return outcome;
}

/* --- all of them ----------------------------------------------------------------------------- */

static enum fa_db_outcome
remove_locked(struct fa_db *db, void *closure, struct fa_error *err)
{
    static enum fa_db_outcome (*const works[])(struct fa_db *, struct fa_removal *,
                                               struct fa_error *) = {
        [FA_REMOVE_ASSET] = remove_asset,
        [FA_REMOVE_CAD] = remove_cad,
        [FA_REMOVE_PART] = remove_part,
    };
    struct fa_removal *removal = closure;
    enum fa_db_outcome outcome = fa_access_lock(db, &removal->access, FA_WRITE, err);

    removal->told.jobs = true;
    return outcome < 0 ? outcome : works[removal->what](db, removal, err);
}

int
fa_removal_run(struct fa_db *db, struct fa_removal *removal, struct fa_error *err)
{
    return fa_announce_after(db, remove_locked, removal, &removal->told, err) < 0 ? -1 : 0;
}
