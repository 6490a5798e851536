/* DELETE …/assets/, …/upload-file/ and …/part/{part}/: an asset, the CAD, or all of a part. */
#include "lib/part/removal.h"
#include "handlers/handler.h"
#include "lib/part/answer.h"

static int
run(struct fa_ctx *ctx, const struct fa_request *request, enum fa_removal_what what,
    struct fa_error *err)
{
    struct fa_removal removal = {
        .access = request->access,
        .what = what,
        .request_id = request->id,
        .grace_s = ctx->options->store_grace,
        .basename = request->form != NULL ? fa_request_text(request, "basename") : NULL,
        .told.log = ctx->log,
    };

    return fa_removal_run(ctx->db, &removal, err);
}

int
fa_asset_delete(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
                struct fa_error *err)
{
    if (run(ctx, request, FA_REMOVE_ASSET, err) < 0)
        return -1;
    return fa_reply_json(request, reply,
                         fa_answer_part(ctx->db, &request->access.part, "Asset deleted.",
                                        ctx->options->time_zone, err),
                         err);
}

int
fa_cad_delete(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
              struct fa_error *err)
{
    if (run(ctx, request, FA_REMOVE_CAD, err) < 0)
        return -1;
    return fa_reply_message(request, reply, "CAD and associated files were deleted.", err);
}

int
fa_part_delete(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
               struct fa_error *err)
{
    if (run(ctx, request, FA_REMOVE_PART, err) < 0)
        return -1;
    return fa_reply_message(request, reply, "Part deleted.", err);
}
