#include "jobs/patrol.h"
#include "jobs/outcome.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

enum {
    PATROL_US = 2000000,
    QUIET_S = 10,    /* a claim this old must hold its lock */
    EXPIRED_S = 120, /* beyond any attempt's time: it is over, whoever holds what */
    NOTIFY_ALARM_PERCENT = 10,
    ARENA_LIMIT = 1 << 20
};

/* --- one's own children -------------------------------------------------------------------------
 */

void
fa_supervisor_complain(const struct fa_supervisor *self, const char *event,
                       const struct fa_error *err)
{
    fa_log_error(self->log, event, err);
}

static struct fa_job
job_of(const struct fa_child *child)
{
    return (struct fa_job){.id = child->job,
                           .part = child->part,
                           .asset = child->asset,
                           .task = child->task,
                           .attempt = child->attempt,
                           .crashes = child->crashes,
                           .input_bytes = child->input_bytes};
}

/* A child has gone: when its job still counts as running, it went without a result. */
static void
settle(struct fa_supervisor *self, const struct fa_child *child, int status)
{
    const struct fa_job_retry uncounted = {.crashed = false};
    const struct fa_job job = job_of(child);
    enum fa_fate fate = fa_child_fate(child, status);
    struct fa_error err = {0};
    enum fa_db_outcome outcome;

    /* A spare that turned out broken has not touched the attempt: a fresh child makes it. */
    if (child->spare && fate == FA_FATE_UNBORN && !child->stopped &&
        fa_children_start(&self->children, self->options, NULL, &job, &err) == 0)
        return;
    outcome = child->stopped
                  ? fa_job_requeue(self->db, &job, &uncounted, &err)
                  : fa_outcome_retry(self->db, &job, fate, self->options->job_attempts, &err);
    if (outcome < 0)
        fa_supervisor_complain(self, "job_settle", &err);
    if (outcome == FA_DB_ROW)
        fa_log(self->log, FA_LOG_WARNING, child->stopped ? "job_handed_back" : "job_crashed",
               FA_LOG_NUMBER("child", child->pid), FA_LOG_TEXT("task", child->task),
               FA_LOG_NUMBER("attempt", child->attempt), FA_LOG_TEXT("why", fa_fate_name(fate)),
               FA_LOG_NUMBER("status", status));
}

void
fa_patrol_reap(struct fa_supervisor *self)
{
    struct fa_child child;
    int status;

    fa_spares_reap(&self->spares);
    while (fa_children_reap(&self->children, &child, &status))
        settle(self, &child, status);
}

/* Stops the children whose job was cancelled, started again, or is gone with its part.  They could
 * write nothing any more; now they use nothing either. */
static void
stop_unwanted(struct fa_supervisor *self)
{
    struct fa_error err = {0};

    for (size_t i = 0; i < self->children.count; i++) {
        struct fa_child *child = &self->children.list[i];
        enum fa_db_outcome outcome = FA_DB_ROW;

        if (!child->stopped)
            outcome = fa_job_wanted(self->db, &child->job, child->attempt, &err);
        if (outcome < 0) {
            fa_supervisor_complain(self, "job_wanted", &err);
            return;
        }
        if (outcome == FA_DB_ROW)
            continue;
        fa_log(self->log, FA_LOG_INFO, "job_unwanted", FA_LOG_NUMBER("child", child->pid),
               FA_LOG_TEXT("task", child->task));
        fa_children_stop_one(child);
    }
}

/* --- all ----------------------------------------------------------------------------------------
 */

/* The ids of the jobs whose processes this supervisor watches; how many. */
static size_t
list_watched(const struct fa_supervisor *self, char texts[][FA_UUID_TEXT], const char **ids)
{
    for (size_t i = 0; i < self->children.count; i++)
        ids[i] = fa_uuid_text(&self->children.list[i].job, texts[i]);
    return self->children.count;
}

/* Jobs whose child is dead and whom nobody watches: their advisory lock is free. */
static void
bury_dead(struct fa_supervisor *self)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    char texts[FA_CHILDREN_MAX][FA_UUID_TEXT];
    const char *ids[FA_CHILDREN_MAX];
    const struct fa_job_watch watch = {.jobs = ids,
                                       .count = list_watched(self, texts, ids),
                                       .quiet_s = QUIET_S,
                                       .expired_s = self->options->job_timeout + EXPIRED_S};
    struct fa_error err = {0};
    struct fa_job job;
    enum fa_db_outcome outcome;

    while ((outcome = fa_job_find_dead(self->db, &watch, &arena, &job, &err)) == FA_DB_ROW) {
        outcome = fa_outcome_retry(self->db, &job, FA_FATE_GONE, self->options->job_attempts, &err);
        if (outcome < 0)
            break;
        fa_log(self->log, FA_LOG_WARNING, "job_dead", FA_LOG_TEXT("task", job.task),
               FA_LOG_NUMBER("attempt", job.attempt));
    }
    if (outcome < 0)
        fa_supervisor_complain(self, "bury_dead", &err);
}

/* What looks wrong for a moment after the server was away: children have yet to connect and take
 * their locks again. */
static bool
has_settled(struct fa_supervisor *self, int64_t now_us)
{
    unsigned generation = fa_db_generation(self->db);

    if (generation != self->generation) {
        self->generation = generation;
        self->connected_us = now_us;
    }
    return generation == 1 || now_us - self->connected_us > QUIET_S * 1000000LL;
}

/* Asked to drain, the machine claims nothing; what still runs when the time is up is handed back.
 */
static void
obey(struct fa_supervisor *self)
{
    struct fa_machine machine = {.draining = false};
    struct fa_error err = {0};

    if (fa_machine_read(self->db, self->machine, &machine, &err) < 0)
        fa_supervisor_complain(self, "machine", &err);
    if (machine.draining && machine.draining_s > self->options->job_drain)
        fa_children_stop(&self->children);
}

/* A listener that is stuck lets the server's queue grow, until all notifications fail. */
static void
watch_queue(struct fa_supervisor *self)
{
    struct fa_error err = {0};
    int64_t percent = 0;

    if (fa_db_notify_usage(self->db, &percent, &err) < 0)
        fa_supervisor_complain(self, "notify_usage", &err);
    if (percent > NOTIFY_ALARM_PERCENT)
        fa_log(self->log, FA_LOG_WARNING, "notify_queue", FA_LOG_NUMBER("percent", percent));
}

void
fa_patrol(struct fa_supervisor *self)
{
    int64_t now_us = fa_clock_monotonic_us();
    struct fa_error err = {0};

    fa_children_kill_overdue(&self->children);
    if (self->hinted || now_us >= self->patrol_us)
        stop_unwanted(self);
    self->hinted = false;
    if (now_us < self->patrol_us)
        return;
    self->patrol_us = now_us + PATROL_US;
    self->adopted = false;
    if (has_settled(self, now_us))
        bury_dead(self);
    obey(self);
    watch_queue(self);
    if (fa_job_prune(self->db, self->options->job_keep, &err) < 0 ||
        fa_machine_prune(self->db, self->options->job_keep, &err) < 0)
        fa_supervisor_complain(self, "job_prune", &err);
}
