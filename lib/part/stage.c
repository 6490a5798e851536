#include "lib/part/stage.h"
#include "lib/base/json.h"

#include <string.h>

#define ON(processing) (1U << (processing))

enum { ALL = ~0 };

/* Texts and order are the contract's. */
static const struct fa_stage stages[] = {
    {"upload", 0, "Upload", "Uploading CAD file", "CAD file uploaded.", (unsigned)ALL, NULL},
    {"image_analysis", 1, "Material Analysis", "Searching drawing for meta data",
     "Drawing analysed.", ON(FA_PROCESS_DRAWING), NULL},
    {"cad_analysis", 1, "CAD Analysis", "Analysing CAD file", "CAD file analysed.",
     ON(FA_PROCESS_CAD), FA_TASK_CAD},
    {"visualization", 2, "Visualization", "Creating 3D view", "3D view created.",
     ON(FA_PROCESS_CAD), FA_TASK_CAD},
    {"thumbnail", 3, "Thumbnail", "Drawing thumbnail", "Thumbnail drawn.", ON(FA_PROCESS_CAD),
     FA_TASK_CAD},
    {"optimal_orientation", 4, "Optimal Orientation", "Searching optimal orientation",
     "Optimal orientation found.", ON(FA_PROCESS_CAD), NULL},
    {"analysis_report", 5, "Analysis Report", "Writing analysis report", "Analysis report written.",
     ON(FA_PROCESS_CAD), FA_TASK_REPORT},
};

const char *
fa_stage_first(const char *task)
{
    for (size_t i = 0; i < FA_COUNT(stages); i++)
        if (stages[i].task != NULL && strcmp(stages[i].task, task) == 0)
            return stages[i].key;
    return NULL;
}

/* The keys of the stages of a kind of processing; how many. */
static size_t
list_keys(enum fa_processing processing, const char **keys, size_t limit)
{
    size_t count = 0;

    for (size_t i = 0; i < FA_COUNT(stages) && count < limit; i++)
        if ((stages[i].processing & ON(processing)) != 0)
            keys[count++] = stages[i].key;
    return count;
}

static struct json_object *
build_choice(const struct fa_stage *stage, const struct fa_stage_state *state)
{
    struct json_object *choice = json_object_new_object();
    struct json_object *error = json_object_new_object();
    bool failed = strcmp(state->state, "failed") == 0;

    fa_json_add_text(choice, "name", stage->name);
    fa_json_add_text(error, "message", failed ? state->message : NULL);
    json_object_object_add(error, "error_raised", json_object_new_boolean(failed));
    fa_json_add_text(error, "recommmended_user_action", failed ? state->user_action : NULL);
    json_object_object_add(choice, "error", error);
    json_object_object_add(choice, "index", json_object_new_int64(stage->index));
    json_object_object_add(choice, "finished",
                           json_object_new_boolean(strcmp(state->state, "finished") == 0));
    fa_json_add_text(choice, "active_message", stage->active_message);
    fa_json_add_text(choice, "finished_message", stage->finished_message);
    return choice;
}

static const struct fa_stage_state *
find_state(const struct fa_stage_state *states, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(states[i].stage, key) == 0)
            return &states[i];
    return NULL;
}

struct json_object *
fa_stage_stat(const struct fa_stage_state *states, size_t count)
{
    struct json_object *stat = json_object_new_object();
    struct json_object *choices = json_object_new_object();
    const char *active = "pending";
    const char *previous = NULL;

    for (size_t i = 0; i < FA_COUNT(stages); i++) {
        const struct fa_stage_state *state = find_state(states, count, stages[i].key);

        if (state == NULL)
            continue;
        json_object_object_add(choices, stages[i].key, build_choice(&stages[i], state));
        if (strcmp(state->state, "active") == 0)
            active = stages[i].key;
        if (state->last)
            previous = stages[i].key;
    }
    fa_json_add_text(stat, "active", active);
    json_object_object_add(stat, "choices", choices);
    fa_json_add_text(stat, "previous", previous);
    return stat;
}

enum fa_db_outcome
fa_stage_create(struct fa_db *db, const struct fa_uuid *asset, enum fa_processing processing,
                bool replace, struct fa_error *err)
{
    static const struct fa_statement drop = {"stage_drop", "DELETE FROM stage WHERE asset_id = $1"};
    static const struct fa_statement create = {
        "stage_create",
        "INSERT INTO stage (asset_id, stage, state, ended_at)"
        " SELECT $1, key, CASE key WHEN 'upload' THEN 'finished' ELSE 'waiting' END,"
        "        CASE key WHEN 'upload' THEN clock_timestamp() END"
        " FROM unnest($2::text[]) AS key"};
    const char *keys[FA_COUNT(stages)];
    size_t count = list_keys(processing, keys, FA_COUNT(keys));

    if (replace) {
        enum fa_db_outcome outcome = fa_db_run(db, &drop, FA_PARAMS(FA_UUID(asset)), err);

        if (outcome < 0)
            return outcome;
    }
    return fa_db_run(db, &create, FA_PARAMS(FA_UUID(asset), FA_TEXTS(keys, count)), err);
}

enum fa_db_outcome
fa_stage_set(struct fa_db *db, const struct fa_uuid *asset, const char *stage, const char *state,
             const struct fa_error *failure, struct fa_error *err)
{
    static const struct fa_statement set = {
        "stage_set", "UPDATE stage SET state = $3, message = $4, user_action = $5,"
                     " percent = CASE WHEN $3 = 'active' THEN 0 ELSE percent END,"
                     " ended_at = CASE WHEN $3 IN ('finished', 'failed') THEN clock_timestamp() END"
                     " WHERE asset_id = $1 AND stage = $2"};
    const char *action = failure != NULL && failure->action[0] != '\0' ? failure->action : NULL;

    return fa_db_run(db, &set,
                     FA_PARAMS(FA_UUID(asset), FA_TEXT(stage), FA_TEXT(state),
                               FA_TEXT(failure != NULL ? failure->detail : NULL), FA_TEXT(action)),
                     err);
}

enum fa_db_outcome
fa_stage_advance(struct fa_db *db, const struct fa_job *job, const char *stage, int percent,
                 struct fa_error *err)
{
    static const struct fa_statement advance = {
        "stage_advance", "UPDATE stage SET percent = $3 FROM job"
                         " WHERE stage.asset_id = $1 AND stage = $2 AND stage.state = 'active'"
                         " AND job_id = $4 AND attempt = $5 AND job.state = 'running'"
                         " AND set_config('synchronous_commit', 'off', true) IS NOT NULL"};

    return fa_db_run(db, &advance,
                     FA_PARAMS(FA_UUID(&job->asset), FA_TEXT(stage), FA_INT(percent),
                               FA_UUID(&job->id), FA_INT(job->attempt)),
                     err);
}

enum fa_db_outcome
fa_stage_blame(struct fa_db *db, struct fa_stage_blame *blame, struct fa_arena *arena,
               struct fa_error *err)
{
    static const struct fa_statement set_failed = {
        "stage_blame",
        "UPDATE stage SET state = 'failed', message = $3, user_action = nullif($4, ''),"
        " ended_at = clock_timestamp() WHERE asset_id = $1 AND stage = COALESCE("
        "  (SELECT stage FROM stage WHERE asset_id = $1 AND state = 'active' LIMIT 1), $2)"
        " RETURNING stage"};

    return fa_db_row(db, &set_failed,
                     FA_PARAMS(FA_UUID(blame->asset), FA_TEXT(blame->otherwise),
                               FA_TEXT(blame->failure->detail), FA_TEXT(blame->failure->action)),
                     FA_COLUMNS(FA_COLUMN_TEXT("stage", &blame->stage)), arena, err);
}
