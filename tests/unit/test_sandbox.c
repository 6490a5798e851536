/* What gets out of the box: each probe of tests/tools/escape.c succeeds without it and not in it.
 */
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/spawn.h"
#include "lib/sandbox/sandbox.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { ESCAPED = 0, STOPPED = 1, UNKNOWN = 2, ROUNDS = 40, COST_US = 15000 };

/* What the probes reach for. */
static struct ground {
    char folder[64];
    char port[8];
    int tcp, udp, local;
} ground;

static int
prepare(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    socklen_t length = sizeof address;
    char path[100];
    FILE *secret;

    (void)state;
    snprintf(ground.folder, sizeof ground.folder, "/tmp/test-sandbox-XXXXXX");
    if (mkdtemp(ground.folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/secret", ground.folder);
    secret = fopen(path, "w");
    fputs("secret", secret);
    fclose(secret);
    ground.tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bind(ground.tcp, (const struct sockaddr *)&address, sizeof address);
    getsockname(ground.tcp, (struct sockaddr *)&address, &length);
    ground.udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bind(ground.udp, (const struct sockaddr *)&address, sizeof address);
    ground.local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(local.sun_path, sizeof local.sun_path, "%s/socket", ground.folder);
    bind(ground.local, (const struct sockaddr *)&local, sizeof local);
    snprintf(ground.port, sizeof ground.port, "%d", ntohs(address.sin_port));
    return listen(ground.tcp, 64) + listen(ground.local, 64);
}

static int
clean(void **state)
{
    static const char *const names[] = {"secret", "socket", "written", "link"};
    char path[100];

    (void)state;
    for (size_t i = 0; i < FA_COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", ground.folder, names[i]);
        unlink(path);
    }
    return rmdir(ground.folder);
}

/* Address space is what AddressSanitizer needs terabytes of. */
static struct fa_spawn
plan(const char *const *argv, const int *file)
{
    return (struct fa_spawn){
        .folder = ".", .argv = argv, .descriptors = file, .descriptor_count = 1};
}

/* Runs a probe; ESCAPED, STOPPED (also by a signal) or UNKNOWN. */
static int
attempt(const char *probe, bool boxed)
{
    const char *const argv[] = {"escape",      boxed ? "in" : "out", probe,
                                ground.folder, ground.port,          NULL};
    FA_AUTO_FD file = memfd_create("output", MFD_CLOEXEC);
    struct fa_spawn spawn = plan(argv, &file);
    struct fa_error err = {0};
    int status = -1;
    pid_t pid;

    if (boxed) {
        spawn.file_bytes = 1 << 20;
        spawn.session = true;
        spawn.die_with_caller = true;
    }
    pid = fa_spawn_start(&spawn, &err);
    assert_true(pid > 0);
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    return WIFEXITED(status) ? WEXITSTATUS(status) : STOPPED;
}

static void
nothing_gets_out(void **state)
{
    static const char *const probes[] = {"passwords", "other-job", "tcp",      "udp",     "unix",
                                         "shell",     "ptrace",    "write",    "fork",    "disk",
                                         "mlock",     "kill",      "io-uring", "symlink", "code"};

    (void)state;
    for (size_t i = 0; i < FA_COUNT(probes); i++) {
        int without = attempt(probes[i], false);
        int within = attempt(probes[i], true);

        print_message("%-10s without the box: %s, in it: %s\n", probes[i],
                      without == ESCAPED   ? "gets out"
                      : without == UNKNOWN ? "not on this machine"
                                           : "STOPPED",
                      within == ESCAPED ? "GETS OUT" : "stopped");
        assert_true(without == ESCAPED || without == UNKNOWN);
        assert_true(within == STOPPED || within == without);
        assert_int_not_equal(within, ESCAPED);
    }
}

static int64_t
cost_of(bool boxed)
{
    int64_t begun = fa_clock_monotonic_us();

    for (int i = 0; i < ROUNDS; i++)
        assert_int_equal(attempt("nothing", boxed), STOPPED);
    return (fa_clock_monotonic_us() - begun) / ROUNDS;
}

/* The box costs less than 15 ms for each start. */
static void
box_is_cheap(void **state)
{
    int64_t without = cost_of(false);
    int64_t within = cost_of(true);

    (void)state;
    print_message("a start takes %lld us without the box, %lld us with it\n", (long long)without,
                  (long long)within);
    assert_true(within - without < COST_US);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_gets_out),
        cmocka_unit_test(box_is_cheap),
    };
    struct fa_error err = {0};

    if (fa_sandbox_check(&err) < 0) {
        print_message("skipped: %s\n", err.detail);
        return 77;
    }
    return cmocka_run_group_tests(tests, prepare, clean);
}
