/* The children a supervisor watches: processes, each with the job it works on. */
#ifndef FA_JOBS_CHILDREN_H
#define FA_JOBS_CHILDREN_H

#include "jobs/fate.h"
#include "jobs/spare.h"
#include "lib/base/options.h"
#include "lib/job/job.h"

#include <poll.h>
#include <sys/types.h>

enum {
    FA_CHILDREN_MAX = 256,
    FA_CHILD_UNBORN = 75 /* exit status: it has not begun the attempt, another process may */
};

struct fa_child {
    pid_t pid;
    int pidfd;    /* readable when the process has ended */
    bool ours;    /* our own child, to be waited for; else an earlier supervisor's */
    bool spare;   /* was one */
    bool stopped; /* by us: when its job still counts as running, it goes back uncounted */
    bool overdue; /* killed for its time limit */
    int64_t deadline_us;
    struct fa_uuid job;
    struct fa_uuid part;
    struct fa_uuid asset;
    char task[64];
    int64_t attempt;
    int64_t crashes;
    int64_t input_bytes;
};

struct fa_children {
    size_t slots;
    size_t count;
    struct fa_child list[FA_CHILDREN_MAX];
};

void fa_children_init(struct fa_children *children, int64_t slots);
size_t fa_children_count(const struct fa_children *children);
bool fa_children_free_slot(const struct fa_children *children);

/* Gives a claimed job to a spare, or else (also with `spares` NULL) to a fresh fileapi-job. */
int fa_children_start(struct fa_children *children, const struct fa_options *options,
                      struct fa_spares *spares, const struct fa_job *job,
                      struct fa_error *err) FA_MUSTCHECK;

/* Watches the process that works on `job`, unless one is watched already; one that is gone is
 * reaped at once. */
void fa_children_adopt(struct fa_children *children, const struct fa_options *options,
                       const struct fa_job *job, const struct fa_job_owner *owner);

/* Fills `ready` (room for FA_CHILDREN_MAX) for poll; how many. */
size_t fa_children_poll(const struct fa_children *children, struct pollfd *ready);

/* Takes one that has ended out of the list; false when there is none.  `status_r` is waitpid(2)'s,
 * or -1 when it is not known. */
bool fa_children_reap(struct fa_children *children, struct fa_child *child, int *status_r);

/* How one has ended that has left no result. */
enum fa_fate fa_child_fate(const struct fa_child *child, int status);

/* Kills those whose time is over, with all they started. */
void fa_children_kill_overdue(struct fa_children *children);

/* Kills one, with all it started; its job's row tells what follows. */
void fa_children_stop_one(struct fa_child *child);

/* Kills all, to drain. */
void fa_children_stop(struct fa_children *children);

#endif
