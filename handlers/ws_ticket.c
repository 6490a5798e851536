/* POST /api/v1/ws-ticket/: what opens a WebSocket or an event stream once, in place of the token.
 */
#include "handlers/handler.h"
#include "lib/account/ticket.h"
#include "lib/base/json.h"

#include <json-c/json.h>

int
fa_ws_ticket_post(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
                  struct fa_error *err)
{
    const struct fa_access *access = &request->access;
    char ticket[FA_TICKET_TEXT];
    struct json_object *answer;

    if (fa_ticket_make(ctx->db, &access->account->id, access->identity->expires_us, ticket, err) <
        0)
        return -1;
    answer = json_object_new_object();
    fa_json_add_text(answer, "ticket", ticket);
    json_object_object_add(answer, "expires_in", json_object_new_int(FA_TICKET_S));
    fa_reply_header(reply, "Cache-Control", "no-store");
    return fa_reply_json(request, reply, answer, err);
}
