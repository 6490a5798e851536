#include "lib/base/problem.h"

#include <string.h>

/* Which quota, in words and as members. */
static void
add_quota(struct fa_buf *out, const struct fa_error *problem)
{
    const struct fa_error_quota *quota = &problem->quota;

    fa_buf_add_text(out, ",\"errors\":[{\"field\":\"quota\"");
    fa_buf_add_member(out, "detail", problem->detail);
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
        fa_buf_add_member(out, "detail", field->detail);
        fa_buf_add_text(out, "}");
    }
    fa_buf_add_text(out, "]");
}

void
fa_problem_print(struct fa_buf *out, const struct fa_error *problem, const char *instance,
                 const char *request_id)
{
    fa_buf_printf(out, "{\"type\":\"about:blank\",\"status\":%d", fa_error_status(problem->code));
    fa_buf_add_member(out, "title", fa_error_title(problem->code));
    fa_buf_add_member(out, "detail", fa_error_text(problem->code));
    if (instance != NULL)
        fa_buf_add_member(out, "instance", instance);
    fa_buf_add_member(out, "request_id", request_id);
    if (problem->code == FA_E_INPUT)
        add_fields(out, problem);
    if (problem->quota.owner != NULL)
        add_quota(out, problem);
    fa_buf_add_text(out, "}");
}

const char *
fa_problem_header(int status, const char **value_r)
{
    static const struct {
        int status;
        const char *name;
        const char *value;
    } headers[] = {
        {401, "WWW-Authenticate", "Bearer"}, {429, "Retry-After", "10"}, {503, "Retry-After", "2"}};

    for (size_t i = 0; i < FA_COUNT(headers); i++)
        if (headers[i].status == status) {
            *value_r = headers[i].value;
            return headers[i].name;
        }
    return NULL;
}
