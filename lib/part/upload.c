#include "lib/part/upload.h"
#include "lib/base/cleanup.h"
#include "lib/base/failpoint.h"
#include "lib/base/json.h"
#include "lib/part/answer.h"
#include "lib/quota/quota.h"

static enum fa_db_outcome
make_answer(struct fa_db *db, struct fa_upload *upload, struct fa_error *err)
{
    FA_CLEANUP(fa_json_free)
    struct json_object *answer = fa_answer_part(db, &upload->asset.access.part, "asset created",
                                                upload->options->time_zone, err);

    if (answer == NULL)
        return FA_DB_FAILED;
    upload->answer = fa_json_print(answer, upload->arena);
    if (upload->answer == NULL)
        return fa_db_fail(err, FA_E_MEMORY, "answer");
    return FA_DB_ROW;
}

/* Another request with this key was faster: the object of this one is not needed. */
static enum fa_db_outcome
take_earlier(struct fa_db *db, struct fa_upload *upload, struct fa_error *err)
{
    enum fa_db_outcome outcome = fa_object_own(db, upload->asset.object, err);

    upload->answer = upload->replay.body;
    if (outcome < 0)
        return outcome;
    return fa_object_bury(db, upload->asset.object->key, 0, err);
}

static enum fa_db_outcome
place(struct fa_db *db, void *closure, struct fa_error *err)
{
    struct fa_upload *upload = closure;
    struct fa_asset_upload *asset = &upload->asset;
    struct fa_quota_amounts added;
    enum fa_db_outcome outcome = FA_DB_NONE;

    if (upload->replay.key != NULL)
        outcome = fa_replay_claim(db, &upload->replay, upload->arena, err);
    if (outcome == FA_DB_ROW)
        return take_earlier(db, upload, err);
    if (outcome >= 0)
        outcome = fa_asset_put(db, asset, err);
    if (outcome < 0)
        return outcome;
    added = (struct fa_quota_amounts){{asset->grown, asset->new_part, asset->queued}};
    outcome = fa_quota_check(db, upload->options, &asset->access.part, &added, err);
    if (outcome >= 0)
        outcome = make_answer(db, upload, err);
    upload->replay.body = upload->answer;
    upload->replay.part = asset->access.part;
    if (outcome >= 0 && upload->replay.key != NULL)
        outcome = fa_replay_keep(db, &upload->replay, err);
    (void)FA_FAILPOINT("upload.before_commit");
    return outcome;
}

int
fa_upload_place(struct fa_db *db, struct fa_upload *upload, struct fa_error *err)
{
    enum fa_db_outcome outcome = fa_announce_after(db, place, upload, &upload->asset.told, err);

    (void)FA_FAILPOINT("upload.after_commit");
    return outcome < 0 ? -1 : 0;
}
