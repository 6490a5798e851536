#include "lib/part/asset.h"
#include "lib/account/account.h"
#include "lib/base/cleanup.h"
#include "lib/part/cad.h"
#include "lib/part/stage.h"

enum { ARENA_LIMIT = 64 * 1024 };

/* The asset of that name which the part has already. */
struct existing {
    struct fa_uuid asset;
    const char *object_key; /* NULL: there is none */
    const char *asset_type;
    int64_t size;
};

static enum fa_db_outcome
create_part(struct fa_db *db, struct fa_asset_upload *upload, struct fa_arena *arena,
            struct fa_error *err)
{
    static const struct fa_statement create = {
        "part_create",
        "INSERT INTO part (part_id, owner_id, organization_id, name) VALUES ($1, $2, $3, $4)"};
    const struct fa_account *account = upload->access.account;
    const char *name = fa_arena_strndup(arena, upload->basename, fa_stem_length(upload->basename));

    if (name == NULL)
        return fa_db_fail(err, FA_E_MEMORY, "name of the part");
    upload->access.part = fa_uuid_new();
    /* Aliases come sorted: the first by alias shares the part. */
    return fa_db_run(
        db, &create,
        FA_PARAMS(FA_UUID(&upload->access.part), FA_UUID(&account->id),
                  FA_UUID(account->organization_count > 0 ? account->organizations : NULL),
                  FA_TEXT(name)),
        err);
}

static enum fa_db_outcome
find_existing(struct fa_db *db, const struct fa_asset_upload *upload, struct fa_arena *arena,
              struct existing *existing, struct fa_error *err)
{
    static const struct fa_statement find = {
        "asset_find_name", "SELECT asset_id, object_key, asset_type, size FROM asset"
                           " WHERE part_id = $1 AND basename_nfc = normalize($2, NFC)"};
    enum fa_db_outcome outcome =
        fa_db_row(db, &find, FA_PARAMS(FA_UUID(&upload->access.part), FA_TEXT(upload->basename)),
                  FA_COLUMNS(FA_COLUMN_UUID("asset_id", &existing->asset),
                             FA_COLUMN_TEXT("object_key", &existing->object_key),
                             FA_COLUMN_TEXT("asset_type", &existing->asset_type),
                             FA_COLUMN_INT("size", &existing->size)),
                  arena, err);

    if (outcome == FA_DB_ROW && !upload->overwrite)
        return fa_db_fail(err, FA_E_EXISTS, "asset name is taken");
    return outcome;
}

/* Writes the asset's row: a new one, or the existing one with new content. */
static enum fa_db_outcome
write_asset(struct fa_db *db, const struct fa_asset_upload *upload, struct existing *existing,
            struct fa_error *err)
{
    static const struct fa_statement create = {
        "asset_create", "INSERT INTO asset (asset_id, part_id, basename, asset_type, object_key,"
                        " size, sha256) VALUES ($1, $2, $3, $4, $5, $6, $7)"};
    static const struct fa_statement replace = {
        "asset_replace", "UPDATE asset SET basename = $3, asset_type = $4, object_key = $5,"
                         " size = $6, sha256 = $7, placed = DEFAULT, results = '{}',"
                         " updated_at = now() WHERE asset_id = $1 AND part_id = $2"};
    const struct fa_object *object = upload->object;
    bool is_new = existing->object_key == NULL;
    enum fa_db_outcome outcome = fa_object_own(db, object, err);

    if (outcome >= 0)
        outcome = fa_object_bury(db, existing->object_key, upload->grace_s, err);
    if (outcome < 0)
        return outcome;
    if (is_new)
        existing->asset = fa_uuid_new();
    return fa_db_run(db, is_new ? &create : &replace,
                     FA_PARAMS(FA_UUID(&existing->asset), FA_UUID(&upload->access.part),
                               FA_TEXT(upload->basename), FA_TEXT(upload->asset_type),
                               FA_TEXT(object->key), FA_INT(object->size),
                               FA_BYTES(object->sha256, sizeof object->sha256)),
                     err);
}

/* The part's CAD is another one now. */
static enum fa_db_outcome
change_cad(struct fa_db *db, struct fa_asset_upload *upload, const struct fa_uuid *asset,
           struct fa_error *err)
{
    const struct fa_cad_change change = {.part = &upload->access.part,
                                         .account = &upload->access.account->id,
                                         .request_id = upload->request_id,
                                         .grace_s = upload->grace_s,
                                         .told = &upload->told};

    if (upload->reuse != NULL && upload->reuse->found)
        return fa_reuse_apply(db, &change, asset, upload->reuse, err);
    return fa_cad_take_over(db, &change, &upload->queued, err);
}

enum fa_db_outcome
fa_asset_put(struct fa_db *db, struct fa_asset_upload *upload, struct fa_error *err)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    struct existing existing = {.object_key = NULL};
    enum fa_db_outcome outcome;

    upload->queued = false;
    outcome = upload->new_part ? create_part(db, upload, &arena, err)
                               : fa_access_lock(db, &upload->access, FA_WRITE, err);
    if (outcome >= 0)
        outcome = find_existing(db, upload, &arena, &existing, err);
    if (outcome < 0)
        return outcome;
    outcome = write_asset(db, upload, &existing, err);
    if (outcome >= 0)
        outcome = fa_stage_create(
            db, &existing.asset,
            fa_processing_of(upload->asset_type, upload->basename, upload->skip_drawing),
            existing.object_key != NULL, err);
    if (outcome >= 0 &&
        (fa_asset_type_is_cad(upload->asset_type) || fa_asset_type_is_cad(existing.asset_type)))
        outcome = change_cad(db, upload, &existing.asset, err);
    upload->grown = (int64_t)upload->object->size - existing.size;
    return outcome;
}
