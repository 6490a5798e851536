#include "jobs/children.h"
#include "jobs/limits.h"
#include "lib/base/clock.h"
#include "lib/base/spawn.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

void
fa_children_init(struct fa_children *children, int64_t slots)
{
    *children = (struct fa_children){.slots = slots < 1 ? 1 : (size_t)slots};
    if (children->slots > FA_CHILDREN_MAX)
        children->slots = FA_CHILDREN_MAX;
}

size_t
fa_children_count(const struct fa_children *children)
{
    return children->count;
}

bool
fa_children_free_slot(const struct fa_children *children)
{
    return children->count < children->slots;
}

static void
add(struct fa_children *children, const struct fa_options *options, const struct fa_job *job,
    const struct fa_child *process)
{
    struct fa_child *child = &children->list[children->count++];
    int64_t wall_s = fa_limits_of(job->task, false, job->input_bytes, options).wall_s;

    *child = *process;
    child->pidfd = child->pid > 0 ? pidfd_open(child->pid, 0) : -1;
    child->deadline_us += fa_clock_monotonic_us() + wall_s * 1000000;
    child->job = job->id;
    child->part = job->part;
    child->asset = job->asset;
    child->attempt = job->attempt;
    child->crashes = job->crashes;
    child->input_bytes = job->input_bytes;
    snprintf(child->task, sizeof child->task, "%s", job->task);
}

static pid_t
start_fresh(const struct fa_options *options, const struct fa_job *job, struct fa_error *err)
{
    char id[FA_UUID_TEXT];
    char attempt[24];
    const char *const argv[] = {"fileapi-job", fa_uuid_text(&job->id, id), attempt, NULL};
    const struct fa_spawn spawn = {
        .folder = options->libexec, .argv = argv, .environment = environ, .session = true};

    snprintf(attempt, sizeof attempt, "%lld", (long long)job->attempt);
    return fa_spawn_start(&spawn, err);
}

int
fa_children_start(struct fa_children *children, const struct fa_options *options,
                  struct fa_spares *spares, const struct fa_job *job, struct fa_error *err)
{
    pid_t pid = spares != NULL ? fa_spares_give(spares, job) : 0;
    bool given = pid > 0;

    if (!given)
        pid = start_fresh(options, job, err);
    if (pid < 0)
        return -1;
    add(children, options, job, &(const struct fa_child){.pid = pid, .ours = true, .spare = given});
    return 0;
}

void
fa_children_adopt(struct fa_children *children, const struct fa_options *options,
                  const struct fa_job *job, const struct fa_job_owner *owner)
{
    bool alive = fa_job_process_began(owner->pid) == owner->pid_start;

    for (size_t i = 0; i < children->count; i++)
        if (memcmp(&children->list[i].job, &job->id, sizeof job->id) == 0)
            return;
    if (children->count < FA_CHILDREN_MAX)
        add(children, options, job,
            &(const struct fa_child){.pid = alive ? (pid_t)owner->pid : 0,
                                     .deadline_us = -owner->age_s * 1000000});
}

size_t
fa_children_poll(const struct fa_children *children, struct pollfd *ready)
{
    for (size_t i = 0; i < children->count; i++)
        ready[i] = (struct pollfd){.fd = children->list[i].pidfd, .events = POLLIN};
    return children->count;
}

/* True when the process has ended; our own are waited for, so that none stays a zombie. */
static bool
has_ended(const struct fa_child *child, int *status_r)
{
    struct pollfd ended = {.fd = child->pidfd, .events = POLLIN};

    *status_r = -1;
    if (child->ours)
        return waitpid(child->pid, status_r, WNOHANG) == child->pid;
    return child->pidfd < 0 || poll(&ended, 1, 0) > 0;
}

bool
fa_children_reap(struct fa_children *children, struct fa_child *child, int *status_r)
{
    for (size_t i = 0; i < children->count; i++) {
        if (!has_ended(&children->list[i], status_r))
            continue;
        *child = children->list[i];
        if (child->pidfd >= 0)
            close(child->pidfd);
        children->list[i] = children->list[--children->count];
        return true;
    }
    return false;
}

enum fa_fate
fa_child_fate(const struct fa_child *child, int status)
{
    if (child->overdue)
        return FA_FATE_TIME;
    if (status < 0)
        return FA_FATE_GONE;
    if (WIFEXITED(status) && WEXITSTATUS(status) == FA_CHILD_UNBORN)
        return FA_FATE_UNBORN;
    return fa_fate_of_status(status, false);
}

/* The child leads a process group: what it started goes with it. */
static void
kill_child(const struct fa_child *child)
{
    if (child->pid > 0)
        kill(-child->pid, SIGKILL);
}

void
fa_children_kill_overdue(struct fa_children *children)
{
    int64_t now_us = fa_clock_monotonic_us();

    for (size_t i = 0; i < children->count; i++)
        if (children->list[i].deadline_us < now_us) {
            children->list[i].overdue = true;
            kill_child(&children->list[i]);
        }
}

void
fa_children_stop_one(struct fa_child *child)
{
    child->stopped = true;
    kill_child(child);
}

void
fa_children_stop(struct fa_children *children)
{
    for (size_t i = 0; i < children->count; i++)
        fa_children_stop_one(&children->list[i]);
}
