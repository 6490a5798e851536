#include "fcgi/serve.h"
#include "fcgi/body.h"
#include "fcgi/form.h"
#include "fcgi/router.h"
#include "fcgi/textform.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/quota/quota.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* FORM_BYTES: what a form may have around its file, as nginx allows. */
enum { READ_BYTES = 64 * 1024, FORM_BYTES = 1 << 20 };

/* One request while it is served. */
struct exchange {
    struct fa_ctx *ctx;
    FCGX_Request *fcgi;
    struct fa_request request;
    struct fa_reply reply;
    struct fa_match match;
    struct fa_identity identity;
    struct fa_body body;
    struct fa_form form;
};

static const char *
param(const struct exchange *x, const char *name)
{
    const char *value = FCGX_GetParam(name, x->fcgi->envp);

    return value != NULL && *value != '\0' ? value : NULL;
}

/* --- what nginx sent ------------------------------------------------------------------------- */

static int
read_params(struct exchange *x, struct fa_error *err)
{
    struct fa_request *request = &x->request;
    const char *uri = param(x, "REQUEST_URI");
    const char *method = param(x, "REQUEST_METHOD");
    const char *id = param(x, "REQUEST_ID");

    request->id = id != NULL ? id : "";
    x->ctx->log->request_id = request->id;
    request->method = method != NULL ? method : "";
    request->if_match = param(x, "HTTP_IF_MATCH");
    request->if_unmodified_since = param(x, "HTTP_IF_UNMODIFIED_SINCE");
    request->if_none_match = param(x, "HTTP_IF_NONE_MATCH");
    request->if_modified_since = param(x, "HTTP_IF_MODIFIED_SINCE");
    /* An empty key is a malformed one, not none. */
    request->idempotency_key = FCGX_GetParam("HTTP_IDEMPOTENCY_KEY", x->fcgi->envp);
    if (fa_body_open(&x->body, x->fcgi->in, param(x, "CONTENT_LENGTH"), err) < 0)
        return -1;
    if (uri == NULL || method == NULL)
        return fa_error_set(err, FA_E_REQUEST, "no method or path");
    request->path = fa_arena_strndup(request->arena, uri, strcspn(uri, "?"));
    if (request->path == NULL)
        return fa_error_set(err, FA_E_MEMORY, "path");
    return 0;
}

static int
authenticate(struct exchange *x, struct fa_error *err)
{
    const char *token;

    if (fa_bearer_read(param(x, "HTTP_AUTHORIZATION"), &token, err) < 0 ||
        fa_bearer_check(x->ctx->bearer, token, x->request.arena, x->ctx->log, &x->identity, err) <
            0)
        return -1;
    x->request.access.identity = &x->identity;
    return 0;
}

static int
read_part_id(struct exchange *x, struct fa_error *err)
{
    const struct fa_match *match = &x->match;
    bool optional = (x->request.route->flags & FA_ROUTE_NEW_PART) != 0;

    if (match->part == NULL || (optional && match->part_length == 1 && *match->part == '0')) {
        x->request.new_part = optional;
        return 0;
    }
    if (fa_uuid_parse(match->part, match->part_length, &x->request.access.part))
        return 0;
    return optional ? fa_error_field(err, "part_id", "must be empty, 0 or a UUID")
                    : fa_error_set(err, FA_E_NO_PART, "malformed part id");
}

/* --- fields ------------------------------------------------------------------------------------
 */

/* True when the body's media type is `type`, whatever its parameters. */
static bool
is_type(const char *content_type, const char *type)
{
    size_t length = strlen(type);

    return content_type != NULL && strncasecmp(content_type, type, length) == 0 &&
           (content_type[length] == '\0' || strchr("; \t", content_type[length]) != NULL);
}

static int
read_multipart(struct exchange *x, const char *content_type, struct fa_error *err)
{
    FA_CLEANUP(fa_form_close)
    struct fa_form_reader reader = {.ctx = x->ctx,
                                    .arena = x->request.arena,
                                    .fields = x->request.route->fields,
                                    .form = &x->form};
    char buffer[READ_BYTES];
    int got;

    if (((x->request.route->flags & FA_ROUTE_NEW_PART) != 0 &&
         fa_quota_announced(x->ctx->options,
                            x->request.new_part && x->identity.organization_count > 0,
                            x->body.left - FORM_BYTES, err) < 0) ||
        fa_form_open(&reader, content_type, err) < 0)
        return -1;
    while ((got = fa_body_read(&x->body, buffer, sizeof buffer, err)) > 0)
        if (fa_form_feed(&reader, buffer, (size_t)got, err) < 0)
            return -1;
    return got < 0 ? -1 : fa_form_finish(&reader, err);
}

/* An urlencoded or JSON body. */
static int
read_text(struct exchange *x, const char *content_type, struct fa_error *err)
{
    const struct fa_field *fields = x->request.route->fields;
    const char *text;
    size_t length;

    if (fa_body_read_all(&x->body, FA_TEXTFORM_BODY, x->request.arena, &text, &length, err) < 0)
        return -1;
    if (is_type(content_type, "application/json"))
        return fa_textform_json(fields, text, length, x->request.arena, &x->form, err);
    if (is_type(content_type, "application/x-www-form-urlencoded"))
        return fa_textform_pairs(fields, text, length, x->request.arena, &x->form, err);
    return fa_error_field(err, "body", "must be a form or JSON");
}

/* The route's fields, from wherever it takes them. */
static int
read_fields(struct exchange *x, struct fa_error *err)
{
    const struct fa_route *route = x->request.route;
    const char *content_type = param(x, "CONTENT_TYPE");
    const char *query = param(x, "QUERY_STRING");
    bool text =
        (route->flags & FA_ROUTE_TEXT) != 0 && !is_type(content_type, "multipart/form-data");
    int result = 0;

    x->request.form = &x->form;
    if ((route->flags & FA_ROUTE_QUERY) != 0 && query != NULL)
        result =
            fa_textform_pairs(route->fields, query, strlen(query), x->request.arena, &x->form, err);
    /* Where the query may hold all of it, a body may be missing. */
    if (result == 0 && (x->body.left > 0 || (route->flags & FA_ROUTE_QUERY) == 0))
        result = text                                  ? read_text(x, content_type, err)
                 : (route->flags & FA_ROUTE_FORM) != 0 ? read_multipart(x, content_type, err)
                                                       : 0;
    return result < 0 ? -1 : fa_field_complete(route->fields, &x->form, err);
}

/* --- the answer ------------------------------------------------------------------------------ */

/* Runs the contract's order of checks, then the handler. */
static int
answer(struct exchange *x, struct fa_error *err)
{
    const struct fa_route *route;

    if (read_params(x, err) < 0)
        return -1;
    fa_router_match(fa_routes, x->request.method, x->request.path, &x->match);
    if (x->match.known_path && strcmp(x->request.method, "OPTIONS") == 0) {
        x->reply.status = 204;
        fa_reply_header(&x->reply, "Allow", x->match.allow);
        return 0;
    }
    route = x->match.route;
    if ((route == NULL || (route->flags & FA_ROUTE_OPEN) == 0) && authenticate(x, err) < 0)
        return -1;
    if (!x->match.known_path)
        return fa_error_set(err, FA_E_NO_ROUTE, "no such path");
    if (route == NULL)
        return fa_error_set(err, FA_E_METHOD, "the path does not know this method");
    x->request.route = route;
    if (read_part_id(x, err) < 0)
        return -1;
    if (route->fields != NULL && read_fields(x, err) < 0)
        return -1;
    if ((route->flags & FA_ROUTE_OPEN) == 0 &&
        fa_seen_account(x->ctx->seen, x->ctx->db, &x->identity, &x->request.access.account, err) <
            0)
        return -1;
    return route->handler(x->ctx, &x->request, &x->reply, err);
}

static void
send_reply(struct exchange *x)
{
    const struct fa_reply *reply = &x->reply;
    FCGX_Stream *out = x->fcgi->out;
    bool bodiless = strcmp(x->request.method, "HEAD") == 0;
    char status[32];

    snprintf(status, sizeof status, "Status: %d\r\n", reply->status);
    FCGX_PutS(status, out);
    for (size_t i = 0; i < reply->header_count; i++) {
        FCGX_PutS(reply->headers[i].name, out);
        FCGX_PutS(": ", out);
        FCGX_PutS(reply->headers[i].value, out);
        FCGX_PutS("\r\n", out);
    }
    FCGX_PutS("\r\n", out);
    if (reply->body != NULL && !bodiless)
        FCGX_PutStr(reply->body, (int)reply->length, out);
    /* Not flushed: a short answer leaves with the end of the request, in one write that wakes nginx
     * once (FCGX_Finish_r). */
}

static void
log_request(struct exchange *x, int64_t started_us, const struct fa_error *err)
{
    bool failed = err->code != FA_OK;
    enum fa_log_level level = x->reply.status >= 500 ? FA_LOG_ERROR : FA_LOG_INFO;

    fa_log(x->ctx->log, level, "request", FA_LOG_TEXT("method", x->request.method),
           FA_LOG_TEXT("path", x->request.path), FA_LOG_NUMBER("status", x->reply.status),
           FA_LOG_NUMBER("us", fa_clock_monotonic_us() - started_us),
           failed ? FA_LOG_TEXT("detail", err->detail) : FA_LOG_END);
}

bool
fa_serve(struct fa_ctx *ctx, struct fa_arena *arena, FCGX_Request *fcgi)
{
    struct exchange x = {
        .ctx = ctx, .fcgi = fcgi, .request = {.arena = arena}, .form = {.file = -1}};
    struct fa_error err = {0};
    int64_t started_us = fa_clock_monotonic_us();
    bool ended;

    fa_store_begin(ctx->store);
    if (answer(&x, &err) < 0) {
        fa_reply_problem(&x.request, &x.reply, &err);
        if (err.code == FA_E_METHOD)
            fa_reply_header(&x.reply, "Allow", x.match.allow);
    }
    ended = fa_body_discard(&x.body);
    send_reply(&x);
    log_request(&x, started_us, &err);
    fa_cleanup_fd(&x.form.file);
    return ended;
}
