#include "ws/handshake.h"
#include "lib/account/account.h"
#include "lib/base/cleanup.h"
#include "lib/base/words.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_LIMIT = 1 << 20, TOKEN_MAX = 16 * 1024, PATH_MAX_BYTES = 64, ORIGIN_MAX = 512 };

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

    if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) <= 0 || strcmp(allowed, "*") == 0)
        return true;
    return origin != NULL && fa_words_has(allowed, origin);
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

/* 0, or the status to refuse with. */
static int
judge(struct lws *wsi, const struct fa_hub *hub, struct fa_bearer *bearer, struct fa_arena *arena,
      struct fa_identity *identity, struct fa_error *err)
{
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
    if (fa_bearer_check(bearer, token, arena, hub->log, identity, err) < 0)
        return fa_error_status(err->code);
    if (!is_allowed_origin(wsi, hub->options->ws_origins, arena)) {
        fa_error_set(err, FA_E_FORBIDDEN, "its origin is not among FILEAPI_WS_ORIGINS");
        return HTTP_STATUS_FORBIDDEN;
    }
    return 0;
}

/* The `last_event_id` of the query; -1 when there is none. */
static int64_t
read_last_event(struct lws *wsi, struct fa_arena *arena)
{
    const char *value = read_query(wsi, "last_event_id=", arena);
    char *end;
    long long id;

    if (value == NULL)
        return -1;
    id = strtoll(value, &end, 10);
    return *end == '\0' && id >= 0 ? id : -1;
}

static enum fa_db_outcome
find_account(struct fa_hub *hub, const struct fa_identity *identity, struct fa_uuid *account_r,
             struct fa_error *err)
{
    struct fa_account account;
    enum fa_db_outcome outcome;

    /* An attempt to connect may take seconds, in which no socket is served. */
    if (hub->away)
        return (enum fa_db_outcome)fa_error_set(err, FA_E_DATABASE, "the database is away");
    outcome = fa_account_seen(hub->db, identity, &account, err);
    *account_r = account.id;
    return outcome;
}

int
fa_handshake_check(struct lws *wsi, struct fa_hub *hub, struct fa_bearer *bearer,
                   struct fa_session *session)
{
    FA_CLEANUP(fa_arena_free) struct fa_arena arena;
    struct fa_identity identity;
    struct fa_error err = {0};
    int status;

    fa_arena_init(&arena, ARENA_LIMIT);
    /* nginx's. */
    if (lws_hdr_custom_copy(wsi, session->request_id, sizeof session->request_id,
                            "x-request-id:", 13) < 0)
        session->request_id[0] = '\0';
    status = judge(wsi, hub, bearer, &arena, &identity, &err);
    if (status == 0 && find_account(hub, &identity, &session->account, &err) < 0)
        status = HTTP_STATUS_SERVICE_UNAVAILABLE;
    if (status != 0) {
        fa_log_error(hub->log, "handshake_refused", &err);
        return status;
    }
    session->wsi = wsi;
    session->expires_us = identity.expires_us;
    session->replay_from = read_last_event(wsi, &arena);
    return 0;
}
