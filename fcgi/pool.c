#include "fcgi/pool.h"
#include "lib/base/clock.h"
#include "lib/base/ready.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A worker that lived shorter than this came to grief: wait before the next one. */
enum { HEALTHY_US = 1000000, WORKERS_MAX = 1024, POLL_S = 1 };

struct slot {
    pid_t pid; /* 0: empty */
    int64_t started_us;
    int64_t not_before_us; /* no new worker here before this time */
};

struct pool {
    int listener;
    const struct fa_options *options;
    const struct fa_log *log;
    fa_pool_worker *worker;
    struct fa_store_shared *store; /* what workers know of the store's state */
    bool draining;
    int64_t kill_at_us;
    size_t count;
    struct slot slots[WORKERS_MAX]; /* of which `count` are used */
};

static void
start_worker(struct pool *pool, struct slot *slot)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid < 0) {
        fa_log(pool->log, FA_LOG_ERROR, "fork", FA_LOG_TEXT("detail", strerror(errno)));
        slot->not_before_us = fa_clock_monotonic_us() + HEALTHY_US;
        return;
    }
    if (pid == 0) {
        /* A worker without its parent would be one nobody counts. */
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            _exit(EXIT_FAILURE);
        _exit(pool->worker(pool->listener, pool->options, pool->log, pool->store));
    }
    slot->pid = pid;
    slot->started_us = fa_clock_monotonic_us();
}

static void
fill(struct pool *pool)
{
    int64_t now_us = fa_clock_monotonic_us();

    for (size_t i = 0; i < pool->count && !pool->draining; i++)
        if (pool->slots[i].pid == 0 && pool->slots[i].not_before_us <= now_us)
            start_worker(pool, &pool->slots[i]);
}

static void
bury_worker(struct pool *pool, struct slot *slot, int status)
{
    int64_t now_us = fa_clock_monotonic_us();
    bool crashed = !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS;

    if (crashed && now_us - slot->started_us < HEALTHY_US)
        slot->not_before_us = now_us + HEALTHY_US;
    fa_log(pool->log, crashed ? FA_LOG_ERROR : FA_LOG_INFO, "worker_ended",
           FA_LOG_NUMBER("worker", slot->pid),
           FA_LOG_NUMBER("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
           FA_LOG_NUMBER("exit_status", WIFEXITED(status) ? WEXITSTATUS(status) : -1));
    slot->pid = 0;
}

static void
reap(struct pool *pool)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < pool->count; i++)
            if (pool->slots[i].pid == pid)
                bury_worker(pool, &pool->slots[i], status);
}

static size_t
signal_workers(struct pool *pool, int number)
{
    size_t alive = 0;

    for (size_t i = 0; i < pool->count; i++)
        if (pool->slots[i].pid > 0) {
            alive++;
            if (number != 0)
                kill(pool->slots[i].pid, number);
        }
    return alive;
}

static void
handle(struct pool *pool, int number)
{
    if (number == SIGHUP)
        signal_workers(pool, SIGTERM);
    if ((number == SIGTERM || number == SIGINT) && !pool->draining) {
        pool->draining = true;
        pool->kill_at_us = fa_clock_monotonic_us() + pool->options->drain_timeout * FA_SECOND_US;
        fa_log(pool->log, FA_LOG_INFO, "draining");
        fa_ready_notify("STOPPING=1");
        signal_workers(pool, SIGTERM);
    }
}

static void
supervise(struct pool *pool, const sigset_t *signals)
{
    const struct timespec tick = {.tv_sec = POLL_S};

    for (;;) {
        int number;

        fill(pool);
        number = sigtimedwait(signals, NULL, &tick);
        if (number > 0)
            handle(pool, number);
        reap(pool);
        if (pool->draining && signal_workers(pool, 0) == 0)
            return;
        if (pool->draining && fa_clock_monotonic_us() > pool->kill_at_us)
            signal_workers(pool, SIGKILL);
    }
}

int
fa_pool_run(int listener, const struct fa_options *options, const struct fa_log *log,
            fa_pool_worker *worker)
{
    struct pool pool = {.listener = listener,
                        .options = options,
                        .log = log,
                        .worker = worker,
                        .store = fa_store_shared_new()};
    sigset_t signals;

    pool.count = options->workers < 1             ? 1
                 : options->workers > WORKERS_MAX ? WORKERS_MAX
                                                  : (size_t)options->workers;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    /* Blocked from before the first fork: workers inherit the mask. */
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    fa_log(log, FA_LOG_INFO, "pool_started", FA_LOG_NUMBER("workers", pool.count));
    fa_ready_notify("READY=1");
    supervise(&pool, &signals);
    fa_log(log, FA_LOG_INFO, "pool_drained");
    return EXIT_SUCCESS;
}
