#include "lib/base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    FIRST_DESCRIPTOR = 3,
    DESCRIPTORS_MAX = 8,
    STAGING = 64,
    CANNOT_EXEC = 127,
    CPU_GRACE_S = 5
};

static void
limit(int resource, int64_t soft, int64_t hard)
{
    struct rlimit both = {.rlim_cur = (rlim_t)soft, .rlim_max = (rlim_t)hard};

    if (soft > 0)
        setrlimit((__rlimit_resource_t)resource, &both);
}

/* Between fork and exec only async-signal-safe calls: another thread may have held any lock. */
static void
arrange_descriptors(const struct fa_spawn *spawn)
{
    int null = open("/dev/null", O_RDWR);
    int staged[DESCRIPTORS_MAX];

    /* First out of the way, then into place: source and target numbers may overlap. */
    for (size_t i = 0; i < spawn->descriptor_count; i++)
        staged[i] = fcntl(spawn->descriptors[i], F_DUPFD, STAGING);
    for (size_t i = 0; i < spawn->descriptor_count; i++)
        if (dup2(staged[i], FIRST_DESCRIPTOR + (int)i) < 0)
            _exit(CANNOT_EXEC);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    close_range(FIRST_DESCRIPTOR + (unsigned)spawn->descriptor_count, UINT_MAX, 0);
}

static void
default_signals(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A caller that ended before the request was heard has left the child to another parent. */
static void
die_with(pid_t caller)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != caller)
        _exit(CANNOT_EXEC);
}

static void
become(const struct fa_spawn *spawn, const char *path, pid_t caller)
{
    static char *const nothing[] = {NULL};
    static const struct rlimit no_core = {0, 0};

    if (spawn->die_with_caller)
        die_with(caller);
    if (spawn->session)
        setsid();
    arrange_descriptors(spawn);
    default_signals();
    setrlimit(RLIMIT_CORE, &no_core);
    limit(RLIMIT_AS, spawn->memory_bytes, spawn->memory_bytes);
    /* The soft limit ends it with SIGXCPU; SIGKILL, which the hard one sends, could be anybody's.
     */
    limit(RLIMIT_CPU, spawn->cpu_seconds, spawn->cpu_seconds + CPU_GRACE_S);
    limit(RLIMIT_FSIZE, spawn->file_bytes, spawn->file_bytes);
    limit(RLIMIT_NOFILE, spawn->files, spawn->files);
    execve(path, (char *const *)(uintptr_t)spawn->argv,
           spawn->environment != NULL ? spawn->environment : nothing);
    _exit(CANNOT_EXEC);
}

pid_t
fa_spawn_start(const struct fa_spawn *spawn, struct fa_error *err)
{
    char path[PATH_MAX];
    pid_t caller = getpid();
    pid_t pid;

    if (spawn->descriptor_count > DESCRIPTORS_MAX)
        return fa_error_set(err, FA_E_INTERNAL, "spawn: too many descriptors");
    if (snprintf(path, sizeof path, "%s/%s", spawn->folder, spawn->argv[0]) >= (int)sizeof path)
        return fa_error_set(err, FA_E_INTERNAL, "spawn: path too long");
    pid = fork();
    if (pid < 0)
        return fa_error_errno(err, FA_E_STORE, errno, "fork %s", spawn->argv[0]);
    if (pid == 0)
        become(spawn, path, caller);
    return pid;
}
