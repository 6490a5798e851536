#include "jobs/spare.h"
#include "lib/base/clock.h"
#include "lib/base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAUSE_US = 1000000 };

static int
make(struct fa_spare *spare, const struct fa_options *options, struct fa_error *err)
{
    static const char *const argv[] = {"fileapi-job", "--spare", NULL};
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "pipe to a spare");
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
    return -1;
}

int
fa_spares_keep(struct fa_spares *spares, const struct fa_options *options, struct fa_error *err)
{
    int64_t now_us = fa_clock_monotonic_us();
    int64_t wanted =
        options->job_spare < options->job_slots ? options->job_spare : options->job_slots;

    if (now_us < spares->not_before_us)
        return 0;
    while ((int64_t)spares->count < wanted && spares->count < FA_SPARES_MAX) {
        if (make(&spares->list[spares->count], options, err) < 0) {
            spares->not_before_us = now_us + PAUSE_US;
            return -1;
        }
        spares->count++;
    }
    return 0;
}

/* Takes it out of the list. */
static struct fa_spare
take(struct fa_spares *spares, size_t at)
{
    struct fa_spare spare = spares->list[at];

    spares->count--;
    memmove(&spares->list[at], &spares->list[at + 1], (spares->count - at) * sizeof spare);
    close(spare.pipe);
    return spare;
}

static void
end(struct fa_spares *spares, size_t at)
{
    struct fa_spare spare = take(spares, at);

    kill(spare.pid, SIGKILL);
    while (waitpid(spare.pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

pid_t
fa_spares_give(struct fa_spares *spares, const struct fa_job *job)
{
    char line[FA_SPARE_LINE];
    char id[FA_UUID_TEXT];
    int length = snprintf(line, sizeof line, "%s %lld\n", fa_uuid_text(&job->id, id),
                          (long long)job->attempt);

    while (spares->count > 0) {
        /* Less than PIPE_BUF: all of it or nothing. */
        if (write(spares->list[0].pipe, line, (size_t)length) == length)
            return take(spares, 0).pid;
        end(spares, 0);
    }
    return 0;
}

void
fa_spares_reap(struct fa_spares *spares)
{
    for (size_t i = spares->count; i-- > 0;)
        if (waitpid(spares->list[i].pid, NULL, WNOHANG) == spares->list[i].pid) {
            take(spares, i);
            spares->not_before_us = fa_clock_monotonic_us() + PAUSE_US;
        }
}

void
fa_spares_drop(struct fa_spares *spares)
{
    while (spares->count > 0)
        end(spares, spares->count - 1);
}
