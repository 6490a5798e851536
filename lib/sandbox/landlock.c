#include "lib/sandbox/landlock.h"
#include "lib/base/cleanup.h"

#include <errno.h>
#include <linux/landlock.h>
#include <sys/syscall.h>

/* The attributes as of version 6; Debian's headers (6.1) know the first only. */
struct ruleset {
    uint64_t fs;
    uint64_t net;   /* from version 4 */
    uint64_t scope; /* from version 6 */
};

/* What each version of the kernel's interface added; bits in the order of their numbers. */
enum {
    FS_RIGHTS_1 = 13,
    FS_RIGHTS_2 = 14, /* REFER */
    FS_RIGHTS_3 = 15, /* TRUNCATE */
    FS_RIGHTS_5 = 16, /* IOCTL_DEV */
    NET_RIGHTS = 2,   /* bind and connect TCP */
    SCOPES = 2        /* abstract unix sockets, signals */
};

int
fa_landlock_version(void)
{
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static uint64_t
bits(int count)
{
    return (1ULL << count) - 1;
}

/* All rights that this version knows; the size of the structure it takes. */
static size_t
fill_ruleset(int version, struct ruleset *ruleset)
{
    int rights = version >= 5   ? FS_RIGHTS_5
                 : version >= 3 ? FS_RIGHTS_3
                 : version == 2 ? FS_RIGHTS_2
                                : FS_RIGHTS_1;

    *ruleset = (struct ruleset){.fs = bits(rights)};
    if (version < 4)
        return sizeof ruleset->fs;
    ruleset->net = bits(NET_RIGHTS);
    if (version < 6)
        return sizeof ruleset->fs + sizeof ruleset->net;
    ruleset->scope = bits(SCOPES);
    return sizeof *ruleset;
}

int
fa_landlock_restrict(int reopen, struct fa_error *err)
{
    struct ruleset ruleset;
    size_t size = fill_ruleset(fa_landlock_version(), &ruleset);
    FA_AUTO_FD fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
    struct landlock_path_beneath_attr rule = {.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
                                              .parent_fd = reopen};

    if (fd < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "Landlock rules");
    if (reopen >= 0 && syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "Landlock rule for the input");
    if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        return fa_error_errno(err, FA_E_INTERNAL, errno, "Landlock");
    return 0;
}
