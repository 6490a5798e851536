/* Downloads: a part's assets, its CAD, and what was made from it. */
#include "handlers/download.h"

#include <string.h>

enum { BASENAME_MAX = 255 };

const struct fa_field fa_basename_fields[] = {
    {.name = "basename",
     .type = FA_FIELD_TEXT,
     .flags = FA_FIELD_REQUIRED,
     .min = 1,
     .max = BASENAME_MAX},
    {.name = NULL},
};

static const char *const thumbnail_sizes[] = {"512", "256", NULL};

const struct fa_field fa_thumbnail_fields[] = {
    {.name = "size", .type = FA_FIELD_CHOICE, .choices = thumbnail_sizes}, {.name = NULL}};

int
fa_cad_get(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
           struct fa_error *err)
{
    struct fa_file file;

    if (fa_file_find_cad(ctx->db, &request->access, request->arena, &file, err) < 0)
        return -1;
    return fa_reply_file(ctx, request, reply, &file, err);
}

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

static int
get_derived(struct fa_ctx *ctx, const struct fa_request *request, const char *kind,
            struct fa_reply *reply, struct fa_error *err)
{
    struct fa_file file;

    if (fa_file_find_derived(ctx->db, &request->access, kind, request->arena, &file, err) < 0)
        return -1;
    return fa_reply_file(ctx, request, reply, &file, err);
}

int
fa_visualization_get(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
                     struct fa_error *err)
{
    return get_derived(ctx, request, "visualization", reply, err);
}

int
fa_thumbnail_get(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
                 struct fa_error *err)
{
    const char *size = fa_request_text(request, "size");

    if (size != NULL && strcmp(size, "256") == 0) {
        if (get_derived(ctx, request, "thumbnail_256", reply, err) == 0)
            return 0;
        /* Pictures of older releases have one size. */
        if (err->code != FA_E_NO_FILE)
            return -1;
    }
    return get_derived(ctx, request, "thumbnail", reply, err);
}

int
fa_orientation_get(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
                   struct fa_error *err)
{
    return get_derived(ctx, request, "oriented", reply, err);
}

int
fa_report_get(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
              struct fa_error *err)
{
    return get_derived(ctx, request, "report", reply, err);
}
