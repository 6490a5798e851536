/* The children a supervisor watches: processes, each with the job it works on. */
#ifndef FA_JOBS_CHILDREN_H
#define FA_JOBS_CHILDREN_H

#include "lib/base/options.h"
#include "lib/job/job.h"

#include <poll.h>
#include <sys/types.h>

enum { FA_CHILDREN_MAX = 256 };

struct fa_child {
    pid_t pid;
    int pidfd;    /* readable when the process has ended */
    bool ours;    /* our own child, to be waited for; else an earlier supervisor's */
    bool stopped; /* by us: when its job still counts as running, it goes back uncounted */
    bool overdue; /* killed for its time limit */
    int64_t started_us;
    struct fa_uuid job;
    struct fa_uuid part;
    struct fa_uuid asset;
    bool has_asset;
    char task[64];
    int64_t attempt;
    int64_t crashes;
};

struct fa_children {
    size_t slots;
    size_t count;
    struct fa_child list[FA_CHILDREN_MAX];
};

void fa_children_init(struct fa_children *children, int64_t slots);
size_t fa_children_count(const struct fa_children *children);
bool fa_children_free_slot(const struct fa_children *children);

/* Starts fileapi-job for a claimed job. */
int fa_children_start(struct fa_children *children, const struct fa_options *options,
                      const struct fa_job *job, struct fa_error *err) FA_MUSTCHECK;

/* Watches the process that works on `job` since before this supervisor; one that is gone already is
 * reaped at once. */
void fa_children_adopt(struct fa_children *children, const struct fa_job *job,
                       const struct fa_job_owner *owner);

/* Fills `ready` (room for FA_CHILDREN_MAX) for poll; how many. */
size_t fa_children_poll(const struct fa_children *children, struct pollfd *ready);

/* Takes one that has ended out of the list; false when there is none.  `why` tells how it ended. */
bool fa_children_reap(struct fa_children *children, struct fa_child *child, char *why, size_t size);

/* Kills those that have run longer than `limit_s`, with all they started. */
void fa_children_kill_overdue(struct fa_children *children, int64_t limit_s);

/* Kills one, with all it started; its job's row tells what follows. */
void fa_children_stop_one(struct fa_child *child);

/* Kills all, to drain. */
void fa_children_stop(struct fa_children *children);

#endif
