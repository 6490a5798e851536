#include "ws/server.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/ready.h"
#include "lib/base/signals.h"
#include "lib/base/unix_socket.h"
#include "ws/door.h"
#include "ws/replay.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS = 256,
    READ_BYTES = 64 * 1024,
    LOOK_US = 5000000, /* slow look beside the notifications */
    RECONNECT_US = 1000000,
    TICK_US = 100000,     /* sessions are not asked what is due more often */
    FAREWELL_US = 500000, /* for what is to be said at the end */
    MORE_US = 100000      /* until another try when there are no descriptors */
};

struct server {
    const struct fa_options *options;
    struct fa_log *log;
    struct fa_hub hub;
    struct fa_door door;
    int listener;
    int signals;
    bool accepting;   /* the listener is watched */
    unsigned watched; /* generation of the database connection that is watched; 0: none */
    struct fa_sessions sessions;
    int64_t look_us; /* monotonic: when the next look is due */
    int64_t tick_us; /* the next round of ticks */
    int64_t accept_us;
    int64_t stop_us; /* stopping, at the latest then; 0: not stopping */
    char buffer[READ_BYTES];
};

/* --- what is watched ---------------------------------------------------------------------------
 */

/* The listener, the signals and the database are known by the address of what holds them. */
static int
watch(struct server *server, int fd, void *what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};

    return epoll_ctl(server->sessions.epoll, EPOLL_CTL_ADD, fd, &event);
}

static void
accept_or_not(struct server *server, bool accepting)
{
    struct epoll_event event = {.events = accepting ? EPOLLIN : 0, .data.ptr = &server->listener};

    server->accepting = accepting;
    epoll_ctl(server->sessions.epoll, EPOLL_CTL_MOD, server->listener, &event);
}

/* A connection that has gone has taken its descriptor out of epoll; one that was away for another
 * reason is still in it. */
static void
watch_database(struct server *server)
{
    struct fa_hub *hub = &server->hub;
    struct fa_error err = {0};
    int fd;

    if (hub->away) {
        server->watched = 0;
        return;
    }
    if (server->watched == fa_db_generation(hub->db))
        return;
    fd = fa_db_socket(hub->db, &err);
    server->watched = fa_db_generation(hub->db);
    if (fd < 0 || (watch(server, fd, &server->hub) < 0 && errno != EEXIST)) {
        server->watched = 0;
        hub->away = true;
    }
}

/* --- sessions ----------------------------------------------------------------------------------
 */

static void
accept_all(struct server *server)
{
    int fd;

    while ((fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
        if (fa_session_new(&server->sessions, fd) == NULL)
            close(fd);
    if (errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS)
        return;
    fa_log(server->log, FA_LOG_WARNING, "accept", FA_LOG_TEXT("detail", strerror(errno)));
    accept_or_not(server, false);
    server->accept_us = fa_clock_monotonic_us() + MORE_US;
}

/* Adds to the request's head; answers it when it is whole. */
static void
read_head(struct server *server, struct fa_session *session, const char *data, size_t length)
{
    struct fa_head head;
    char *bytes = realloc(session->head, session->head_length + length);
    FA_AUTO_FREE char *rest = NULL;
    long used;

    if (bytes == NULL) {
        fa_session_lost(session);
        return;
    }
    session->head = bytes;
    memcpy(bytes + session->head_length, data, length);
    session->head_length += length;
    used = fa_head_read(bytes, session->head_length, &head);
    if (used == 0)
        return;
    /* Opening frees the head. */
    session->head = NULL;
    rest = bytes;
    fa_door_answer(&server->door, session, &head);
    if (used > 0 && (size_t)used < session->head_length)
        fa_session_receive(session, (unsigned char *)bytes + used,
                           session->head_length - (size_t)used);
}

static void
read_session(struct server *server, struct fa_session *session)
{
    ssize_t got = recv(session->fd, server->buffer, sizeof server->buffer, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0)
        fa_session_lost(session);
    else if (session->state == FA_SESSION_HEAD)
        read_head(server, session, server->buffer, (size_t)got);
    else
        fa_session_receive(session, (unsigned char *)server->buffer, (size_t)got);
}

static void
serve_session(struct server *server, struct fa_session *session, unsigned events)
{
    if (session->over)
        return;
    server->log->request_id = session->request_id;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
        read_session(server, session);
    if ((events & EPOLLOUT) != 0 && !session->over) {
        fa_session_flush(session);
        fa_replay_go_on(&server->hub, session);
    }
    server->log->request_id = NULL;
}

/* Nobody is at work with any session now. */
static void
bury_sessions(struct server *server)
{
    struct fa_session *next;

    if (!server->sessions.any_over)
        return;
    server->sessions.any_over = false;
    for (struct fa_session *session = server->sessions.first; session != NULL; session = next) {
        next = session->next;
        if (!session->over)
            continue;
        server->log->request_id = session->request_id;
        if (session->listed)
            fa_log(server->log, FA_LOG_INFO, session->stream ? "stream_closed" : "socket_closed",
                   FA_LOG_NUMBER("code", session->code != 0 ? session->code : FA_CLOSE_LOST),
                   FA_LOG_NUMBER("ms", (fa_clock_monotonic_us() - session->opened_us) / 1000));
        server->log->request_id = NULL;
        fa_hub_remove(&server->hub, session);
        fa_session_free(session);
    }
}

/* --- the clock ---------------------------------------------------------------------------------
 */

static void
tick_sessions(struct server *server, int64_t now_us)
{
    int64_t due_us = now_us + LOOK_US;

    for (struct fa_session *session = server->sessions.first; session != NULL;
         session = session->next) {
        int64_t at_us = fa_session_tick(session, now_us);

        due_us = at_us < due_us ? at_us : due_us;
    }
    server->tick_us = due_us > now_us + TICK_US ? due_us : now_us + TICK_US;
}

/* Whatever has happened may have brought something that is due. */
static void
tick_soon(struct server *server)
{
    int64_t soon_us = fa_clock_monotonic_us() + TICK_US;

    if (soon_us < server->tick_us)
        server->tick_us = soon_us;
}

static void
begin_to_stop(struct server *server)
{
    if (server->stop_us != 0)
        return;
    server->stop_us = fa_clock_monotonic_us() + FAREWELL_US;
    fa_ready_notify("STOPPING=1");
    accept_or_not(server, false);
    for (struct fa_session *session = server->sessions.first; session != NULL;
         session = session->next)
        fa_session_close(session, FA_CLOSE_AWAY);
}

static void
do_what_is_due(struct server *server)
{
    int64_t now_us = fa_clock_monotonic_us();

    if (now_us >= server->look_us) {
        fa_hub_look(&server->hub);
        server->look_us = now_us + (server->hub.away ? RECONNECT_US : LOOK_US);
    }
    if (!server->accepting && server->stop_us == 0 && now_us >= server->accept_us)
        accept_or_not(server, true);
    if (now_us >= server->tick_us)
        tick_sessions(server, now_us);
}

static int
milliseconds_left(const struct server *server)
{
    int64_t due_us = server->look_us < server->tick_us ? server->look_us : server->tick_us;
    int64_t left_us;

    if (server->hub.due_us != 0 && !server->hub.away && server->hub.due_us < due_us)
        due_us = server->hub.due_us;
    if (!server->accepting && server->accept_us < due_us)
        due_us = server->accept_us;
    if (server->stop_us != 0 && server->stop_us < due_us)
        due_us = server->stop_us;
    left_us = due_us - fa_clock_monotonic_us();
    return left_us > 0 ? (int)(left_us / 1000) + 1 : 0;
}

/* --- the loop ----------------------------------------------------------------------------------
 */

static void
take_signals(struct server *server)
{
    struct signalfd_siginfo info;

    while (read(server->signals, &info, sizeof info) == (ssize_t)sizeof info)
        begin_to_stop(server);
}

static void
serve_round(struct server *server)
{
    struct epoll_event ready[EVENTS];
    int count = epoll_wait(server->sessions.epoll, ready, EVENTS, milliseconds_left(server));

    for (int i = 0; i < count; i++) {
        void *what = ready[i].data.ptr;

        if (what == &server->listener)
            accept_all(server);
        else if (what == &server->signals)
            take_signals(server);
        else if (what != &server->hub)
            serve_session(server, what, ready[i].events);
    }
    if (count > 0)
        tick_soon(server);
    do_what_is_due(server);
    /* A notification that came in with the answer to a query makes no descriptor readable. */
    fa_hub_listen(&server->hub);
    watch_database(server);
    bury_sessions(server);
}

/* As many sockets as the system allows. */
static void
raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)!setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int
open_server(struct server *server, struct fa_error *err)
{
    const struct fa_options *options = server->options;

    signal(SIGPIPE, SIG_IGN);
    raise_descriptors();
    server->signals = fa_signals_open(0, err);
    if (server->signals < 0 || fa_hub_open(&server->hub, options, server->log, err) < 0 ||
        fa_door_open(&server->door, options, server->log, &server->hub, err) < 0)
        return -1;
    fa_hub_look(&server->hub);
    server->sessions.epoll = epoll_create1(EPOLL_CLOEXEC);
    server->listener = fa_socket_listen(options->ws_socket, options->socket_group, err);
    if (server->listener < 0)
        return -1;
    server->accepting = true;
    if (server->sessions.epoll < 0 || watch(server, server->listener, &server->listener) < 0 ||
        watch(server, server->signals, &server->signals) < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "epoll");
    watch_database(server);
    return 0;
}

static void
close_server(struct server *server)
{
    for (struct fa_session *session = server->sessions.first; session != NULL;
         session = session->next)
        fa_session_lost(session);
    bury_sessions(server);
    fa_hub_close(&server->hub);
    fa_door_close(&server->door);
    /* One that was never ours is another daemon's. */
    if (server->listener >= 0)
        unlink(server->options->ws_socket);
    fa_cleanup_fd(&server->listener);
    fa_cleanup_fd(&server->sessions.epoll);
    fa_cleanup_fd(&server->signals);
}

static bool
is_stopped(const struct server *server)
{
    return server->stop_us != 0 &&
           (server->sessions.first == NULL || fa_clock_monotonic_us() >= server->stop_us);
}

int
fa_server_run(const struct fa_options *options, struct fa_log *log)
{
    struct server server = {
        .options = options, .log = log, .sessions.epoll = -1, .listener = -1, .signals = -1};
    struct fa_error err = {0};
    int status = EXIT_FAILURE;

    if (open_server(&server, &err) < 0) {
        fa_log_error(log, "start", &err);
    } else {
        fa_log(log, FA_LOG_INFO, "listening", FA_LOG_TEXT("socket", options->ws_socket));
        fa_ready_notify("READY=1");
        while (!is_stopped(&server))
            serve_round(&server);
        status = EXIT_SUCCESS;
    }
    close_server(&server);
    fa_log(log, FA_LOG_INFO, "stopped");
    return status;
}
