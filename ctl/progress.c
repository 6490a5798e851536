#include "ctl/progress.h"
#include "lib/base/clock.h"

#include <unistd.h>

enum { EVERY_US = 1000000 };

void
fa_ctl_progress_start(struct fa_ctl_progress *progress)
{
    *progress = (struct fa_ctl_progress){.terminal = isatty(STDERR_FILENO) == 1,
                                         .due_us = fa_clock_monotonic_us() + EVERY_US};
}

void
fa_ctl_progress_clear(struct fa_ctl_progress *progress)
{
    if (progress->shown)
        fprintf(stderr, "\r\033[K");
    progress->shown = false;
}

bool
fa_ctl_progress_due(struct fa_ctl_progress *progress)
{
    int64_t now_us;

    if (!progress->terminal)
        return false;
    now_us = fa_clock_monotonic_us();
    if (now_us < progress->due_us)
        return false;
    progress->due_us = now_us + EVERY_US;
    fa_ctl_progress_clear(progress);
    progress->shown = true;
    return true;
}
