#include "jobs/supervisor.h"
#include "jobs/patrol.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/ready.h"
#include "lib/base/signals.h"
#include "lib/event/log.h"
#include "lib/job/machine.h"
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
    COLLECT_SLICE_US = 200000,   /* jobs wait meanwhile */
    COLLECT_PAUSE_US = 15000000, /* when the store is away */
    SWEEP_S = 3600,
    BULK_EVERY = 5, /* of so many claims one looks at bulk first, so that it never starves */
    PAUSE_S = 2,    /* for a job whose process could not be started */
    ENTER_TRIES = 20,
    ENTER_PAUSE_US = 500000,
    ARENA_LIMIT = 1 << 20
};

/* --- starting ----------------------------------------------------------------------------------
 */

/* False when no process can be started now: that is no fault of the job. */
static bool
start(struct fa_supervisor *self, const struct fa_job *job)
{
    const struct fa_job_retry again = {.delay_s = PAUSE_S, .why = fa_fate_name(FA_FATE_UNBORN)};
    struct fa_error err = {0};

    if (fa_children_start(&self->children, self->options, &self->spares, job, &err) == 0)
        return true;
    fa_supervisor_complain(self, "job_start", &err);
    if (fa_job_requeue(self->db, job, &again, &err) < 0)
        fa_supervisor_complain(self, "job_settle", &err);
    return false;
}

/* What somebody waits for comes first, but for every BULK_EVERYth time. */
static enum fa_db_outcome
claim_next(struct fa_supervisor *self, struct fa_arena *arena, struct fa_job *job,
           struct fa_error *err)
{
    bool bulk_first = self->claims % BULK_EVERY == BULK_EVERY - 1;
    enum fa_db_outcome outcome = FA_DB_NONE;

    for (unsigned i = 0; i < FA_JOB_PRIORITIES && outcome == FA_DB_NONE; i++)
        outcome = fa_job_claim(self->db, self->machine, bulk_first ? FA_JOB_PRIORITIES - 1 - i : i,
                               arena, job, err);
    if (outcome == FA_DB_ROW)
        self->claims++;
    return outcome;
}

static void
claim(struct fa_supervisor *self)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    struct fa_error err = {0};
    struct fa_job job;
    enum fa_db_outcome outcome = FA_DB_ROW;

    while (outcome == FA_DB_ROW && fa_children_free_slot(&self->children)) {
        outcome = claim_next(self, &arena, &job, &err);
        if (outcome == FA_DB_ROW && !start(self, &job))
            break;
    }
    if (outcome < 0)
        fa_supervisor_complain(self, "job_claim", &err);
    if (fa_spares_keep(&self->spares, self->options, &err) < 0)
        fa_supervisor_complain(self, "spare", &err);
}

/* Watches the children that an earlier supervisor of this machine has left. */
static void
adopt(struct fa_supervisor *self)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    struct fa_error err = {0};
    struct fa_job job;
    struct fa_job_owner owner = {.machine = self->machine};
    enum fa_db_outcome outcome = fa_job_running(self->db, self->machine, &rows, &err);

    while (outcome == FA_DB_ROW) {
        outcome = fa_job_running_next(&rows, &arena, &job, &owner, &err);
        if (outcome == FA_DB_ROW)
            fa_children_adopt(&self->children, self->options, &job, &owner);
    }
    if (outcome < 0)
        fa_supervisor_complain(self, "adopt", &err);
    else
        self->adopted = true;
}

/* --- keeping ----------------------------------------------------------------------------------
 */

/* A slice of the collector's work, unless another machine is at it: while there is more, jobs are
 * looked after between two slices. */
static void
collect(struct fa_supervisor *self, int64_t now_us)
{
    struct fa_error err = {0};
    struct fa_collect cycle = {.db = self->db,
                               .store = self->store,
                               .limit = COLLECT_LIMIT,
                               .slice_us = COLLECT_SLICE_US,
                               .sweep = now_us >= self->sweep_us};

    if (now_us < self->collect_us)
        return;
    self->collect_us = now_us + HOUSEKEEPING_US;
    if (fa_collect_run(&cycle, &err) < 0) {
        fa_supervisor_complain(self, "collect", &err);
        if (err.code != FA_E_DATABASE)
            self->collect_us = now_us + COLLECT_PAUSE_US;
    } else if (cycle.sweep && !cycle.busy) {
        self->sweep_us = now_us + (int64_t)SWEEP_S * 1000000;
    }
    if (cycle.more && err.code == FA_OK)
        self->collect_us = now_us;
    if (cycle.failed > 0)
        fa_supervisor_complain(self, "collect_object", &cycle.failure);
    if (cycle.removed + cycle.failed + cycle.swept > 0)
        fa_log(self->log, FA_LOG_INFO, "collected", FA_LOG_NUMBER("objects", cycle.removed),
               FA_LOG_NUMBER("abandoned", cycle.abandoned), FA_LOG_NUMBER("failed", cycle.failed),
               FA_LOG_NUMBER("swept", cycle.swept));
}

static void
keep_house(struct fa_supervisor *self)
{
    int64_t now_us = fa_clock_monotonic_us();
    struct fa_error err = {0};

    collect(self, now_us);
    if (now_us < self->housekeeping_us)
        return;
    self->housekeeping_us = now_us + HOUSEKEEPING_US;
    if (fa_replay_prune(self->db, &err) < 0)
        fa_supervisor_complain(self, "replay_prune", &err);
    if (fa_event_log_prune(self->db, self->options->event_retention, &err) < 0)
        fa_supervisor_complain(self, "event_prune", &err);
    if (fa_quota_fold(self->db, &err) < 0)
        fa_supervisor_complain(self, "quota_fold", &err);
}

/* --- the loop ----------------------------------------------------------------------------------
 */

/* Waits for a signal, a notification, or the end of a child; true when asked to stop. */
static bool
wait_for_news(struct fa_supervisor *self)
{
    struct pollfd ready[2 + FA_CHILDREN_MAX] = {{.fd = self->signals, .events = POLLIN}};
    struct signalfd_siginfo info;
    struct fa_error err = {0};
    int wait_ms = fa_clock_monotonic_us() < self->collect_us ? POLL_MS : 0;
    bool stop = false;

    ready[1] = (struct pollfd){.fd = fa_db_socket(self->db, &err), .events = POLLIN};
    if (ready[1].fd < 0)
        fa_supervisor_complain(self, "listen", &err);
    poll(ready, 2 + fa_children_poll(&self->children, ready + 2), wait_ms);
    while (read(self->signals, &info, sizeof info) == (ssize_t)sizeof info)
        stop |= info.ssi_signo != SIGCHLD;
    return stop;
}

/* Takes the notifications off the connection; true when there were any.  One that came in with the
 * answer to a claim may tell of a job that the claim did not see. */
static bool
drain_notifications(struct fa_supervisor *self)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    struct fa_error err = {0};
    const char *channel;
    const char *payload;
    enum fa_db_outcome outcome;

    while ((outcome = fa_db_notification(self->db, &arena, &channel, &payload, &err)) == FA_DB_ROW)
        self->hinted = true;
    if (outcome < 0)
        fa_supervisor_complain(self, "listen", &err);
    return self->hinted;
}

/* Lets running jobs end, then stops the rest and hands them back uncounted. */
static void
drain(struct fa_supervisor *self)
{
    int64_t deadline_us = fa_clock_monotonic_us() + self->options->job_drain * 1000000;

    fa_log(self->log, FA_LOG_INFO, "draining");
    fa_ready_notify("STOPPING=1");
    fa_spares_drop(&self->spares);
    self->collect_us = INT64_MAX;
    while (fa_children_count(&self->children) > 0) {
        if (fa_clock_monotonic_us() > deadline_us)
            fa_children_stop(&self->children);
        wait_for_news(self);
        fa_patrol_reap(self);
    }
}

/* One supervisor a machine: two would watch the same children.  The session of one that was killed
 * takes a moment to end. */
static int
enter_machine(struct fa_supervisor *self, struct fa_error *err)
{
    for (int i = 0; i < ENTER_TRIES; i++) {
        enum fa_db_outcome outcome =
            fa_machine_enter(self->db, self->machine, self->options->job_slots, err);

        if (outcome != FA_DB_NONE)
            return outcome < 0 ? -1 : 0;
        usleep(ENTER_PAUSE_US);
    }
    fa_error_set(err, FA_E_INTERNAL, "another fileapi-jobs runs as %s", self->machine);
    return fa_error_action(err, "machines of one name set FILEAPI_JOB_MACHINE");
}

static int
open_supervisor(struct fa_supervisor *self, struct fa_error *err)
{
    const struct fa_options *options = self->options;

    /* A spare that is gone is found when it is written to. */
    signal(SIGPIPE, SIG_IGN);
    self->signals = fa_signals_open(SIGCHLD, err);
    if (self->signals < 0)
        return -1;
    self->db =
        fa_db_new(fa_options_direct(options), "fileapi-jobs", options->database_timeout, err);
    if (self->db == NULL)
        return -1;
    fa_children_init(&self->children, options->job_slots);
    if (fa_machine_name(options->job_machine, self->machine, sizeof self->machine, err) < 0 ||
        fa_store_open(options, &self->store, err) < 0 || enter_machine(self, err) < 0)
        return -1;
    return fa_db_listen(self->db, FA_JOB_CHANNEL, err);
}

/* What was opened, also by a start that failed. */
static void
close_supervisor(struct fa_supervisor *self)
{
    fa_store_close(&self->store);
    fa_db_free(&self->db);
    if (self->signals >= 0)
        close(self->signals);
}

int
fa_supervisor_run(const struct fa_options *options, const struct fa_log *log)
{
    struct fa_supervisor self = {.options = options, .log = log, .signals = -1};
    struct fa_error err = {0};

    if (open_supervisor(&self, &err) < 0) {
        fa_supervisor_complain(&self, "start", &err);
        close_supervisor(&self);
        return EXIT_FAILURE;
    }
    fa_log(log, FA_LOG_INFO, "supervisor_started", FA_LOG_NUMBER("slots", options->job_slots));
    fa_ready_notify("READY=1");
    do {
        drain_notifications(&self);
        if (!self.adopted)
            adopt(&self);
        fa_patrol_reap(&self);
        claim(&self);
        fa_patrol(&self);
        keep_house(&self);
    } while (drain_notifications(&self) || !wait_for_news(&self));
    drain(&self);
    close_supervisor(&self);
    fa_log(log, FA_LOG_INFO, "supervisor_stopped");
    return EXIT_SUCCESS;
}
