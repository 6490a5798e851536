/* POST …/assets/: an uploaded file becomes an asset of a new or an existing part. */
#include "handlers/handler.h"
#include "lib/job/job.h"
#include "lib/part/answer.h"
#include "lib/part/asset.h"
#include "lib/part/asset_type.h"

#include <string.h>

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

int
fa_asset_post(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
              struct fa_error *err)
{
    const struct fa_form *form = request->form;
    struct fa_object object = form->object;
    struct fa_error ignored;
    struct fa_asset_upload upload = {
        .access = request->access,
        .new_part = request->new_part,
        .basename = form->file_name,
        .asset_type = fa_request_text(request, "asset_type"),
        .overwrite = fa_request_flag(request, "overwrite"),
        .skip_drawing = fa_request_flag(request, "skip_drawing_analysis"),
        .object = &object,
        .request_id = request->id,
        .grace_s = ctx->options->store_grace,
    };

    if (strcmp(upload.asset_type, "cad") == 0 && !fa_format_of(upload.basename)->cad)
        return fa_error_field(err, "file", "not a CAD format; .stl, .stp and .step are analysed");
    /* Without the right to the part nothing is stored; placing checks again, under the lock. */
    if (!upload.new_part && fa_access_check(ctx->db, &upload.access, FA_WRITE, err) < 0)
        return -1;
    if (fa_object_create(ctx->db, ctx->store, form->file, &object, err) < 0)
        return -1;
    if (fa_asset_place(ctx->db, &upload, err) < 0)
        return -1;
    if (upload.queued && fa_job_announce(ctx->db, &ignored) < 0)
        fa_log_error(ctx->log, "job_announce", &ignored);
    return fa_reply_json(
        request, reply,
        fa_answer_part(ctx->db, &upload.access.part, "asset created", ctx->options->time_zone, err),
        err);
}
