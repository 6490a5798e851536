/* /healthz: the process answers. /readyz: database and store answer too, and there are keys. */
#include "handlers/handler.h"

int
fa_health_live(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
               struct fa_error *err)
{
    (void)ctx;
    return fa_reply_message(request, reply, "ok", err);
}

int
fa_health_ready(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
                struct fa_error *err)
{
    if (fa_db_check(ctx->db, err) < 0 || fa_store_check(ctx->store, err) < 0 ||
        fa_bearer_ready(ctx->bearer, ctx->log, err) < 0)
        return -1;
    return fa_reply_message(request, reply, "ready", err);
}
