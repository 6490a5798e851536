#include "lib/part/reuse.h"
#include "lib/base/digest.h"
#include "lib/event/event.h"
#include "lib/part/asset_type.h"
#include "lib/part/stage.h"

static const char *const kinds[FA_REUSE_FILES] = {"visualization", "thumbnail", "thumbnail_256"};

/* The stages that a finished analysis has behind it, in their order. */
static const char *const done[] = {"cad_analysis", "visualization", "thumbnail"};

/* A derived file as its row says. */
struct source {
    const char *key;
    const char *sha256; /* hex */
    int64_t size;
};

/* One of the scope's CADs with these bytes whose analysis is whole and of this release: any will
 * do, and with an order all of them would be looked at.  The format counts, because the same bytes
 * are read differently under another name. */
static enum fa_db_outcome
find(struct fa_db *db, const struct fa_reuse_request *request, struct fa_arena *arena,
     const char **figures_r, struct source sources[FA_REUSE_FILES], struct fa_error *err)
{
    static const struct fa_statement find_same = {
        "reuse_find",
        "SELECT a.results->>'cad' AS figures, v.object_key AS v_key, v.size AS v_size,"
        " encode(v.sha256, 'hex') AS v_sha256, t.object_key AS t_key, t.size AS t_size,"
        " encode(t.sha256, 'hex') AS t_sha256, s.object_key AS s_key, s.size AS s_size,"
        " encode(s.sha256, 'hex') AS s_sha256"
        " FROM cad_content c JOIN asset a ON a.asset_id = c.asset_id AND a.sha256 = c.sha256"
        " JOIN derived_file v ON v.part_id = a.part_id AND v.kind = 'visualization'"
        " JOIN derived_file t ON t.part_id = a.part_id AND t.kind = 'thumbnail'"
        " JOIN derived_file s ON s.part_id = a.part_id AND s.kind = 'thumbnail_256'"
        " WHERE c.scope_id = COALESCE("
        "   CASE WHEN $1 THEN $2::uuid"
        "    ELSE (SELECT COALESCE(organization_id, owner_id) FROM part WHERE part_id = $3) END,"
        "   $4)"
        " AND c.sha256 = $5 AND c.version = $6 AND a.size = $7 AND a.asset_type = 'cad'"
        " AND lower(right(a.basename, length($8))) = $8 AND a.results ? 'cad'"
        " AND 3 = (SELECT count(*) FROM stage g WHERE g.asset_id = a.asset_id"
        "  AND g.state = 'finished' AND g.stage = ANY ($9::text[]))"
        " AND NOT EXISTS (SELECT FROM asset newer WHERE newer.part_id = a.part_id"
        "  AND newer.asset_type = 'cad' AND newer.placed > a.placed) LIMIT 1"};
    const struct fa_account *account = request->access->account;
    const struct fa_object *object = request->object;
    const struct fa_uuid *organization =
        account->organization_count > 0 ? account->organizations : NULL;

    return fa_db_row(
        db, &find_same,
        FA_PARAMS(FA_BOOL(request->new_part), FA_UUID(organization),
                  FA_UUID(&request->access->part), FA_UUID(&account->id),
                  FA_BYTES(object->sha256, sizeof object->sha256), FA_INT(FA_ANALYSIS_VERSION),
                  FA_INT(object->size), FA_TEXT(fa_format_of(request->basename)->extension),
                  FA_TEXTS(done, FA_COUNT(done))),
        FA_COLUMNS(
            FA_COLUMN_TEXT("figures", figures_r), FA_COLUMN_TEXT("v_key", &sources[0].key),
            FA_COLUMN_INT("v_size", &sources[0].size),
            FA_COLUMN_TEXT("v_sha256", &sources[0].sha256),
            FA_COLUMN_TEXT("t_key", &sources[1].key), FA_COLUMN_INT("t_size", &sources[1].size),
            FA_COLUMN_TEXT("t_sha256", &sources[1].sha256),
            FA_COLUMN_TEXT("s_key", &sources[2].key), FA_COLUMN_INT("s_size", &sources[2].size),
            FA_COLUMN_TEXT("s_sha256", &sources[2].sha256)),
        arena, err);
}

enum fa_db_outcome
fa_reuse_prepare(struct fa_db *db, struct fa_store *store, const struct fa_reuse_request *request,
                 struct fa_arena *arena, struct fa_reuse *reuse, struct fa_error *err)
{
    struct source sources[FA_REUSE_FILES] = {{NULL, NULL, 0}};
    enum fa_db_outcome outcome = find(db, request, arena, &reuse->figures, sources, err);

    reuse->found = false;
    if (outcome != FA_DB_ROW)
        return outcome;
    for (size_t i = 0; i < FA_REUSE_FILES; i++) {
        struct fa_object *copy = &reuse->objects[i];

        copy->size = (uint64_t)sources[i].size;
        (void)fa_digest_parse(sources[i].sha256, copy->sha256);
        if (fa_object_copy(db, store, sources[i].key, copy, err) < 0)
            return FA_DB_FAILED;
    }
    reuse->found = true;
    return FA_DB_ROW;
}

static enum fa_db_outcome
finish_stages(struct fa_db *db, const struct fa_uuid *asset, struct fa_error *err)
{
    enum fa_db_outcome outcome = FA_DB_ROW;

    for (size_t i = 0; outcome >= 0 && i < FA_COUNT(done); i++)
        outcome = fa_stage_set(db, asset, done[i], "finished", NULL, err);
    return outcome;
}

static enum fa_db_outcome
put_files(struct fa_db *db, const struct fa_cad_change *change, const struct fa_reuse *reuse,
          struct fa_error *err)
{
    enum fa_db_outcome outcome = FA_DB_ROW;

    for (size_t i = 0; outcome >= 0 && i < FA_REUSE_FILES; i++)
        outcome = fa_cad_put_derived(db, change->part, kinds[i], &reuse->objects[i],
                                     change->grace_s, err);
    return outcome;
}

enum fa_db_outcome
fa_reuse_apply(struct fa_db *db, const struct fa_cad_change *change, const struct fa_uuid *asset,
               const struct fa_reuse *reuse, struct fa_error *err)
{
    const struct fa_event news = {.event = "finished",
                                  .job = FA_TASK_CAD,
                                  .part = change->part,
                                  .asset = asset,
                                  .percent = -1};
    enum fa_db_outcome outcome = fa_cad_clear(db, change, asset, err);

    if (outcome >= 0)
        outcome = fa_cad_add_result(db, asset, "cad", reuse->figures, err);
    if (outcome >= 0)
        outcome = put_files(db, change, reuse, err);
    if (outcome >= 0)
        outcome = finish_stages(db, asset, err);
    if (outcome >= 0)
        outcome = fa_reuse_offer(db, asset, err);
    if (outcome >= 0)
        outcome = fa_cad_set_status(db, change->part, "ready", err);
    if (outcome < 0)
        return outcome;
    change->told->events = true;
    return fa_event_keep(db, &news, NULL, change->account, err);
}

enum fa_db_outcome
fa_reuse_offer(struct fa_db *db, const struct fa_uuid *asset, struct fa_error *err)
{
    static const struct fa_statement offer = {
        "reuse_offer", "INSERT INTO cad_content (asset_id, scope_id, sha256, version)"
                       " SELECT asset_id, COALESCE(organization_id, owner_id), sha256, $2"
                       " FROM asset JOIN part USING (part_id) WHERE asset_id = $1"
                       " ON CONFLICT (asset_id) DO UPDATE SET scope_id = excluded.scope_id,"
                       "  sha256 = excluded.sha256, version = excluded.version"};

    return fa_db_run(db, &offer, FA_PARAMS(FA_UUID(asset), FA_INT(FA_ANALYSIS_VERSION)), err);
}
