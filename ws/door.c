#include "ws/door.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/problem.h"
#include "lib/base/urlform.h"
#include "lib/base/words.h"
#include "ws/admission.h"
#include "ws/page.h"
#include "ws/replay.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

enum {
    ARENA_LIMIT = 32 << 20,
    ANSWER_LIMIT = 16 << 20,
    KEY_LENGTH = 24,
    ACCEPT_BYTES = 32,
    KEYS_PATIENCE_US = 500000 /* nobody is served meanwhile */
};

/* One request while it is answered. */
struct visit {
    struct fa_door *door;
    struct fa_session *session;
    const struct fa_head *head;
    struct fa_arena arena;
    const char *allow; /* methods, when the one that came is none of them */
};

int
fa_door_open(struct fa_door *door, const struct fa_options *options, struct fa_log *log,
             struct fa_hub *hub, struct fa_error *err)
{
    *door = (struct fa_door){.options = options, .log = log, .hub = hub};
    door->seen = fa_seen_new();
    if (door->seen == NULL)
        return fa_error_set(err, FA_E_MEMORY, "identities");
    return fa_bearer_open(options, KEYS_PATIENCE_US, &door->bearer, err);
}

void
fa_door_close(struct fa_door *door)
{
    fa_bearer_close(&door->bearer);
    fa_seen_free(&door->seen);
}

/* --- answers -----------------------------------------------------------------------------------
 */

static void
send_answer(struct fa_session *session, int status, const char *title, const char *fields,
            const struct fa_buf *body)
{
    FA_AUTO_BUF(out, ANSWER_LIMIT);

    fa_buf_printf(&out, "HTTP/1.1 %d %s\r\n%sConnection: close\r\n", status, title, fields);
    if (status != 204)
        fa_buf_printf(&out, "Content-Length: %zu\r\n", body->length);
    fa_buf_add_text(&out, "\r\n");
    fa_buf_add(&out, body->data != NULL ? body->data : "", body->length);
    if (out.failed)
        fa_session_lost(session);
    else
        fa_session_answer(session, out.data, out.length);
}

static void
send_problem(struct fa_session *session, const struct fa_error *problem, const char *path,
             const char *allow)
{
    int status = fa_error_status(problem->code);
    FA_AUTO_BUF(body, FA_PROBLEM_LIMIT);
    const char *value = NULL;
    const char *name = fa_problem_header(status, &value);
    char fields[256];

    if (allow != NULL) {
        name = "Allow";
        value = allow;
    }
    if (status == 426) {
        name = "Upgrade";
        value = "websocket\r\nSec-WebSocket-Version: 13";
    }
    fa_problem_print(&body, problem, path, session->request_id);
    snprintf(fields, sizeof fields, "Content-Type: application/problem+json\r\n%s%s%s%s",
             name != NULL ? name : "", name != NULL ? ": " : "", name != NULL ? value : "",
             name != NULL ? "\r\n" : "");
    send_answer(session, status, fa_error_title(problem->code), fields, &body);
}

/* --- opening -----------------------------------------------------------------------------------
 */

static void
open_session(struct visit *visit, enum fa_session_state state, const char *head,
             const struct fa_event_place *place)
{
    struct fa_session *session = visit->session;

    session->stream = state == FA_SESSION_STREAM;
    fa_session_open(session, state, head);
    fa_log(visit->door->log, FA_LOG_INFO, session->stream ? "stream_opened" : "socket_opened");
    fa_replay_begin(visit->door->hub, session, place);
}

/* Sec-WebSocket-Accept (RFC 6455, 4.2.2). */
static void
make_accept(const char *key, char accept[ACCEPT_BYTES])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA_DIGEST_LENGTH];
    char text[KEY_LENGTH + sizeof guid];

    snprintf(text, sizeof text, "%s%s", key, guid);
    SHA1((const unsigned char *)text, strlen(text), digest);
    EVP_EncodeBlock((unsigned char *)accept, digest, sizeof digest);
}

/* Where a stream is to begin: a text that cannot be read is a place that is not known. */
static const struct fa_event_place *
read_place(const char *text, struct fa_event_place *place)
{
    if (text == NULL || *text == '\0')
        return NULL;
    if (!fa_event_place_read(text, place))
        *place = (struct fa_event_place){.id = -1};
    return place;
}

static int
open_socket(struct visit *visit, struct fa_error *err)
{
    const struct fa_head *head = visit->head;
    const char *key = fa_head_value(head, "Sec-WebSocket-Key");
    const char *version = fa_head_value(head, "Sec-WebSocket-Version");
    bool bearer = fa_head_has(head, "Sec-WebSocket-Protocol", "bearer");
    struct fa_event_place place;
    const char *last = NULL;
    char accept[ACCEPT_BYTES];
    char answer[256];

    if (fa_admission_origin(visit->door->options, head, err) < 0)
        return -1;
    if (!fa_head_has(head, "Upgrade", "websocket") || !fa_head_has(head, "Connection", "upgrade") ||
        version == NULL || strcmp(version, "13") != 0)
        return fa_error_set(err, FA_E_UPGRADE, "no handshake of a WebSocket");
    if (key == NULL || strlen(key) != KEY_LENGTH)
        return fa_error_set(err, FA_E_REQUEST, "Sec-WebSocket-Key is malformed");
    if (fa_urlform_find(head->query, strlen(head->query), "last_event_id", &visit->arena, &last,
                        err) < 0)
        return -1;
    make_accept(key, accept);
    snprintf(answer, sizeof answer,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n%s\r\n",
             accept, bearer ? "Sec-WebSocket-Protocol: bearer\r\n" : "");
    open_session(visit, FA_SESSION_SOCKET, answer, read_place(last, &place));
    return 0;
}

static void
open_stream(struct visit *visit, const char *after)
{
    const char *last = fa_head_value(visit->head, "Last-Event-ID");
    struct fa_event_place place;

    open_session(visit, FA_SESSION_STREAM,
                 "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                 "Cache-Control: no-store\r\nConnection: close\r\n\r\nretry: 2000\n\n",
                 read_place(last != NULL && *last != '\0' ? last : after, &place));
}

static int
answer_events(struct visit *visit, struct fa_error *err)
{
    struct fa_page_request request;
    FA_AUTO_BUF(body, ANSWER_LIMIT);

    if (fa_page_read_request(visit->head->query, &visit->arena, &request, err) < 0)
        return -1;
    if (fa_head_has(visit->head, "Accept", "text/event-stream")) {
        open_stream(visit, request.after);
        return 0;
    }
    if (fa_page_print(visit->door->hub, &visit->session->account, &request, &body, err) < 0)
        return -1;
    fa_log(visit->door->log, FA_LOG_INFO, "page", FA_LOG_NUMBER("bytes", body.length));
    send_answer(visit->session, 200, "OK",
                "Content-Type: application/json\r\nCache-Control: no-store\r\n", &body);
    return 0;
}

/* --- routes ------------------------------------------------------------------------------------
 */

static const struct {
    const char *path; /* without the slash at its end */
    bool token_in_query;
    int (*answer)(struct visit *, struct fa_error *);
} routes[] = {
    {"/ws", true, open_socket},
    {"/ws/echo", true, open_socket},
    {"/api/v1/events", false, answer_events},
};

static size_t
find_route(const char *path)
{
    for (size_t i = 0; i < FA_COUNT(routes); i++) {
        size_t length = strlen(routes[i].path);

        if (strncmp(path, routes[i].path, length) == 0 &&
            (path[length] == '\0' || strcmp(path + length, "/") == 0))
            return i;
    }
    return FA_COUNT(routes);
}

/* The contract's order: who asks, for what, in which way; then what the input says. */
static int
answer(struct visit *visit, struct fa_error *err)
{
    struct fa_door *door = visit->door;
    const struct fa_head *head = visit->head;
    size_t route = find_route(head->path);
    bool known = route < FA_COUNT(routes);
    struct fa_admission admission = {.bearer = &door->bearer,
                                     .seen = door->seen,
                                     .hub = door->hub,
                                     .token_in_query = !known || routes[route].token_in_query};

    if (known && strcmp(head->method, "OPTIONS") == 0) {
        send_answer(visit->session, 204, "No Content", "Allow: GET, OPTIONS\r\n",
                    &(struct fa_buf){.data = NULL});
        return 0;
    }
    if (fa_admission_check(&admission, head, &visit->arena, visit->session, err) < 0)
        return -1;
    if (!known)
        return fa_error_set(err, FA_E_NO_ROUTE, "no such path");
    if (strcmp(head->method, "GET") != 0) {
        visit->allow = "GET, OPTIONS";
        return fa_error_set(err, FA_E_METHOD, "the path does not know this method");
    }
    return routes[route].answer(visit, err);
}

void
fa_door_answer(struct fa_door *door, struct fa_session *session, const struct fa_head *head)
{
    struct visit visit = {.door = door, .session = session, .head = head};
    const char *id = fa_head_value(head, "X-Request-Id");
    struct fa_error err = {0};

    fa_arena_init(&visit.arena, ARENA_LIMIT);
    snprintf(session->request_id, sizeof session->request_id, "%s", id != NULL ? id : "");
    door->log->request_id = session->request_id;
    if ((head->method == NULL ? fa_error_set(&err, FA_E_REQUEST, "malformed request")
                              : answer(&visit, &err)) < 0) {
        fa_log_error(door->log, "handshake_refused", &err);
        send_problem(session, &err, head->path, visit.allow);
    }
    door->log->request_id = NULL;
    fa_arena_free(&visit.arena);
}
