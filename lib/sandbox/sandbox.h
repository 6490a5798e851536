/*
 * The box around a parser of uploaded contents: what a process gives up for good before it looks at
 * the first hostile byte.
 *
 * From then on it can use the descriptors it has, memory, threads and clocks, and nothing else.
 * Landlock takes the file system and TCP, seccomp everything but some fifty system calls.  A call
 * that is not on the list fails with ENOSYS and does not kill: a list learned from good files is
 * wrong for bad ones.  Calls that only an attacker makes end the process (SIGSYS).
 */
#ifndef FA_SANDBOX_SANDBOX_H
#define FA_SANDBOX_SANDBOX_H

#include "lib/base/error.h"

/* Whether this kernel can do it: Landlock, and seccomp that kills processes.  FA_E_INTERNAL with
 * what is missing. */
int fa_sandbox_check(struct fa_error *err) FA_MUSTCHECK;

/*
 * Enters the box, while the process has one thread.  There is no way back.  `reopen` is a
 * descriptor whose file may be opened again for reading by its /proc/self/fd name, for libraries
 * that only take names; -1: none.  FA_E_INTERNAL when any part of it fails.
 */
int fa_sandbox_enter(int reopen, struct fa_error *err) FA_MUSTCHECK;

#endif
