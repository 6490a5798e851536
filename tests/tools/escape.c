/*
 * Tries to get out of the box: escape in|out PROBE FOLDER PORT, a file to write to as descriptor 3.
 *
 * "in" enters the sandbox first.  Exit status 0: it got out; 1: it did not; 2: this machine lets
 * nobody do that.  tests/unit/test_sandbox.c runs each probe in and out of the box.
 */
#include "lib/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILE_BYTES = 10LL << 30, LOCKED = 1 << 16, PATH_BYTES = 100, CHILDREN = 20, OUTPUT = 3 };

/* What a probe works with. */
struct target {
    const char *folder; /* of "another job", with the file "secret" and the listening "socket" */
    int port;           /* on which the test listens, TCP and UDP */
};

static const char *
inside(const struct target *target, const char *name, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s", target->folder, name);
    return path;
}

/* Yama, and administrators who forbid io_uring to all; never answers true. */
static bool
could_not_try(int reason)
{
    if (errno == reason)
        _exit(2);
    return false;
}

static bool
can_read(const char *path)
{
    int fd = open(path, O_RDONLY);
    char byte;

    return fd >= 0 && read(fd, &byte, 1) == 1;
}

static bool
read_passwords(const struct target *target)
{
    (void)target;
    return can_read("/etc/passwd");
}

static bool
read_other_job(const struct target *target)
{
    char path[PATH_BYTES];

    return can_read(inside(target, "secret", path));
}

static struct sockaddr_in
loopback(const struct target *target)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)target->port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static bool
connect_tcp(const struct target *target)
{
    struct sockaddr_in address = loopback(target);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

static bool
send_udp(const struct target *target)
{
    struct sockaddr_in address = loopback(target);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    return fd >= 0 && sendto(fd, "x", 1, 0, (const struct sockaddr *)&address, sizeof address) == 1;
}

static bool
connect_unix(const struct target *target)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[PATH_BYTES];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", inside(target, "socket", path));
    return fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

static bool
run_shell(const struct target *target)
{
    (void)target;
    execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
    return false;
}

static bool
trace_parent(const struct target *target)
{
    (void)target;
    if (ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0)
        return true;
    return could_not_try(EPERM);
}

static bool
write_outside(const struct target *target)
{
    char path[PATH_BYTES];
    int fd = open(inside(target, "written", path), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    return fd >= 0 && write(fd, "x", 1) == 1;
}

static bool
fork_bomb(const struct target *target)
{
    int alive = 0;

    (void)target;
    for (int i = 0; i < CHILDREN; i++) {
        pid_t pid = fork();

        if (pid == 0)
            _exit(0);
        alive += pid > 0 && waitpid(pid, NULL, 0) == pid;
    }
    return alive > 0;
}

static bool
fill_disk(const struct target *target)
{
    (void)target;
    return pwrite(OUTPUT, "x", 1, FILE_BYTES) == 1;
}

static bool
lock_memory(const struct target *target)
{
    void *memory = mmap(NULL, LOCKED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)target;
    return memory != MAP_FAILED && syscall(SYS_mlock, memory, (size_t)LOCKED) == 0;
}

static bool
signal_parent(const struct target *target)
{
    (void)target;
    return kill(getppid(), SIGURG) == 0;
}

static bool
use_io_uring(const struct target *target)
{
    unsigned char parameters[120] = {0};

    (void)target;
    if (syscall(SYS_io_uring_setup, 4, parameters) >= 0)
        return true;
    return could_not_try(ENOSYS) || could_not_try(EPERM);
}

static bool
follow_link(const struct target *target)
{
    char path[PATH_BYTES];

    unlink(inside(target, "link", path));
    return symlink("/etc/passwd", path) == 0 && can_read(path);
}

static bool
run_new_code(const struct target *target)
{
    static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3}; /* mov $42, %eax; ret */
    void *memory = mmap(NULL, LOCKED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int (*function)(void);

    (void)target;
    if (memory == MAP_FAILED)
        return false;
    memcpy(memory, code, sizeof code);
    if (mprotect(memory, LOCKED, PROT_READ | PROT_EXEC) < 0)
        return false;
    memcpy(&function, &memory, sizeof function);
    return function() == 42;
}

static const struct probe {
    const char *name;
    bool (*escapes)(const struct target *target);
} probes[] = {
    {"passwords", read_passwords}, {"other-job", read_other_job},
    {"tcp", connect_tcp},          {"udp", send_udp},
    {"unix", connect_unix},        {"shell", run_shell},
    {"ptrace", trace_parent},      {"write", write_outside},
    {"fork", fork_bomb},           {"disk", fill_disk},
    {"mlock", lock_memory},        {"kill", signal_parent},
    {"io-uring", use_io_uring},    {"symlink", follow_link},
    {"code", run_new_code},
};

int
main(int argc, char **argv)
{
    struct fa_error err = {0};

    if (argc != 5)
        return 2;
    if (strcmp(argv[1], "in") == 0 && fa_sandbox_enter(-1, &err) < 0)
        return 2;
    for (size_t i = 0; i < FA_COUNT(probes); i++)
        if (strcmp(probes[i].name, argv[2]) == 0) {
            const struct target target = {argv[3], (int)strtol(argv[4], NULL, 10)};

            _exit(probes[i].escapes(&target) ? 0 : 1);
        }
    return strcmp(argv[2], "nothing") == 0 ? 1 : 2;
}
