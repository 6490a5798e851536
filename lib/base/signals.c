#include "lib/base/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

int
fa_signals_open(int more, struct fa_error *err)
{
    sigset_t set;
    int fd;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (more != 0)
        sigaddset(&set, more);
    sigprocmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? fa_error_errno(err, FA_E_INTERNAL, errno, "signalfd") : fd;
}
