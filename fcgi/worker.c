/*
 * libfcgi parses the records; accepting is ours, because its own accept loop loses uploads on
 * SIGTERM and never times out.  SIGTERM stays blocked and is read from a descriptor between
 * requests, so it never cuts a read: a request that was taken is answered.
 */
#include "fcgi/worker.h"
#include "fcgi/serve.h"
#include "handlers/handler.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/signals.h"

#include <errno.h>
#include <fcgiapp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { ARENA_LIMIT = 16 << 20, RETIRE_SPREAD = 10, KEYS_PATIENCE_US = 2000000 };

struct worker {
    int listener;
    int signals; /* readable when the worker is to stop */
    int ready;   /* epoll: one of both */
    struct fa_ctx ctx;
    struct fa_bearer bearer;
    struct fa_log log;
    struct fa_arena arena;
    FCGX_Request fcgi;
};

/* Waits for a connection; -1 when the worker is to stop. */
static int
take(const struct worker *worker)
{
    struct timeval timeout = {.tv_sec = worker->ctx.options->request_timeout};

    for (;;) {
        struct epoll_event event;
        int fd;

        if (epoll_wait(worker->ready, &event, 1, -1) < 1)
            continue;
        if (event.data.fd == worker->signals)
            return -1;
        fd = accept4(worker->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue; /* another worker was faster */
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
        return fd;
    }
}

static void
serve_connection(struct worker *worker, int fd)
{
    bool ended = false;

    /* With a connection already there, FCGX_Accept_r goes straight to reading. */
    worker->fcgi.ipcFd = fd;
    worker->fcgi.keepConnection = 1;
    if (FCGX_Accept_r(&worker->fcgi) == 0)
        ended = fa_serve(&worker->ctx, &worker->arena, &worker->fcgi);
    /* libfcgi's own close waits until nginx has closed, lest what still comes resets the
     * connection. Where nothing more can come, the answer lies with nginx and the worker goes on.
     */
    worker->fcgi.keepConnection = ended;
    FCGX_Finish_r(&worker->fcgi);
    fa_cleanup_fd(&worker->fcgi.ipcFd);
    worker->log.request_id = NULL;
    fa_arena_reset(&worker->arena);
}

static int
open_services(struct worker *worker, const struct fa_options *options, struct fa_error *err)
{
    struct fa_ctx *ctx = &worker->ctx;

    ctx->options = options;
    ctx->log = &worker->log;
    ctx->db = fa_db_new(options->database, "fileapi", options->database_timeout, err);
    if (ctx->db == NULL)
        return -1;
    ctx->seen = fa_seen_new();
    if (ctx->seen == NULL)
        return fa_error_set(err, FA_E_MEMORY, "accounts seen");
    if (fa_store_open(options, &ctx->store, err) < 0)
        return -1;
    ctx->bearer = &worker->bearer;
    return fa_bearer_open(options, KEYS_PATIENCE_US, &worker->bearer, err);
}

/* Of the workers that wait, a connection wakes one, not all. */
static int
open_ready(struct worker *worker, struct fa_error *err)
{
    struct epoll_event connection = {.events = EPOLLIN | EPOLLEXCLUSIVE,
                                     .data = {.fd = worker->listener}};
    struct epoll_event stop = {.events = EPOLLIN, .data = {.fd = worker->signals}};

    worker->ready = epoll_create1(EPOLL_CLOEXEC);
    if (worker->ready < 0 ||
        epoll_ctl(worker->ready, EPOLL_CTL_ADD, worker->listener, &connection) < 0 ||
        epoll_ctl(worker->ready, EPOLL_CTL_ADD, worker->signals, &stop) < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "wait for connections");
    return 0;
}

static int
open_worker(struct worker *worker, const struct fa_options *options, struct fa_error *err)
{
    worker->signals = fa_signals_open(0, err);
    if (worker->signals < 0 || open_ready(worker, err) < 0)
        return -1;
    if (FCGX_Init() != 0 ||
        FCGX_InitRequest(&worker->fcgi, worker->listener, FCGI_FAIL_ACCEPT_ON_INTR) != 0)
        return fa_error_set(err, FA_E_INTERNAL, "libfcgi does not start");
    srandom((unsigned)(getpid() ^ fa_clock_monotonic_us()));
    fa_arena_init(&worker->arena, ARENA_LIMIT);
    return open_services(worker, options, err);
}

int
fa_worker_run(int listener, const struct fa_options *options, const struct fa_log *log,
              struct fa_store_shared *store)
{
    struct worker worker = {.listener = listener, .log = *log};
    struct fa_error err = {0};
    /* Workers retire at different times, so that the pool never thins out at once. */
    int64_t left = options->worker_requests + (int64_t)getpid() % RETIRE_SPREAD;

    if (open_worker(&worker, options, &err) < 0) {
        fa_log_error(&worker.log, "worker_start", &err);
        return EXIT_FAILURE;
    }
    fa_store_share(worker.ctx.store, store);
    while (left-- > 0) {
        int fd = take(&worker);

        if (fd < 0)
            break;
        serve_connection(&worker, fd);
    }
    fa_bearer_close(&worker.bearer);
    fa_store_close(&worker.ctx.store);
    fa_seen_free(&worker.ctx.seen);
    fa_db_free(&worker.ctx.db);
    fa_arena_free(&worker.arena);
    return EXIT_SUCCESS;
}
