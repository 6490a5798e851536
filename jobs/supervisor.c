#include "jobs/supervisor.h"
#include "jobs/children.h"
#include "jobs/outcome.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/ready.h"
#include "lib/base/signals.h"
#include "lib/event/log.h"
#include "lib/object/collect.h"
#include "lib/quota/quota.h"
#include "lib/replay/replay.h"
#include "lib/store/store.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    POLL_MS = 2000, /* slow poll beside the notifications */
    HOUSEKEEPING_US = 5000000,
    COLLECT_LIMIT = 10000,
    COLLECT_SECONDS = 2,         /* jobs wait meanwhile */
    COLLECT_PAUSE_US = 15000000, /* when the store is away */
    SWEEP_S = 3600,
    QUIET_S = 10, /* a claim this old must hold its lock */
    ARENA_LIMIT = 1 << 20,
    MACHINE_BYTES = 128
};

struct supervisor {
    const struct fa_options *options;
    const struct fa_log *log;
    struct fa_db *db;
    struct fa_store *store;
    struct fa_children children;
    char machine[MACHINE_BYTES];
    int signals;
    bool adopted; /* the children of an earlier supervisor are being watched */
    int64_t housekeeping_us;
    int64_t collect_us; /* not before, on the monotonic clock */
    int64_t sweep_us;
};

static void
complain(const struct supervisor *self, const char *event, const struct fa_error *err)
{
    fa_log_error(self->log, event, err);
}

/* --- starting ----------------------------------------------------------------------------------
 */

static void
start(struct supervisor *self, const struct fa_job *job)
{
    struct fa_error err = {0};

    if (fa_children_start(&self->children, self->options, job, &err) == 0)
        return;
    complain(self, "job_start", &err);
    if (fa_outcome_retry(self->db, job, self->options->job_attempts, "it could not be started",
                         &err) < 0)
        complain(self, "job_settle", &err);
}

static void
claim(struct supervisor *self)
{
    FA_CLEANUP(fa_arena_free) struct fa_arena arena;
    struct fa_error err = {0};
    struct fa_job job;

    fa_arena_init(&arena, ARENA_LIMIT);
    while (fa_children_free_slot(&self->children)) {
        enum fa_db_outcome outcome = fa_job_claim(self->db, self->machine, &arena, &job, &err);

        if (outcome < 0)
            complain(self, "job_claim", &err);
        if (outcome != FA_DB_ROW)
            return;
        start(self, &job);
    }
}

/* Watches the children that an earlier supervisor of this machine has left. */
static void
adopt(struct supervisor *self)
{
    FA_CLEANUP(fa_arena_free) struct fa_arena arena;
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    struct fa_error err = {0};
    struct fa_job job;
    struct fa_job_owner owner = {.machine = self->machine};
    enum fa_db_outcome outcome = fa_job_running(self->db, self->machine, &rows, &err);

    fa_arena_init(&arena, ARENA_LIMIT);
    while (outcome == FA_DB_ROW) {
        outcome = fa_job_next_running(&rows, &arena, &job, &owner, &err);
        if (outcome == FA_DB_ROW)
            fa_children_adopt(&self->children, &job, &owner);
    }
    if (outcome < 0)
        complain(self, "adopt", &err);
    else
        self->adopted = true;
}

/* --- ending ------------------------------------------------------------------------------------
 */

/* A child has gone: when its job still counts as running, it went without a result. */
static void
settle(struct supervisor *self, const struct fa_child *child, const char *why)
{
    struct fa_error err = {0};
    struct fa_job job = {.id = child->job,
                         .part = child->part,
                         .asset = child->asset,
                         .has_asset = child->has_asset,
                         .task = child->task,
                         .attempt = child->attempt,
                         .crashes = child->crashes};
    enum fa_db_outcome outcome =
        child->stopped ? fa_job_requeue(self->db, &job, 0, false, &err)
                       : fa_outcome_retry(self->db, &job, self->options->job_attempts, why, &err);

    if (outcome < 0)
        complain(self, "job_settle", &err);
    if (outcome == FA_DB_ROW)
        fa_log(self->log, FA_LOG_WARNING, "job_crashed", FA_LOG_NUMBER("child", child->pid),
               FA_LOG_TEXT("task", child->task), FA_LOG_TEXT("why", why));
}

static void
reap(struct supervisor *self)
{
    struct fa_child child;
    char why[80];

    while (fa_children_reap(&self->children, &child, why, sizeof why))
        settle(self, &child, why);
}

/* Stops the children whose job was cancelled, started again, or is gone with its part.  They could
 * write nothing any more; now they use nothing either. */
static void
stop_unwanted(struct supervisor *self)
{
    struct fa_error err = {0};

    for (size_t i = 0; i < self->children.count; i++) {
        struct fa_child *child = &self->children.list[i];
        enum fa_db_outcome outcome = FA_DB_ROW;

        if (!child->stopped)
            outcome = fa_job_wanted(self->db, &child->job, child->attempt, &err);
        if (outcome < 0) {
            complain(self, "job_wanted", &err);
            return;
        }
        if (outcome == FA_DB_ROW)
            continue;
        fa_log(self->log, FA_LOG_INFO, "job_unwanted", FA_LOG_NUMBER("child", child->pid),
               FA_LOG_TEXT("task", child->task));
        fa_children_stop_one(child);
    }
}

/* Jobs whose child is dead and whom nobody watches: their advisory lock is free. */
static void
bury_dead(struct supervisor *self)
{
    FA_CLEANUP(fa_arena_free) struct fa_arena arena;
    struct fa_error err = {0};
    struct fa_job job;
    enum fa_db_outcome outcome;

    fa_arena_init(&arena, ARENA_LIMIT);
    while ((outcome = fa_job_find_dead(self->db, QUIET_S, &arena, &job, &err)) == FA_DB_ROW) {
        outcome = fa_outcome_retry(self->db, &job, self->options->job_attempts,
                                   "its process is gone", &err);
        if (outcome < 0)
            break;
        fa_log(self->log, FA_LOG_WARNING, "job_dead", FA_LOG_TEXT("task", job.task),
               FA_LOG_NUMBER("attempt", job.attempt));
    }
    if (outcome < 0)
        complain(self, "bury_dead", &err);
}

/* One cycle of the collector, unless another machine is at it. */
static void
collect(struct supervisor *self, int64_t now_us)
{
    struct fa_error err = {0};
    struct fa_collect cycle = {.db = self->db,
                               .store = self->store,
                               .limit = COLLECT_LIMIT,
                               .seconds = COLLECT_SECONDS,
                               .sweep = now_us >= self->sweep_us};

    if (now_us < self->collect_us)
        return;
    if (fa_collect_run(&cycle, &err) < 0) {
        complain(self, "collect", &err);
        if (err.code != FA_E_DATABASE)
            self->collect_us = now_us + COLLECT_PAUSE_US;
    } else if (cycle.sweep && !cycle.busy) {
        self->sweep_us = now_us + (int64_t)SWEEP_S * 1000000;
    }
    if (cycle.failed > 0)
        complain(self, "collect_object", &cycle.failure);
    if (cycle.removed + cycle.failed + cycle.swept > 0)
        fa_log(self->log, FA_LOG_INFO, "collected", FA_LOG_NUMBER("objects", cycle.removed),
               FA_LOG_NUMBER("abandoned", cycle.abandoned), FA_LOG_NUMBER("failed", cycle.failed),
               FA_LOG_NUMBER("swept", cycle.swept));
}

static void
keep_house(struct supervisor *self)
{
    int64_t now_us = fa_clock_monotonic_us();
    struct fa_error err = {0};

    fa_children_kill_overdue(&self->children, self->options->job_timeout);
    if (now_us < self->housekeeping_us)
        return;
    self->housekeeping_us = now_us + HOUSEKEEPING_US;
    bury_dead(self);
    collect(self, now_us);
    if (fa_replay_prune(self->db, &err) < 0)
        complain(self, "replay_prune", &err);
    if (fa_event_log_prune(self->db, self->options->event_retention, &err) < 0)
        complain(self, "event_prune", &err);
    if (fa_quota_fold(self->db, &err) < 0)
        complain(self, "quota_fold", &err);
}

/* --- the loop ----------------------------------------------------------------------------------
 */

/* Waits for a signal, a notification, or the end of a child; true when asked to stop. */
static bool
wait_for_news(struct supervisor *self)
{
    struct pollfd ready[2 + FA_CHILDREN_MAX] = {{.fd = self->signals, .events = POLLIN}};
    struct signalfd_siginfo info;
    struct fa_error err = {0};
    bool stop = false;

    ready[1] = (struct pollfd){.fd = fa_db_socket(self->db, &err), .events = POLLIN};
    if (ready[1].fd < 0)
        complain(self, "listen", &err);
    poll(ready, 2 + fa_children_poll(&self->children, ready + 2), POLL_MS);
    while (read(self->signals, &info, sizeof info) == (ssize_t)sizeof info)
        stop |= info.ssi_signo != SIGCHLD;
    return stop;
}

/* Takes the notifications off the connection; true when there were any.  One that came in with the
 * answer to a claim may tell of a job the claim did not see. */
static bool
drain_notifications(struct supervisor *self)
{
    FA_CLEANUP(fa_arena_free) struct fa_arena arena;
    struct fa_error err = {0};
    const char *channel;
    const char *payload;
    enum fa_db_outcome outcome;
    bool any = false;

    fa_arena_init(&arena, ARENA_LIMIT);
    while ((outcome = fa_db_notification(self->db, &arena, &channel, &payload, &err)) == FA_DB_ROW)
        any = true;
    if (outcome < 0)
        complain(self, "listen", &err);
    return any;
}

/* Lets running jobs end, then stops the rest and hands them back uncounted. */
static void
drain(struct supervisor *self)
{
    int64_t deadline_us = fa_clock_monotonic_us() + self->options->job_drain * 1000000;

    fa_log(self->log, FA_LOG_INFO, "draining");
    fa_ready_notify("STOPPING=1");
    while (fa_children_count(&self->children) > 0) {
        if (fa_clock_monotonic_us() > deadline_us)
            fa_children_stop(&self->children);
        wait_for_news(self);
        reap(self);
    }
}

static int
open_supervisor(struct supervisor *self, struct fa_error *err)
{
    const struct fa_options *options = self->options;

    self->signals = fa_signals_open(SIGCHLD, err);
    if (self->signals < 0)
        return -1;
    self->db = fa_db_new(fa_options_direct(options), "fileapi-jobs", options->database_timeout);
    if (self->db == NULL)
        return fa_error_set(err, FA_E_MEMORY, "start");
    fa_children_init(&self->children, options->job_slots);
    if (fa_job_machine(self->machine, sizeof self->machine, err) < 0 ||
        fa_store_open(options, &self->store, err) < 0)
        return -1;
    return fa_db_listen(self->db, FA_JOB_CHANNEL, err);
}

int
fa_supervisor_run(const struct fa_options *options, const struct fa_log *log)
{
    struct supervisor self = {.options = options, .log = log, .signals = -1};
    struct fa_error err = {0};

    if (open_supervisor(&self, &err) < 0) {
        complain(&self, "start", &err);
        return EXIT_FAILURE;
    }
    fa_log(log, FA_LOG_INFO, "supervisor_started", FA_LOG_NUMBER("slots", options->job_slots));
    fa_ready_notify("READY=1");
    do {
        if (!self.adopted)
            adopt(&self);
        reap(&self);
        stop_unwanted(&self);
        keep_house(&self);
        claim(&self);
    } while (drain_notifications(&self) || !wait_for_news(&self));
    drain(&self);
    fa_store_close(&self.store);
    fa_db_free(&self.db);
    close(self.signals);
    fa_log(log, FA_LOG_INFO, "supervisor_stopped");
    return EXIT_SUCCESS;
}
