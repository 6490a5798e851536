#include "lib/sandbox/landlock.h"
#include "lib/sandbox/sandbox.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

int
fa_sandbox_check(struct fa_error *err)
{
    const unsigned action = SECCOMP_RET_KILL_PROCESS;

    if (fa_landlock_version() < 1)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "the kernel has no Landlock");
    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "the kernel has no seccomp filters");
    return 0;
}
