/*
 * Spares: children that are exec'd, connected and waiting, so that a job need not wait for that.
 *
 * Each reads its one job from a pipe, whose end before a job makes it leave: it never outlives the
 * supervisor that made it, nor sees another's options.  While there is none, or when it is broken,
 * a fresh child does the same.
 */
#ifndef FA_JOBS_SPARE_H
#define FA_JOBS_SPARE_H

#include "lib/base/options.h"
#include "lib/job/job.h"

#include <sys/types.h>

/* A spare's end of the pipe, room for the line that comes on it, "JOB ATTEMPT\n", and how many
 * spares a supervisor keeps at most. */
enum { FA_SPARE_FD = 3, FA_SPARE_LINE = 80, FA_SPARES_MAX = 16 };

struct fa_spares {
    size_t count;
    struct fa_spare {
        pid_t pid;
        int pipe;
    } list[FA_SPARES_MAX]; /* the oldest, which is the likeliest to be ready, first */
    int64_t not_before_us; /* when more may be made: what dies must not be made in a circle */
};

/* Makes as many as the options want, a slot's worth at most; -1 when that fails, to be tried again
 * later. */
int fa_spares_keep(struct fa_spares *spares, const struct fa_options *options,
                   struct fa_error *err) FA_MUSTCHECK;

/* Gives one the job: its process, the caller's child from now on; 0 when there is none to take it.
 */
pid_t fa_spares_give(struct fa_spares *spares, const struct fa_job *job);

/* Waits for those that have died. */
void fa_spares_reap(struct fa_spares *spares);

/* Ends all, before a job. */
void fa_spares_drop(struct fa_spares *spares);

#endif
