#include "handlers/handler.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"

#include <json-c/json.h>
#include <string.h>

enum { PROBLEM_LIMIT = 8192 };

void
fa_reply_header(struct fa_reply *reply, const char *name, const char *value)
{
    if (reply->header_count < FA_REPLY_HEADERS)
        reply->headers[reply->header_count++] = (struct fa_reply_header){name, value};
}

int
fa_reply_json(const struct fa_request *request, struct fa_reply *reply, struct json_object *object,
              struct fa_error *err)
{
    size_t length;
    const char *text;

    if (object == NULL)
        return -1;
    text = json_object_to_json_string_length(
        object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
    reply->body = text != NULL ? fa_arena_strndup(request->arena, text, length) : NULL;
    json_object_put(object);
    if (reply->body == NULL)
        return fa_error_set(err, FA_E_MEMORY, "answer");
    reply->status = 200;
    reply->length = length;
    fa_reply_header(reply, "Content-Type", "application/json");
    return 0;
}

int
fa_reply_text(struct fa_reply *reply, const char *json)
{
    reply->status = 200;
    reply->body = json;
    reply->length = strlen(json);
    fa_reply_header(reply, "Content-Type", "application/json");
    return 0;
}

int
fa_reply_message(const struct fa_request *request, struct fa_reply *reply, const char *message,
                 struct fa_error *err)
{
    return fa_reply_json(request, reply, json_object_new_string(message), err);
}

static void
add_text(struct fa_buf *out, const char *name, const char *text)
{
    fa_buf_printf(out, ",\"%s\":", name);
    fa_buf_add_json(out, text, strlen(text));
}

/* Which quota, in words and as members. */
static void
add_quota(struct fa_buf *out, const struct fa_error *problem)
{
    const struct fa_error_quota *quota = &problem->quota;

    fa_buf_add_text(out, ",\"errors\":[{\"field\":\"quota\"");
    add_text(out, "detail", problem->detail);
    fa_buf_printf(out, "}],\"quota\":{\"owner\":\"%s\",\"resource\":\"%s\"", quota->owner,
                  quota->resource);
    if (quota->used >= 0)
        fa_buf_printf(out, ",\"used\":%lld", (long long)quota->used);
    else
        fa_buf_add_text(out, ",\"used\":null");
    fa_buf_printf(out, ",\"limit\":%lld}", (long long)quota->limit);
}

static void
add_fields(struct fa_buf *out, const struct fa_error *problem)
{
    fa_buf_add_text(out, ",\"errors\":[");
    for (int i = 0; i < problem->field_count; i++) {
        const struct fa_error_field *field = &problem->fields[i];

        fa_buf_add_text(out, i > 0 ? ",{\"field\":" : "{\"field\":");
        fa_buf_add_json(out, field->name, strlen(field->name));
        add_text(out, "detail", field->detail);
        fa_buf_add_text(out, "}");
    }
    fa_buf_add_text(out, "]");
}

void
fa_reply_problem(const struct fa_request *request, struct fa_reply *reply,
                 const struct fa_error *problem)
{
    FA_CLEANUP(fa_buf_free) struct fa_buf out;
    int status = fa_error_status(problem->code);
    char *body;

    fa_buf_init(&out, PROBLEM_LIMIT);
    fa_buf_printf(&out, "{\"type\":\"about:blank\",\"status\":%d", status);
    add_text(&out, "title", fa_error_title(problem->code));
    add_text(&out, "detail", fa_error_text(problem->code));
    if (request->path != NULL)
        add_text(&out, "instance", request->path);
    add_text(&out, "request_id", request->id);
    if (problem->code == FA_E_INPUT)
        add_fields(&out, problem);
    if (problem->quota.owner != NULL)
        add_quota(&out, problem);
    fa_buf_add_text(&out, "}");
    /* Too long a path to repeat, or no memory: the status alone still tells. */
    body = out.failed ? NULL : fa_arena_strndup(request->arena, out.data, out.length);
    *reply =
        (struct fa_reply){.status = status, .body = body, .length = body != NULL ? out.length : 0};
    fa_reply_header(reply, "Content-Type", "application/problem+json");
    if (status == 401)
        fa_reply_header(reply, "WWW-Authenticate", "Bearer");
    if (status == 503)
        fa_reply_header(reply, "Retry-After", "2");
    if (status == 429)
        fa_reply_header(reply, "Retry-After", "10");
}
