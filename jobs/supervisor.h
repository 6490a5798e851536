/*
 * The supervisor: one per machine.  Claims queued jobs while it has free slots, starts a detached
 * child for each, and sees to it that a job whose child is dead gets an outcome.
 *
 * Children outlive it.  A new supervisor finds them by what their rows say (pid, start time, boot)
 * and watches them by pidfd; jobs of machines that are gone are found by their free advisory lock.
 */
#ifndef FA_JOBS_SUPERVISOR_H
#define FA_JOBS_SUPERVISOR_H

#include "lib/base/log.h"
#include "lib/base/options.h"

/* Runs until SIGTERM or SIGINT, drains, and returns the process's exit status. */
int fa_supervisor_run(const struct fa_options *options, const struct fa_log *log);

#endif
