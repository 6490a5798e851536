#include "fcgi/body.h"

#include <stdlib.h>

enum { DISCARD_BYTES = 64 * 1024 };

int
fa_body_open(struct fa_body *body, FCGX_Stream *in, const char *content_length,
             struct fa_error *err)
{
    char *end = NULL;
    long long length = content_length != NULL ? strtoll(content_length, &end, 10) : 0;

    *body = (struct fa_body){.in = in};
    if (content_length != NULL && (*end != '\0' || length < 0))
        return fa_error_set(err, FA_E_REQUEST, "content length is no number");
    body->left = length;
    return 0;
}

int
fa_body_read(struct fa_body *body, char *buffer, int size, struct fa_error *err)
{
    int got;

    if (body->left == 0)
        return 0;
    if (size > body->left)
        size = (int)body->left;
    got = FCGX_GetStr(buffer, size, body->in);
    if (got < size || FCGX_GetError(body->in) != 0) {
        long long missing = (long long)body->left - got;

        body->left = 0;
        return fa_error_set(err, FA_E_REQUEST, "the body breaks off, %lld bytes are missing",
                            missing);
    }
    body->left -= got;
    return got;
}

int
fa_body_read_all(struct fa_body *body, int limit, struct fa_arena *arena, const char **text_r,
                 size_t *length_r, struct fa_error *err)
{
    char *text;

    if (body->left > limit)
        return fa_error_set(err, FA_E_TOO_LARGE, "a body of %lld bytes", (long long)body->left);
    *length_r = (size_t)body->left;
    *text_r = text = fa_arena_alloc(arena, *length_r + 1);
    if (text == NULL)
        return fa_error_set(err, FA_E_MEMORY, "body");
    return fa_body_read(body, text, (int)body->left, err) < 0 ? -1 : 0;
}

bool
fa_body_discard(struct fa_body *body)
{
    char buffer[DISCARD_BYTES];
    struct fa_error ignored;

    while (fa_body_read(body, buffer, sizeof buffer, &ignored) > 0)
        continue;
    return FCGX_GetStr(buffer, 1, body->in) == 0 && FCGX_GetError(body->in) == 0;
}
