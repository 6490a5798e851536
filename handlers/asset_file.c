/* GET …/assets/: one asset of a part, by its name. */
#include "handlers/download.h"

enum { BASENAME_MAX = 255 };

const struct fa_field fa_basename_fields[] = {
    {.name = "basename",
     .type = FA_FIELD_TEXT,
     .flags = FA_FIELD_REQUIRED,
     .min = 1,
     .max = BASENAME_MAX},
    {.name = NULL},
};

int
fa_asset_get(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
             struct fa_error *err)
{
    struct fa_file file;

    if (fa_file_find_asset(ctx->db, &request->access, fa_request_text(request, "basename"),
                           request->arena, &file, err) < 0)
        return -1;
    return fa_reply_file(ctx, request, reply, &file, err);
}
