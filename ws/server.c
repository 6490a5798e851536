#include "ws/server.h"
#include "lib/base/ready.h"
#include "lib/base/share_socket.h"
#include "lib/base/signals.h"
#include "ws/handshake.h"
#include "ws/hub.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    HEADER_BYTES = 32 * 1024, /* a token of a large organization is long */
    PING_S = 25,
    HANGUP_S = 35,
    LOOK_US = 30000000,
    RECONNECT_US = 1000000,
    FAREWELL_US = 500000,
    KEYS_PATIENCE_US = 500000 /* no socket is served meanwhile */
};

struct server {
    const struct fa_options *options;
    struct fa_log *log;
    struct fa_bearer bearer;
    struct fa_hub hub;
    struct lws_context *context;
    struct lws_vhost *vhost;
    int signals;
    struct lws *database; /* polls the database connection; NULL: none does */
    unsigned watched;     /* that connection's generation */
    bool stopping;
    bool stopped;
    lws_sorted_usec_list_t look;
    lws_sorted_usec_list_t farewell;
};

static void look(lws_sorted_usec_list_t *timer);

static struct server *
server_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

static int
refuse(struct lws *wsi, int status)
{
    lws_return_http_status(wsi, (unsigned)status, NULL);
    return -1;
}

/* --- the database and signals, polled by the same loop ------------------------------------------
 */

/* Lets the loop poll a descriptor; libwebsockets closes what it is given, so it gets a copy. */
static struct lws *
watch(struct server *server, int fd, const char *protocol)
{
    lws_sock_file_fd_type copy = {.filefd = dup(fd)};

    if (copy.filefd < 0)
        return NULL;
    return lws_adopt_descriptor_vhost(server->vhost, LWS_ADOPT_RAW_FILE_DESC, copy, protocol, NULL);
}

static void
watch_database(struct server *server)
{
    struct fa_error err = {0};
    int fd = fa_db_socket(server->hub.db, &err);

    if (fd < 0) {
        fa_log_error(server->log, "listen", &err);
        return;
    }
    server->database = watch(server, fd, "database");
    server->watched = fa_db_generation(server->hub.db);
}

/* Takes what the database has to tell.  When its connection is another one by then, or none, the
 * one that was polled is forgotten and a look, which watches anew, is due. */
static void
listen_database(struct server *server)
{
    struct fa_hub *hub = &server->hub;

    fa_hub_listen(hub);
    if (server->database == NULL || (!hub->away && server->watched == fa_db_generation(hub->db)))
        return;
    lws_set_timeout(server->database, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
    server->database = NULL;
    lws_sul_schedule(server->context, 0, &server->look, look, hub->away ? RECONNECT_US : 1);
}

static void
look(lws_sorted_usec_list_t *timer)
{
    struct server *server = lws_container_of(timer, struct server, look);

    fa_hub_look(&server->hub);
    /* Notifications may have come in with the answer. */
    listen_database(server);
    if (server->database == NULL && !server->hub.away)
        watch_database(server);
    lws_sul_schedule(server->context, 0, timer, look,
                     server->database != NULL ? LOOK_US : RECONNECT_US);
}

/* What the two protocols that are none for clients do with one that asks for them. */
static int
on_intruder(struct lws *wsi, enum lws_callback_reasons reason)
{
    return reason == LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION ? refuse(wsi, HTTP_STATUS_UNAUTHORIZED)
                                                             : 0;
}

static int
on_database(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct server *server = server_of(wsi);

    (void)user;
    (void)in;
    (void)length;
    if (reason != LWS_CALLBACK_RAW_RX_FILE)
        return on_intruder(wsi, reason);
    if (wsi == server->database)
        listen_database(server);
    /* The connection this descriptor belonged to may be gone. */
    return wsi == server->database ? 0 : -1;
}

static void
say_farewell(lws_sorted_usec_list_t *timer)
{
    struct server *server = lws_container_of(timer, struct server, farewell);

    server->stopped = true;
    /* The loop would go to sleep once more before it looks. */
    lws_cancel_service(server->context);
}

static int
on_signal(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct server *server = server_of(wsi);
    struct signalfd_siginfo info;

    (void)user;
    (void)in;
    (void)length;
    if (reason != LWS_CALLBACK_RAW_RX_FILE)
        return on_intruder(wsi, reason);
    while (read(server->signals, &info, sizeof info) == (ssize_t)sizeof info)
        continue;
    if (server->stopping)
        return 0;
    server->stopping = true;
    fa_ready_notify("STOPPING=1");
    fa_hub_close_sessions(&server->hub);
    lws_sul_schedule(server->context, 0, &server->farewell, say_farewell,
                     server->hub.sessions != NULL ? FAREWELL_US : 1);
    return 0;
}

/* --- sockets -----------------------------------------------------------------------------------
 */

static int
handshake(struct server *server, struct lws *wsi, struct fa_session *session)
{
    int status = server->stopping ? HTTP_STATUS_SERVICE_UNAVAILABLE
                                  : fa_handshake_check(wsi, &server->hub, &server->bearer, session);

    return status != 0 ? refuse(wsi, status) : 0;
}

static void
closed(struct server *server, struct fa_session *session)
{
    fa_hub_remove(&server->hub, session);
    if (server->stopping && !server->stopped && server->hub.sessions == NULL)
        lws_sul_schedule(server->context, 0, &server->farewell, say_farewell, 1);
}

static int
handle(struct server *server, struct lws *wsi, enum lws_callback_reasons reason,
       struct fa_session *session, const char *data, size_t length)
{
    switch (reason) {
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return handshake(server, wsi, session);
    case LWS_CALLBACK_ESTABLISHED:
        fa_hub_add(&server->hub, session);
        return 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        if (length >= 2)
            session->peer_code = (uint16_t)((unsigned char)data[0] << 8 | (unsigned char)data[1]);
        return 0;
    case LWS_CALLBACK_CLOSED:
        closed(server, session);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        fa_session_receive(session, data, length);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        fa_hub_replay(&server->hub, session);
        return fa_session_write(session);
    case LWS_CALLBACK_TIMER:
        fa_session_close(session, FA_CLOSE_EXPIRED);
        return 0;
    case LWS_CALLBACK_HTTP:
        return refuse(wsi, HTTP_STATUS_NOT_FOUND);
    default:
        return 0;
    }
}

static int
on_socket(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct fa_session *session = user;
    struct server *server = server_of(wsi);
    int result;

    if (session != NULL)
        server->log->request_id = session->request_id;
    result = handle(server, wsi, reason, session, in, length);
    server->log->request_id = NULL;
    /* A notification that came in with the answer to a query does not make the descriptor
     * readable any more. */
    if (reason == LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION ||
        reason == LWS_CALLBACK_SERVER_WRITEABLE)
        listen_database(server);
    return result;
}

/* --- the server --------------------------------------------------------------------------------
 */

/* Requests hold tokens: libwebsockets' own messages, which may quote them, are dropped. */
static void
drop_message(int level, const char *line)
{
    (void)level;
    (void)line;
}

static int
create_context(struct server *server, struct fa_error *err)
{
    /* The first is for clients that offer none; "bearer" is selected when it is offered. */
    static const struct lws_protocols protocols[] = {
        {"fileapi", on_socket, sizeof(struct fa_session), FA_SESSION_ECHO, 0, NULL, 0},
        {"bearer", on_socket, sizeof(struct fa_session), FA_SESSION_ECHO, 0, NULL, 0},
        {"database", on_database, 0, 0, 0, NULL, 0},
        {"signal", on_signal, 0, 0, 0, NULL, 0},
        {NULL, NULL, 0, 0, 0, NULL, 0},
    };
    static const lws_retry_bo_t liveness = {.secs_since_valid_ping = PING_S,
                                            .secs_since_valid_hangup = HANGUP_S};
    struct lws_context_creation_info info = {
        .port = 0,
        .iface = server->options->ws_socket,
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_UNIX_SOCK | LWS_SERVER_OPTION_VALIDATE_UTF8 |
                   LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .max_http_header_data2 = HEADER_BYTES,
        .retry_and_idle_policy = &liveness,
        .user = server,
    };

    lws_set_log_level(LLL_ERR, drop_message);
    unlink(server->options->ws_socket);
    server->context = lws_create_context(&info);
    if (server->context != NULL)
        server->vhost = lws_create_vhost(server->context, &info);
    if (server->vhost == NULL)
        return fa_error_set(err, FA_E_INTERNAL, "listen on %s", server->options->ws_socket);
    return 0;
}

static int
open_server(struct server *server, struct fa_error *err)
{
    const struct fa_options *options = server->options;

    signal(SIGPIPE, SIG_IGN);
    server->signals = fa_signals_open(0, err);
    if (server->signals < 0)
        return -1;
    if (fa_bearer_open(options, KEYS_PATIENCE_US, &server->bearer, err) < 0 ||
        fa_hub_open(&server->hub, options, server->log, err) < 0 || create_context(server, err) < 0)
        return -1;
    if (fa_share_socket(options->ws_socket, options->socket_group, err) < 0)
        return -1;
    if (watch(server, server->signals, "signal") == NULL)
        return fa_error_set(err, FA_E_INTERNAL, "watch signals");
    look(&server->look);
    return 0;
}

int
fa_server_run(const struct fa_options *options, struct fa_log *log)
{
    struct server server = {.options = options, .log = log};
    struct fa_error err = {0};
    int status = EXIT_FAILURE;

    if (open_server(&server, &err) < 0) {
        fa_log_error(log, "start", &err);
    } else {
        fa_log(log, FA_LOG_INFO, "listening", FA_LOG_TEXT("socket", options->ws_socket));
        fa_ready_notify("READY=1");
        while (!server.stopped && lws_service(server.context, 0) >= 0)
            continue;
        status = server.stopped ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (server.context != NULL)
        lws_context_destroy(server.context);
    fa_hub_close(&server.hub);
    fa_bearer_close(&server.bearer);
    unlink(options->ws_socket);
    fa_log(log, FA_LOG_INFO, "stopped");
    return status;
}
