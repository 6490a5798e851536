/* A MinIO server for a test program, on loopback, gone with it. */
#ifndef FA_TESTS_MINIO_H
#define FA_TESTS_MINIO_H

#include "lib/store/s3.h"
#include "tests/unit/store_rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define MINIO_USER   "fileapi-test"
#define MINIO_SECRET "fileapi-test-secret"

struct minio {
    pid_t pid;
    char folder[64];
    char endpoint[64];
    unsigned buckets;
};

static struct minio minio;

/* FILEAPI_MINIO, or where the tests keep what they fetch; NULL when there is none. */
static inline const char *
minio_program(void)
{
    static char path[512];
    const char *named = getenv("FILEAPI_MINIO");
    const char *cache = getenv("FILEAPI_CACHE");
    const char *home = getenv("HOME");

    if (named != NULL && *named != '\0')
        snprintf(path, sizeof path, "%s", named);
    else if (cache != NULL && *cache != '\0')
        snprintf(path, sizeof path, "%s/minio/minio", cache);
    else
        snprintf(path, sizeof path, "%s/.cache/fileapi/minio/minio", home != NULL ? home : "");
    return access(path, X_OK) == 0 ? path : NULL;
}

static inline int
free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    FA_AUTO_FD fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

static inline void
minio_exec(const char *program, const char *address)
{
    int log = open("/dev/null", O_WRONLY);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setenv("MINIO_ROOT_USER", MINIO_USER, 1);
    setenv("MINIO_ROOT_PASSWORD", MINIO_SECRET, 1);
    setenv("MINIO_BROWSER", "off", 1);
    setenv("HOME", minio.folder, 1);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execl(program, program, "server", "--quiet", "--address", address, minio.folder, (char *)NULL);
    _exit(127);
}

/* Options for the server; a rig without a store yet. */
static inline struct rig *
minio_rig(void)
{
    struct rig *rig = rig_new("/tmp");
    char *bucket = fa_arena_printf(&rig->arena, "test-%u", minio.buckets++);

    rig->options.s3_endpoint = minio.endpoint;
    rig->options.s3_access_key = MINIO_USER;
    rig->options.s3_secret_key = MINIO_SECRET;
    rig->options.s3_region = "us-east-1";
    rig->options.s3_bucket = bucket;
    rig->options.s3_ca = "";
    return rig;
}

/* Makes the bucket of the rig's options. */
static inline int
minio_make_bucket(struct rig *rig)
{
    struct fa_s3_exchange exchange = {.number = 0};
    int result;

    fa_s3_exchange_init(&exchange, "PUT", NULL);
    result = fa_s3_ask((struct fa_s3_store *)rig->store, &exchange, &rig->err);
    fa_s3_exchange_free(&exchange);
    return result;
}

/* For cmocka_run_group_tests. */
static inline int
minio_start(void **state)
{
    const char *program = minio_program();
    char address[32];
    struct rig *rig;

    (void)state;
    if (program == NULL) {
        print_message("no minio (FILEAPI_MINIO): what needs it is skipped\n");
        return 0;
    }
    snprintf(minio.folder, sizeof minio.folder, "/tmp/fileapi-minio-XXXXXX");
    assert_non_null(mkdtemp(minio.folder));
    snprintf(address, sizeof address, "127.0.0.1:%d", free_port());
    snprintf(minio.endpoint, sizeof minio.endpoint, "http://%s", address);
    minio.pid = fork();
    assert_true(minio.pid >= 0);
    if (minio.pid == 0)
        minio_exec(program, address);
    rig = minio_rig();
    assert_int_equal(fa_store_open(&rig->options, &rig->store, &rig->err), 0);
    fa_store_set_patience(rig->store, 2 * FA_STORE_PATIENCE_S);
    for (int i = 0; minio_make_bucket(rig) < 0; i++) {
        if (i == 200 || waitpid(minio.pid, NULL, WNOHANG) != 0)
            fail_msg("minio does not start: %s", rig->err.detail);
        usleep(50000);
    }
    rig_free(rig);
    return 0;
}

static inline int
minio_stop(void **state)
{
    char command[sizeof minio.folder + 8];

    (void)state;
    if (minio.pid <= 0)
        return 0;
    kill(minio.pid, SIGKILL);
    waitpid(minio.pid, NULL, 0);
    snprintf(command, sizeof command, "rm -rf %s", minio.folder);
    return system(command);
}

/* A store in a new bucket; the test skips itself where there is no server. */
static inline int
rig_open_minio(void **state)
{
    struct rig *rig = minio_rig();

    *state = rig;
    if (minio.pid <= 0)
        return 0;
    assert_int_equal(fa_store_open(&rig->options, &rig->store, &rig->err), 0);
    if (minio_make_bucket(rig) < 0)
        fail_msg("%s", rig->err.detail);
    return 0;
}

#define MINIO_NEEDED()                                                                             \
    do {                                                                                           \
        if (minio.pid <= 0)                                                                        \
            skip();                                                                                \
    } while (0)

#endif
