#include "lib/part/answer.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/part/stage.h"

#include <string.h>

enum { ARENA_LIMIT = 64 << 20, STAGES_MAX = 8 };

/* One row per asset and stage, newest part and newest asset first.  Results, which may be long,
 * stand in one of the rows only. */
static const struct fa_statement assets = {
    "answer_assets",
    "SELECT a.part_id, a.asset_id, a.basename, a.asset_type,"
    " CASE WHEN s.stage = 'upload' THEN a.results::text END AS results,"
    " to_char(a.updated_at AT TIME ZONE $2, 'DD.MM.YYYY HH24:MI') AS updated,"
    " s.stage, s.state, s.message, s.user_action,"
    " s.state = 'finished' AND NOT EXISTS (SELECT FROM stage later"
    "  WHERE later.asset_id = s.asset_id AND later.state = 'finished'"
    "  AND later.ended_at > s.ended_at) AS last"
    " FROM asset a JOIN stage s USING (asset_id) WHERE a.part_id = ANY ($1::text[]::uuid[])"
    " ORDER BY a.part_id DESC, a.placed DESC"};

static const struct fa_statement part_name = {"answer_part",
                                              "SELECT name FROM part WHERE part_id = $1"};

struct asset {
    struct fa_uuid part;
    struct fa_uuid id;
    const char *basename;
    const char *asset_type;
    const char *results;
    const char *updated;
    struct fa_stage_state stages[STAGES_MAX];
    size_t stage_count;
};

/* The asset goes into its part's list. */
static void
add_asset(const struct fa_answer_list *lists, size_t count, const struct asset *asset)
{
    struct json_object *object;
    char id[FA_UUID_TEXT];
    size_t i = 0;

    while (i < count && memcmp(&lists[i].part, &asset->part, sizeof asset->part) != 0)
        i++;
    if (asset->stage_count == 0 || i == count)
        return;
    object = json_object_new_object();
    fa_json_add_text(object, "basename", asset->basename);
    fa_json_add_text(object, "asset_type", asset->asset_type);
    fa_json_add_text(object, "updated", asset->updated);
    json_object_object_add(object, "asset_stat", fa_stage_stat(asset->stages, asset->stage_count));
    json_object_object_add(object, "analysis_results",
                           json_tokener_parse(asset->results != NULL ? asset->results : "{}"));
    json_object_object_add(lists[i].assets, fa_uuid_text(&asset->id, id), object);
}

static enum fa_db_outcome
read_row(struct fa_rows *rows, struct fa_arena *arena, struct asset *row, struct fa_error *err)
{
    struct fa_stage_state *stage = &row->stages[0];

    *row = (struct asset){.stage_count = 1};
    return fa_rows_next(
        rows,
        FA_COLUMNS(FA_COLUMN_UUID("part_id", &row->part), FA_COLUMN_UUID("asset_id", &row->id),
                   FA_COLUMN_TEXT("basename", &row->basename),
                   FA_COLUMN_TEXT("asset_type", &row->asset_type),
                   FA_COLUMN_TEXT("results", &row->results),
                   FA_COLUMN_TEXT("updated", &row->updated), FA_COLUMN_TEXT("stage", &stage->stage),
                   FA_COLUMN_TEXT("state", &stage->state),
                   FA_COLUMN_TEXT("message", &stage->message),
                   FA_COLUMN_TEXT("user_action", &stage->user_action),
                   FA_COLUMN_BOOL("last", &stage->last)),
        arena, err);
}

static int
add_assets(const struct fa_answer_list *lists, size_t count, struct fa_rows *rows,
           struct fa_error *err)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    struct asset asset = {.stage_count = 0};
    struct asset row;
    enum fa_db_outcome outcome;

    while ((outcome = read_row(rows, &arena, &row, err)) == FA_DB_ROW) {
        if (asset.stage_count == 0 || memcmp(&asset.id, &row.id, sizeof row.id) != 0) {
            add_asset(lists, count, &asset);
            asset = row;
            continue;
        }
        if (row.results != NULL)
            asset.results = row.results;
        if (asset.stage_count < STAGES_MAX)
            asset.stages[asset.stage_count++] = row.stages[0];
    }
    add_asset(lists, count, &asset);
    return outcome < 0 ? -1 : 0;
}

int
fa_answer_assets(struct fa_db *db, const struct fa_answer_list *lists, size_t count,
                 const char *time_zone, struct fa_error *err)
{
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    char ids[FA_ANSWER_PARTS][FA_UUID_TEXT];
    const char *texts[FA_ANSWER_PARTS];

    for (size_t i = 0; i < count; i++)
        texts[i] = fa_uuid_text(&lists[i].part, ids[i]);
    if (fa_db_rows(db, &assets, FA_PARAMS(FA_TEXTS(texts, count), FA_TEXT(time_zone)), &rows, err) <
        0)
        return -1;
    return add_assets(lists, count, &rows, err);
}

struct json_object *
fa_answer_part(struct fa_db *db, const struct fa_uuid *part, const char *message,
               const char *time_zone, struct fa_error *err)
{
    FA_AUTO_ARENA(arena, 64 * 1024);
    struct fa_answer_list list = {.part = *part};
    struct json_object *answer;
    const char *name = NULL;
    char id[FA_UUID_TEXT];
    enum fa_db_outcome outcome;

    outcome = fa_db_row(db, &part_name, FA_PARAMS(FA_UUID(part)),
                        FA_COLUMNS(FA_COLUMN_TEXT("name", &name)), &arena, err);
    if (outcome == FA_DB_NONE)
        fa_error_set(err, FA_E_NO_PART, "the part is gone");
    if (outcome != FA_DB_ROW)
        return NULL;
    answer = json_object_new_object();
    list.assets = json_object_new_object();
    fa_json_add_text(answer, "part_id", fa_uuid_text(part, id));
    fa_json_add_text(answer, "task", "PartAssetApi");
    fa_json_add_text(answer, "message", message);
    fa_json_add_text(answer, "name", name);
    json_object_object_add(answer, "assets", list.assets);
    if (fa_answer_assets(db, &list, 1, time_zone, err) == 0)
        return answer;
    json_object_put(answer);
    return NULL;
}
