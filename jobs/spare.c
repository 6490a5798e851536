#include "jobs/spare.h"
#include "lib/base/clock.h"
#include "lib/base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAUSE_US = 1000000 };

void
fa_spare_init(struct fa_spare *spare)
{
    *spare = (struct fa_spare){.pipe = -1};
}

int
fa_spare_keep(struct fa_spare *spare, const struct fa_options *options, struct fa_error *err)
{
    static const char *const argv[] = {"fileapi-job", "--spare", NULL};
    int ends[2];

    if (options->job_spare == 0 || spare->pid > 0 || fa_clock_monotonic_us() < spare->not_before_us)
        return 0;
    spare->not_before_us = fa_clock_monotonic_us() + PAUSE_US;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "pipe to the spare");
    spare->pid = fa_spawn_start(&(const struct fa_spawn){.folder = options->libexec,
                                                         .argv = argv,
                                                         .environment = environ,
                                                         .descriptors = &ends[0],
                                                         .descriptor_count = 1,
                                                         .session = true},
                                err);
    close(ends[0]);
    spare->pipe = ends[1];
    if (spare->pid > 0)
        return 0;
    close(ends[1]);
    fa_spare_init(spare);
    return -1;
}

pid_t
fa_spare_give(struct fa_spare *spare, const struct fa_job *job)
{
    char line[FA_SPARE_LINE];
    char id[FA_UUID_TEXT];
    pid_t pid = spare->pid;
    int length;

    if (pid == 0)
        return 0;
    length = snprintf(line, sizeof line, "%s %lld\n", fa_uuid_text(&job->id, id),
                      (long long)job->attempt);
    /* Less than PIPE_BUF: all of it or nothing. */
    if (write(spare->pipe, line, (size_t)length) != length) {
        fa_spare_drop(spare);
        return 0;
    }
    close(spare->pipe);
    fa_spare_init(spare);
    return pid;
}

void
fa_spare_reap(struct fa_spare *spare)
{
    if (spare->pid == 0 || waitpid(spare->pid, NULL, WNOHANG) != spare->pid)
        return;
    close(spare->pipe);
    fa_spare_init(spare);
    spare->not_before_us = fa_clock_monotonic_us() + PAUSE_US;
}

void
fa_spare_drop(struct fa_spare *spare)
{
    if (spare->pid == 0)
        return;
    close(spare->pipe);
    kill(spare->pid, SIGKILL);
    while (waitpid(spare->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    fa_spare_init(spare);
}
