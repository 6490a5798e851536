/* The one way to start a process: exec of a program of ours with exactly what it is given. */
#ifndef FA_BASE_SPAWN_H
#define FA_BASE_SPAWN_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct fa_spawn {
    const char *folder;       /* where the program lies */
    const char *const *argv;  /* argv[0] is its name in `folder`; ended by NULL */
    char *const *environment; /* NULL: empty */
    const int *descriptors;   /* become 3, 4, …; everything else but standard error is closed */
    size_t descriptor_count;
    bool session;         /* leads a session, and so a process group, of its own */
    int64_t memory_bytes; /* limits; 0: as the caller's */
    int64_t cpu_seconds;  /* SIGXCPU */
    int64_t file_bytes;
    int64_t files;        /* open descriptors */
    bool die_with_caller; /* SIGKILL when the caller's process ends */
};

/*
 * Starts the program with standard input and output on /dev/null, default signal handling, no core
 * file.  Returns its process id, which the caller waits for, or -1.  A program that cannot be
 * exec'd ends with status 127.
 */
pid_t fa_spawn_start(const struct fa_spawn *spawn, struct fa_error *err) FA_MUSTCHECK;

#endif
