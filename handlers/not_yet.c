/*
 * Operations whose rules are settled and whose work is not written: who may ask, and what must be
 * there, is checked as it always will be; a request that passes is answered 501.
 */
#include "handlers/handler.h"
#include "lib/part/asset_type.h"
#include "lib/part/file.h"

static int
not_yet(struct fa_error *err)
{
    return fa_error_set(err, FA_E_NOT_YET, "every check passed");
}

/* GET …/optimal-orientation-file/ */
int
fa_orientation_start(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
                     struct fa_error *err)
{
    struct fa_file cad;

    (void)reply;
    if (fa_file_find_cad(ctx->db, &request->access, request->arena, &cad, err) < 0)
        return -1;
    if (!fa_format_orients(fa_format_of(cad.name)))
        return fa_error_set(err, FA_E_CAD_FORMAT, "the CAD is neither STL nor STEP");
    return not_yet(err);
}

/* GET …/zip-request-for-quotation/ */
int
fa_rfq_zip(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
           struct fa_error *err)
{
    (void)reply;
    if (fa_file_check_quotation(ctx->db, &request->access, err) < 0)
        return -1;
    return not_yet(err);
}

/* GET …/mail-request-for-quotation/ */
int
fa_rfq_mail(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
            struct fa_error *err)
{
    (void)reply;
    if (fa_access_check(ctx->db, &request->access, FA_READ, err) < 0)
        return -1;
    return not_yet(err);
}
