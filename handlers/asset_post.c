/* POST …/assets/: an uploaded file becomes an asset of a new or an existing part. */
#include "handlers/handler.h"
#include "lib/base/hex.h"
#include "lib/part/asset_type.h"
#include "lib/part/upload.h"

const struct fa_field fa_asset_fields[] = {
    {.name = "file", .type = FA_FIELD_FILE, .flags = FA_FIELD_REQUIRED},
    {.name = "asset_type",
     .type = FA_FIELD_CHOICE,
     .flags = FA_FIELD_REQUIRED,
     .choices = fa_asset_types},
    {.name = "overwrite", .type = FA_FIELD_BOOL},
    {.name = "skip_drawing_analysis", .type = FA_FIELD_BOOL},
    {.name = NULL},
};

/* What makes this request the one that its Idempotency-Key stands for. */
static int
read_replay(const struct fa_request *request, struct fa_replay *replay, struct fa_error *err)
{
    const struct fa_form *form = request->form;
    const char *texts[FA_FORM_FIELDS + 4] = {request->method, request->path, form->file_name};
    char sha256[2 * sizeof form->object.sha256 + 1];
    size_t count = 4;

    replay->account = request->access.account->id;
    if (request->idempotency_key == NULL)
        return 0;
    if (fa_replay_read_key(request->idempotency_key, request->arena, &replay->key, err) < 0)
        return -1;
    texts[3] = fa_hex_text(form->object.sha256, sizeof form->object.sha256, sha256);
    for (size_t i = 0; request->route->fields[i].name != NULL; i++)
        texts[count++] = form->values[i].text;
    return fa_replay_fingerprint(replay, texts, count, err);
}

/* The first answer again; not to whom the part is closed by now. */
static int
reply_again(struct fa_ctx *ctx, const struct fa_request *request, const struct fa_replay *replay,
            struct fa_reply *reply, struct fa_error *err)
{
    struct fa_access access = request->access;
    struct fa_error closed;

    access.part = replay->part;
    if (fa_access_check(ctx->db, &access, FA_WRITE, &closed) < 0 && closed.code != FA_E_NO_PART) {
        *err = closed;
        return -1;
    }
    fa_reply_header(reply, "Idempotency-Replayed", "true");
    return fa_reply_text(reply, replay->body);
}

/* Looks whether the content is known; trouble on the way only costs the analysis. */
static void
prepare_reuse(struct fa_ctx *ctx, const struct fa_request *request, struct fa_upload *upload)
{
    const struct fa_reuse_request same = {.access = &upload->asset.access,
                                          .new_part = upload->asset.new_part,
                                          .basename = upload->asset.basename,
                                          .object = upload->asset.object};
    struct fa_error err;

    if (fa_processing_of(upload->asset.asset_type, upload->asset.basename, false) ==
            FA_PROCESS_CAD &&
        fa_reuse_prepare(ctx->db, ctx->store, &same, request->arena, upload->asset.reuse, &err) < 0)
        fa_log_error(ctx->log, "reuse", &err);
}

int
fa_asset_post(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
              struct fa_error *err)
{
    const struct fa_form *form = request->form;
    struct fa_object object = form->object;
    struct fa_reuse reuse = {.found = false};
    struct fa_upload upload = {
        .asset = {.access = request->access,
                  .new_part = request->new_part,
                  .basename = form->file_name,
                  .asset_type = fa_request_text(request, "asset_type"),
                  .overwrite = fa_request_flag(request, "overwrite"),
                  .skip_drawing = fa_request_flag(request, "skip_drawing_analysis"),
                  .object = &object,
                  .reuse = &reuse,
                  .request_id = request->id,
                  .grace_s = ctx->options->store_grace,
                  .told.log = ctx->log},
        .options = ctx->options,
        .arena = request->arena,
    };

    if (!fa_asset_type_takes(upload.asset.asset_type, upload.asset.basename))
        return fa_error_field(err, "file", "not a CAD format; .stl, .stp and .step are analysed");
    if (read_replay(request, &upload.replay, err) < 0)
        return -1;
    /* Without the right to the part nothing is stored; placing checks again, under the lock. */
    if (!upload.asset.new_part && fa_access_check(ctx->db, &upload.asset.access, FA_WRITE, err) < 0)
        return -1;
    if (upload.replay.key != NULL &&
        fa_replay_find(ctx->db, &upload.replay, request->arena, err) < 0)
        return -1;
    if (upload.replay.found)
        return reply_again(ctx, request, &upload.replay, reply, err);
    if (fa_object_create(ctx->db, ctx->store, form->file, &object, err) < 0)
        return -1;
    prepare_reuse(ctx, request, &upload);
    if (fa_upload_place(ctx->db, &upload, err) < 0)
        return -1;
    if (upload.replay.found)
        return reply_again(ctx, request, &upload.replay, reply, err);
    return fa_reply_text(reply, upload.answer);
}
