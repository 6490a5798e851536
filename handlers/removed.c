/* DELETE …/upload-file/ and what all deletions share. */
#include "handlers/removed.h"

int
fa_removed(struct fa_ctx *ctx, const struct fa_request *request, fa_remover *remove,
           struct fa_error *err)
{
    struct fa_error ignored;
    struct fa_removal removal = {
        .access = request->access,
        .request_id = request->id,
        .grace_s = ctx->options->store_grace,
        .basename = request->form != NULL ? fa_request_text(request, "basename") : NULL,
    };

    if (remove(ctx->db, &removal, err) < 0)
        return -1;
    if (fa_announce(ctx->db, &removal.told, &ignored) < 0)
        fa_log_error(ctx->log, "removal_announce", &ignored);
    return 0;
}

int
fa_cad_delete(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
              struct fa_error *err)
{
    if (fa_removed(ctx, request, fa_removal_cad, err) < 0)
        return -1;
    return fa_reply_message(request, reply, "CAD and associated files were deleted.", err);
}
