#include "handlers/download.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/utf8.h"

#include <string.h>

enum { DISPOSITION_LIMIT = 8192 };

/* attr-char of RFC 8187. */
static bool
is_attr_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$&+-.^_`|~", c) != NULL);
}

const char *
fa_disposition(struct fa_arena *arena, const char *name)
{
    FA_AUTO_BUF(out, DISPOSITION_LIMIT);
    size_t length = strlen(name);

    fa_buf_add_text(&out, "attachment; filename=\"");
    for (size_t i = 0, size; i < length; i += size) {
        size = fa_utf8_next(name + i, length - i, NULL);
        size = size == 0 ? 1 : size;
        /* Quotes, backslashes and percent signs are read differently by different browsers. */
        if (size > 1 || name[i] < 0x20 || name[i] == 0x7f || strchr("\"\\%", name[i]) != NULL)
            fa_buf_add_text(&out, "_");
        else
            fa_buf_add(&out, name + i, 1);
    }
    fa_buf_add_text(&out, "\"; filename*=UTF-8''");
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i];

        if (is_attr_char(c))
            fa_buf_add(&out, &name[i], 1);
        else
            fa_buf_printf(&out, "%%%02X", c);
    }
    return out.failed ? NULL : fa_arena_strndup(arena, out.data, out.length);
}

/* True when an If-Match or If-None-Match list names `etag` (with its quotes), or is "*" alone. Weak
 * members count only when `weak` is set (RFC 9110, 8.8.3.2).  Commas may stand in a member's
 * quotes; a member without quotes is none, and is passed over. */
static bool
etag_listed(const char *list, const char *etag, bool weak)
{
    size_t length = strlen(etag);

    list += strspn(list, " \t");
    if (*list == '*')
        return list[1 + strspn(list + 1, " \t")] == '\0';
    while (*(list += strspn(list, " \t,")) != '\0') {
        bool is_weak = strncmp(list, "W/", 2) == 0;
        const char *start = is_weak ? list + 2 : list;
        const char *quote = *start == '"' ? strchr(start + 1, '"') : NULL;

        if (quote != NULL && (weak || !is_weak) && (size_t)(quote + 1 - start) == length &&
            memcmp(start, etag, length) == 0)
            return true;
        list = quote != NULL ? quote + 1 : start;
        list += strcspn(list, ",");
    }
    return false;
}

/* RFC 9110, 13.2.2: If-Unmodified-Since counts only without If-Match; a bad date is no condition.
 */
static bool
is_other_version(const struct fa_request *request, const struct fa_file *file, const char *etag)
{
    int64_t since_us;

    if (request->if_match != NULL)
        return !etag_listed(request->if_match, etag, false);
    if (request->if_unmodified_since == NULL)
        return false;
    since_us = fa_clock_http_parse(request->if_unmodified_since);
    return since_us >= 0 && file->updated_us / FA_SECOND_US > since_us / FA_SECOND_US;
}

static bool
is_safe(const struct fa_request *request)
{
    return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

/* RFC 9110, 13.1.3: If-Modified-Since counts for GET and HEAD only. */
static bool
is_unchanged(const struct fa_request *request, const struct fa_file *file, const char *etag)
{
    int64_t since_us;

    if (request->if_none_match != NULL)
        return etag_listed(request->if_none_match, etag, true);
    if (request->if_modified_since == NULL || !is_safe(request))
        return false;
    since_us = fa_clock_http_parse(request->if_modified_since);
    return since_us >= 0 && file->updated_us / FA_SECOND_US <= since_us / FA_SECOND_US;
}

int
fa_reply_file(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
              const struct fa_file *file, struct fa_error *err)
{
    const char *etag = fa_arena_printf(request->arena, "\"%s\"", file->sha256);
    const char *disposition = fa_disposition(request->arena, file->name);
    const char *accel;
    char *modified = fa_arena_alloc(request->arena, FA_CLOCK_TEXT);
    bool unchanged;

    if (etag == NULL || disposition == NULL || modified == NULL)
        return fa_error_set(err, FA_E_MEMORY, "reply with a file");
    if (is_other_version(request, file, etag))
        return fa_error_set(err, FA_E_PRECONDITION, "the condition names another version");
    unchanged = is_unchanged(request, file, etag);
    /* RFC 9110, 13.1.2: not modified is an answer to GET and HEAD. */
    if (unchanged && !is_safe(request))
        return fa_error_set(err, FA_E_PRECONDITION, "the condition names this version");
    fa_reply_header(reply, "ETag", etag);
    fa_reply_header(reply, "Last-Modified", fa_clock_http(file->updated_us, modified));
    fa_reply_header(reply, "Cache-Control", "private, no-cache");
    if (unchanged) {
        reply->status = 304;
        return 0;
    }
    accel = fa_store_accel(ctx->store, file->object_key, file->often, request->arena, err);
    if (accel == NULL)
        return -1;
    reply->status = 200;
    fa_reply_header(reply, "Content-Type", file->media_type);
    fa_reply_header(reply, "Content-Disposition", disposition);
    fa_reply_header(reply, "X-Content-Type-Options", "nosniff");
    /* nginx's, should it have to say that there is no such range. */
    fa_reply_header(reply, "X-File-Size",
                    fa_arena_printf(request->arena, "%lld", (long long)file->size));
    fa_reply_header(reply, "X-Accel-Redirect", accel);
    return 0;
}
