/* GET …/analysis-results-file/: starts the report job. */
#include "handlers/handler.h"
#include "lib/part/report_request.h"

int
fa_report_start(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
                struct fa_error *err)
{
    struct fa_report_request report = {.access = request->access,
                                       .request_id = request->id,
                                       .options = ctx->options,
                                       .told.log = ctx->log};

    if (fa_report_request(ctx->db, &report, err) < 0)
        return -1;
    return fa_reply_message(request, reply,
                            "Celery worker for storing analysis result file started.", err);
}
