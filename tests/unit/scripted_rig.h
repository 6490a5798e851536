/* An S3 store at a server that answers by a script. */
#ifndef FA_TESTS_SCRIPTED_RIG_H
#define FA_TESTS_SCRIPTED_RIG_H

#include "lib/base/clock.h"
#include "lib/store/s3.h"
#include "tests/unit/scripted.h"
#include "tests/unit/store_rig.h"

#define KEY    "ab/0123456789abcdef0123456789abcdef"
#define TO     "cd/0123456789abcdef0123456789abcdef"
#define SECRET "the-secret-of-the-key"

struct fixture {
    struct rig *rig;
    struct scripted server;
};

#define OK(headers, body) "HTTP/1.1 200 OK\r\n" headers "\r\n" body
#define EMPTY             "Content-Length: 0\r\n"
#define ERROR(status, code)                                                                        \
    "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n"                                             \
    "<?xml version=\"1.0\"?><Error><Code>" code "</Code><Message>no</Message></Error>"

static inline int
set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    fixture->rig = rig_new("/tmp");
    *state = fixture;
    return 0;
}

static inline int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    scripted_stop(&fixture->server);
    rig_free(fixture->rig);
    free(fixture);
    return 0;
}

/* A store at the scripted server, with a patience of a second. */
static inline struct rig *
open_script(void **state, const struct scripted_step *steps, size_t count)
{
    struct fixture *fixture = *state;
    struct fa_options *options = &fixture->rig->options;

    scripted_start(&fixture->server, steps, count);
    options->s3_endpoint = fixture->server.endpoint;
    options->s3_access_key = "key";
    options->s3_secret_key = SECRET;
    options->s3_region = "us-east-1";
    options->s3_bucket = "bucket";
    options->s3_ca = "";
    assert_int_equal(fa_store_open(options, &fixture->rig->store, &fixture->rig->err), 0);
    fa_store_set_patience(fixture->rig->store, 1);
    return fixture->rig;
}

#define SCRIPT(state, ...)                                                                         \
    open_script(state, (const struct scripted_step[]){__VA_ARGS__},                                \
                sizeof((const struct scripted_step[]){__VA_ARGS__}) /                              \
                    sizeof(struct scripted_step))

static inline int
requests(void **state)
{
    struct fixture *fixture = *state;

    return fixture->server.log->requests;
}

static inline const char *
head_of(void **state, int number)
{
    struct fixture *fixture = *state;

    return fixture->server.log->heads[number];
}

/* The call fails with the code, and takes at most that long. */
#define FAILS(rig, call, error, limit_us)                                                          \
    do {                                                                                           \
        int64_t called_us = fa_clock_monotonic_us();                                               \
        (rig)->err = (struct fa_error){0};                                                         \
        assert_int_equal(call, -1);                                                                \
        if ((rig)->err.code != (error))                                                            \
            fail_msg("%s", (rig)->err.detail);                                                     \
        assert_true(fa_clock_monotonic_us() - called_us <= (limit_us));                            \
        assert_null(strstr((rig)->err.detail, SECRET));                                            \
    } while (0)

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
