/* One line on a terminal that tells every second how far a long command is; nothing elsewhere. */
#ifndef FA_CTL_PROGRESS_H
#define FA_CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct fa_ctl_progress {
    bool terminal; /* standard error is one */
    bool shown;
    int64_t due_us;
};

void fa_ctl_progress_start(struct fa_ctl_progress *progress);

/* True when a line is due: the caller prints it to standard error, without a newline. */
bool fa_ctl_progress_due(struct fa_ctl_progress *progress);

/* Makes room for other output. */
void fa_ctl_progress_clear(struct fa_ctl_progress *progress);

#endif
