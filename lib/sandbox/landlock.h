/* Inside lib/sandbox only: Landlock by system calls, which glibc 2.36 does not wrap. */
#ifndef FA_SANDBOX_LANDLOCK_H
#define FA_SANDBOX_LANDLOCK_H

#include "lib/base/error.h"

/* The version of Landlock that the kernel speaks, or -1 with errno. */
int fa_landlock_version(void);

/* Forbids every file but the one of `reopen` (-1: none), and what else this kernel's version can
 * forbid: TCP, signals and abstract sockets to processes outside.  Needs no-new-privs. */
int fa_landlock_restrict(int reopen, struct fa_error *err) FA_MUSTCHECK;

#endif
