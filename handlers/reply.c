#include "handlers/handler.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/problem.h"

#include <json-c/json.h>
#include <string.h>

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
    const char *text;

    if (object == NULL)
        return -1;
    text = fa_json_print(object, request->arena);
    json_object_put(object);
    return text != NULL ? fa_reply_text(reply, text) : fa_error_set(err, FA_E_MEMORY, "answer");
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

void
fa_reply_problem(const struct fa_request *request, struct fa_reply *reply,
                 const struct fa_error *problem)
{
    FA_AUTO_BUF(out, FA_PROBLEM_LIMIT);
    int status = fa_error_status(problem->code);
    const char *name;
    const char *value;
    char *body;

    fa_problem_print(&out, problem, request->path, request->id);
    /* Too long a path to repeat, or no memory: the status alone still tells. */
    body = out.failed ? NULL : fa_arena_strndup(request->arena, out.data, out.length);
    *reply =
        (struct fa_reply){.status = status, .body = body, .length = body != NULL ? out.length : 0};
    fa_reply_header(reply, "Content-Type", "application/problem+json");
    name = fa_problem_header(status, &value);
    if (name != NULL)
        fa_reply_header(reply, name, value);
}
