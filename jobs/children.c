#include "jobs/children.h"
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

static struct fa_child *
add(struct fa_children *children, const struct fa_job *job, pid_t pid, bool ours)
{
    struct fa_child *child = &children->list[children->count++];

    *child = (struct fa_child){.pid = pid,
                               .pidfd = pid > 0 ? pidfd_open(pid, 0) : -1,
                               .ours = ours,
                               .started_us = fa_clock_monotonic_us(),
                               .job = job->id,
                               .part = job->part,
                               .asset = job->asset,
                               .has_asset = job->has_asset,
                               .attempt = job->attempt,
                               .crashes = job->crashes};
    snprintf(child->task, sizeof child->task, "%s", job->task);
    return child;
}

int
fa_children_start(struct fa_children *children, const struct fa_options *options,
                  const struct fa_job *job, struct fa_error *err)
{
    char id[FA_UUID_TEXT];
    char attempt[24];
    const char *const argv[] = {"fileapi-job", fa_uuid_text(&job->id, id), attempt, NULL};
    const struct fa_spawn spawn = {
        .folder = options->libexec, .argv = argv, .environment = environ, .session = true};
    pid_t pid;

    snprintf(attempt, sizeof attempt, "%lld", (long long)job->attempt);
    pid = fa_spawn_start(&spawn, err);
    if (pid < 0)
        return -1;
    add(children, job, pid, true);
    return 0;
}

void
fa_children_adopt(struct fa_children *children, const struct fa_job *job,
                  const struct fa_job_owner *owner)
{
    bool alive = fa_job_process_start(owner->pid) == owner->pid_start;

    if (children->count < FA_CHILDREN_MAX)
        add(children, job, alive ? (pid_t)owner->pid : 0, false);
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

static void
explain(const struct fa_child *child, int status, char *why, size_t size)
{
    if (child->overdue)
        snprintf(why, size, "it took longer than allowed");
    else if (status >= 0 && WIFSIGNALED(status))
        snprintf(why, size, "its process ended by signal %d", WTERMSIG(status));
    else if (status >= 0 && WIFEXITED(status))
        snprintf(why, size, "its process ended with status %d", WEXITSTATUS(status));
    else
        snprintf(why, size, "its process is gone");
}

bool
fa_children_reap(struct fa_children *children, struct fa_child *child, char *why, size_t size)
{
    for (size_t i = 0; i < children->count; i++) {
        int status;

        if (!has_ended(&children->list[i], &status))
            continue;
        *child = children->list[i];
        explain(child, status, why, size);
        if (child->pidfd >= 0)
            close(child->pidfd);
        children->list[i] = children->list[--children->count];
        return true;
    }
    return false;
}

/* The child leads a process group: what it started goes with it. */
static void
kill_child(const struct fa_child *child)
{
    if (child->pid > 0)
        kill(-child->pid, SIGKILL);
}

void
fa_children_kill_overdue(struct fa_children *children, int64_t limit_s)
{
    int64_t limit_us = fa_clock_monotonic_us() - limit_s * 1000000;

    for (size_t i = 0; i < children->count; i++)
        if (children->list[i].started_us < limit_us) {
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
