#include "ws/handshake.h"

#include <stdlib.h>
#include <string.h>

enum { TOKEN_MAX = 16 * 1024, PATH_MAX_BYTES = 64, ORIGIN_MAX = 512 };

/* A header's value in the arena; NULL when it was not sent or is too long. */
static char *
read_header(struct lws *wsi, enum lws_token_indexes token, size_t limit, struct fa_arena *arena)
{
    int length = lws_hdr_total_length(wsi, token);
    char *value;

    if (length <= 0 || (size_t)length >= limit)
        return NULL;
    value = fa_arena_alloc(arena, (size_t)length + 1);
    if (value == NULL || lws_hdr_copy(wsi, value, length + 1, token) < 0)
        return NULL;
    return value;
}

static bool
is_known_path(struct lws *wsi, struct fa_arena *arena)
{
    static const char *const paths[] = {"/ws/", "/ws/echo", "/ws/echo/"};
    const char *path = read_header(wsi, WSI_TOKEN_GET_URI, PATH_MAX_BYTES, arena);

    for (size_t i = 0; path != NULL && i < FA_COUNT(paths); i++)
        if (strcmp(path, paths[i]) == 0)
            return true;
    return false;
}

/* A page of another site must not use a visitor's credentials; without Origin it is no page. */
static bool
is_allowed_origin(struct lws *wsi, const char *allowed, struct fa_arena *arena)
{
    const char *origin = read_header(wsi, WSI_TOKEN_ORIGIN, ORIGIN_MAX, arena);
    size_t length = origin != NULL ? strlen(origin) : 0;

    if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) <= 0 || strcmp(allowed, "*") == 0)
        return true;
    while (origin != NULL && *allowed != '\0') {
        size_t size = strcspn(allowed, " ");

        if (size == length && strncmp(allowed, origin, size) == 0)
            return true;
        allowed += size + strspn(allowed + size, " ");
    }
    return false;
}

/* A value of the query.  libwebsockets copies every pair until it finds the one, so the space must
 * hold the longest, the token. */
static const char *
read_query(struct lws *wsi, const char *name_and_equals, struct fa_arena *arena)
{
    char *space = fa_arena_alloc(arena, TOKEN_MAX);
    const char *value =
        space != NULL ? lws_get_urlarg_by_name(wsi, name_and_equals, space, TOKEN_MAX) : NULL;

    return value != NULL && *value != '\0' ? value : NULL;
}

static const char *
find_token(struct lws *wsi, struct fa_arena *arena)
{
    static const char scheme[] = "Bearer ";
    const char *value = read_query(wsi, "Bearer=", arena);

    if (value != NULL)
        return value;
    value = read_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, TOKEN_MAX, arena);
    if (value != NULL && strncasecmp(value, scheme, sizeof scheme - 1) == 0)
        return value + sizeof scheme - 1;
    return NULL;
}

int
fa_handshake_check(struct lws *wsi, const struct fa_options *options, struct fa_keys *keys,
                   struct fa_arena *arena, struct fa_identity *identity, struct fa_error *err)
{
    const struct fa_token_rules rules = {.issuer = options->issuer,
                                         .audience = options->audience,
                                         .client = options->client,
                                         .leeway_s = options->leeway};
    struct fa_error ignored;
    const char *token;

    if (!is_known_path(wsi, arena)) {
        fa_error_set(err, FA_E_NO_ROUTE, "no such path");
        return HTTP_STATUS_NOT_FOUND;
    }
    token = find_token(wsi, arena);
    if (token == NULL) {
        fa_error_set(err, FA_E_AUTH_MISSING, "no token");
        return HTTP_STATUS_UNAUTHORIZED;
    }
    /* New keys that cannot be read leave the old ones in force. */
    (void)!fa_keys_refresh(keys, &ignored);
    if (fa_token_verify(keys, &rules, token, strlen(token), arena, identity, err) < 0)
        return HTTP_STATUS_UNAUTHORIZED;
    if (!is_allowed_origin(wsi, options->ws_origins, arena)) {
        fa_error_set(err, FA_E_FORBIDDEN, "its origin is not among FILEAPI_WS_ORIGINS");
        return HTTP_STATUS_FORBIDDEN;
    }
    return 0;
}

int64_t
fa_handshake_last_event(struct lws *wsi, struct fa_arena *arena)
{
    const char *value = read_query(wsi, "last_event_id=", arena);
    char *end;
    long long id;

    if (value == NULL)
        return -1;
    id = strtoll(value, &end, 10);
    return *end == '\0' && id >= 0 ? id : -1;
}

void
fa_handshake_request_id(struct lws *wsi, char *id, size_t size)
{
    if (lws_hdr_custom_copy(wsi, id, (int)size, "x-request-id:", 13) < 0)
        id[0] = '\0';
}
