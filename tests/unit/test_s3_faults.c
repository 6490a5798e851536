/* The S3 store and a server that is slow, away, or wrong for a while: tries, time, the breaker. */
#include "tests/unit/scripted_rig.h"

#include <fcntl.h>

enum { DAY_S = 86400 };

/* --- tries --------------------------------------------------------------------------- */

/* What may pass is tried again, the body from its start and signed anew. */
static void
passing_trouble_is_tried_again(void **state)
{
    struct fixture *fixture = *state;
    /* The ETag is the MD5 of what rig_spool makes of 100000 and 1. */
    struct rig *rig = SCRIPT(state, {.answer = ERROR("503 Slow Down", "SlowDown"), .end = CLOSE},
                             {.answer = "", .end = RESET},
                             {.answer = ERROR("500 Oh", "InternalError"), .end = CLOSE},
                             {.answer = OK(EMPTY "ETag: \"no-md5-3\"\r\n", ""), .end = KEEP},
                             {.answer = OK("Content-Length: 100000\r\n", ""), .end = KEEP});

    if (rig_put(rig, KEY, 100000, 1) < 0)
        fail_msg("%s", rig->err.detail);
    assert_int_equal(requests(state), 5);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(strncmp(head_of(state, i), "PUT /bucket/" KEY " HTTP/1.1\r\n", 12), 0);
        assert_non_null(
            strstr(head_of(state, i), "Authorization: AWS4-HMAC-SHA256 Credential=key/"));
        assert_int_equal(fixture->server.log->bodies[i], 100000);
        assert_null(strstr(head_of(state, i), "Expect:"));
    }
    assert_int_equal(strncmp(head_of(state, 4), "HEAD ", 5), 0);
}

/* Four times and no more. */
static void
tries_end(void **state)
{
    struct rig *rig = SCRIPT(
        state, {.answer = ERROR("503 Service Unavailable", "ServiceUnavailable"), .end = CLOSE});

    FAILS(rig, rig_put(rig, KEY, 10, 1), FA_E_STORE, 2 * FA_SECOND_US);
    assert_int_equal(requests(state), FA_S3_TRIES);
}

/* What no other try cures is tried once, and says what an operator can do. */
static void
final_trouble_is_not_tried_again(void **state)
{
    static const struct {
        const char *answer;
        enum fa_error_code code;
        const char *action;
    } cases[] = {
        {ERROR("403 Forbidden", "InvalidAccessKeyId"), FA_E_STORE, "AWS_ACCESS_KEY_ID"},
        {ERROR("403 Forbidden", "SignatureDoesNotMatch"), FA_E_STORE, "AWS_SECRET_ACCESS_KEY"},
        {ERROR("403 Forbidden", "AccessDenied"), FA_E_STORE, "what the key may do"},
        {ERROR("404 Not Found", "NoSuchBucket"), FA_E_STORE, "FILEAPI_S3_BUCKET"},
        {ERROR("507 Full", "XMinioStorageFull"), FA_E_SPACE, "space"},
        {ERROR("400 Bad", "EntityTooLarge"), FA_E_SPACE, "space"},
        {ERROR("403 Forbidden", "QuotaExceeded"), FA_E_SPACE, "quota"},
        {"HTTP/1.1 500 Oh\r\nConnection: close\r\n\r\n<Error><Code>InternalError</Code><Message>We "
         "encountered an internal error, please try again.: cause(no space left on device)"
         "</Message></Error>",
         FA_E_SPACE, "space"},
        {"HTTP/1.1 507 Full\r\n" EMPTY "\r\n", FA_E_SPACE, "space"},
        {"HTTP/1.1 413 Large\r\n" EMPTY "\r\n", FA_E_SPACE, "space"},
        {"HTTP/1.1 403 No\r\n" EMPTY "\r\n", FA_E_STORE, "AWS_ACCESS_KEY_ID"},
        {"HTTP/1.1 307 There\r\nLocation: http://127.0.0.1:1/\r\n" EMPTY "\r\n", FA_E_STORE,
         "AWS_ENDPOINT_URL_S3"},
        {"HTTP/1.1 400 Bad\r\n" EMPTY "\r\n", FA_E_STORE, ""},
        {"HTTP/1.1 501 No\r\n" EMPTY "\r\n", FA_E_STORE, ""},
    };

    for (size_t i = 0; i < FA_COUNT(cases); i++) {
        struct rig *rig = SCRIPT(state, {.answer = cases[i].answer, .end = CLOSE});

        FAILS(rig, rig_put(rig, KEY, 10, 1), cases[i].code, FA_SECOND_US);
        if (requests(state) != 1 || strstr(rig->err.action, cases[i].action) == NULL)
            fail_msg("%s: %d requests, %s", cases[i].answer, requests(state), rig->err.action);
        tear_down(state);
        set_up(state);
    }
}

/* The server's clock is learned from its Date, whichever way it is off. */
static void
clocks_are_learned(void **state)
{
    char answer[512];
    char date[FA_CLOCK_TEXT];
    char day[16];
    time_t tomorrow = time(NULL) + DAY_S + 7200;
    struct tm utc;
    struct scripted_step steps[] = {{.answer = answer, .end = CLOSE},
                                    {.answer = OK(EMPTY "ETag: \"x-1\"\r\n", ""), .end = KEEP},
                                    {.answer = OK("Content-Length: 10\r\n", ""), .end = KEEP}};
    struct rig *rig;

    snprintf(answer, sizeof answer,
             "HTTP/1.1 403 Forbidden\r\nDate: %s\r\nConnection: close\r\n\r\n"
             "<Error><Code>RequestTimeTooSkewed</Code></Error>",
             fa_clock_http((int64_t)tomorrow * FA_SECOND_US, date));
    gmtime_r(&tomorrow, &utc);
    strftime(day, sizeof day, "%Y%m%dT%H", &utc);
    rig = open_script(state, steps, FA_COUNT(steps));
    if (rig_put(rig, KEY, 10, 1) < 0)
        fail_msg("%s", rig->err.detail);
    assert_null(strstr(head_of(state, 0), day));
    assert_non_null(strstr(head_of(state, 1), day));
    assert_non_null(strstr(fa_store_accel(rig->store, KEY, false, &rig->arena, &rig->err), day));
}

/* --- time ----------------------------------------------------------------------------- */

/* Silence ends a call after the patience, wherever it begins. */
static void
silence_is_given_up(void **state)
{
    static const struct scripted_step hanging[] = {
        {.answer = "", .end = HANG},
        {.answer = "HTTP/1.1 200 OK\r\nContent-Le", .end = HANG},
        {.answer = "", .end = HANG, .read_at_most = 1},
    };

    for (size_t i = 0; i < FA_COUNT(hanging); i++) {
        struct rig *rig = open_script(state, &hanging[i], 1);

        FAILS(rig, rig_put(rig, KEY, 12000000, 1), FA_E_STORE, 19 * FA_SECOND_US / 10);
        assert_int_equal(requests(state), 1);
        tear_down(state);
        set_up(state);
    }
}

/* Also in the middle of a download, and with a request's own patience in time for its answer. */
static void
silent_downloads_are_given_up(void **state)
{
    struct rig *rig = SCRIPT(
        state, {.answer = OK("Content-Length: 5000000\r\n", ""), .end = HANG, .filler = 3000000});

    fa_store_set_patience(rig->store, FA_STORE_PATIENCE_S);
    FAILS(rig, fa_store_get(rig->store, KEY, &rig->err), FA_E_STORE, 9 * FA_SECOND_US / 2);
}

/* A drop now and then is silence too. */
static void
trickles_are_given_up(void **state)
{
    struct rig *rig =
        SCRIPT(state, {.answer = OK("Content-Length: 900\r\n", "abcdefghijklmnopqrstuvwxyz"
                                                               "abcdefghijklmnopqrstuvwxyz"),
                       .end = HANG,
                       .drip_ms = 50});

    FAILS(rig, fa_store_get(rig->store, KEY, &rig->err), FA_E_STORE, 19 * FA_SECOND_US / 10);
}

/* Silences of several tries add up: nobody waits four times as long. */
static void
silences_add_up(void **state)
{
    /* 700 ms of a head, then the connection is cut. */
    static const char slow[] = "HTTP/1.1 200 OK\r\nServer: sl";
    struct rig *rig = SCRIPT(state, {.answer = slow, .end = RESET, .drip_ms = 25});
    FAILS(rig, rig_put(rig, KEY, 5000, 1), FA_E_STORE, 19 * FA_SECOND_US / 10);
    assert_true(requests(state) >= 2);
}

/* So do those of a request's calls; the next request has all of the patience again. */
static void
calls_of_a_request_share(void **state)
{
    /* 700 ms until it is there. */
    static const char slow[] = "HTTP/1.1 204 No Content\r\n\r\n";
    struct rig *rig =
        SCRIPT(state, {.answer = slow, .end = KEEP, .drip_ms = 25},
               {.answer = slow, .end = KEEP, .drip_ms = 25}, {.answer = "", .end = HANG});
    int64_t began_us = fa_clock_monotonic_us();

    fa_store_begin(rig->store);
    assert_int_equal(fa_store_remove(rig->store, KEY, &rig->err), 0);
    fa_store_begin(rig->store);
    assert_int_equal(fa_store_remove(rig->store, KEY, &rig->err), 0);
    assert_true(fa_clock_monotonic_us() - began_us > FA_SECOND_US);
    FAILS(rig, fa_store_remove(rig->store, KEY, &rig->err), FA_E_STORE, FA_SECOND_US * 9 / 10);
}

/* What moves may take longer than the patience. */
static void
slow_downloads_arrive(void **state)
{
    static char answer[60100];
    struct scripted_step step = {.answer = answer, .end = KEEP};
    struct rig *rig;
    int64_t began_us = fa_clock_monotonic_us();
    FA_AUTO_FD fd = -1;

    snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n%03000d", 7);
    step.drip_ms = 1;
    rig = open_script(state, &step, 1);
    fa_store_set_patience(rig->store, 2);
    fd = fa_store_get(rig->store, KEY, &rig->err);
    if (fd < 0)
        fail_msg("%s", rig->err.detail);
    assert_true(fa_clock_monotonic_us() - began_us > 2 * FA_SECOND_US);
    assert_int_equal(lseek(fd, 0, SEEK_END), 3000);
}

/* --- the breaker ----------------------------------------------------------------------- */

/* After five failures a second passes between questions; the first answer ends that. */
static void
breaker_spares_and_recovers(void **state)
{
    struct fixture *fixture = *state;
    struct rig *rig = SCRIPT(state, {.answer = "HTTP/1.1 204 No Content\r\n\r\n", .end = KEEP});
    int port = fixture->server.port;
    int64_t began_us;
    int i;

    kill(fixture->server.pid, SIGKILL);
    waitpid(fixture->server.pid, NULL, 0);
    for (i = 0; i < FA_S3_BREAKER_FAILURES; i++)
        FAILS(rig, fa_store_remove(rig->store, KEY, &rig->err), FA_E_STORE, 19 * FA_SECOND_US / 10);
    /* One of these is the first probe. */
    FAILS(rig, fa_store_remove(rig->store, KEY, &rig->err), FA_E_STORE, 19 * FA_SECOND_US / 10);
    FAILS(rig, fa_store_remove(rig->store, KEY, &rig->err), FA_E_STORE, FA_SECOND_US / 5);
    assert_non_null(strstr(rig->err.detail, "lately"));
    /* nginx is not sent there either; what it has kept it may send. */
    assert_null(fa_store_accel(rig->store, KEY, false, &rig->arena, &rig->err));
    assert_int_equal(rig->err.code, FA_E_STORE);
    assert_int_equal(strncmp(fa_store_accel(rig->store, KEY, true, &rig->arena, &rig->err),
                             "/_s3_kept/bucket/" KEY "?X-Amz-", 25),
                     0);
    scripted_listen(&fixture->server, port);
    began_us = fa_clock_monotonic_us();
    while (fa_store_remove(rig->store, KEY, &rig->err) < 0) {
        assert_true(fa_clock_monotonic_us() - began_us < 2 * FA_SECOND_US);
        usleep(10000);
    }
    assert_non_null(fa_store_accel(rig->store, KEY, false, &rig->arena, &rig->err));
    for (i = 0; i < 20; i++)
        assert_int_equal(fa_store_remove(rig->store, KEY, &rig->err), 0);
}

/* Answers that refuse are answers. */
static void
refusals_leave_the_breaker_closed(void **state)
{
    struct rig *rig =
        SCRIPT(state, {.answer = ERROR("403 Forbidden", "AccessDenied"), .end = CLOSE});

    for (int i = 0; i < 8; i++)
        FAILS(rig, fa_store_remove(rig->store, KEY, &rig->err), FA_E_STORE, FA_SECOND_US);
    assert_int_equal(requests(state), 8);
}

/* What one process has found out the others of its pool know. */
static void
processes_share_the_breaker(void **state)
{
    struct rig *rig = SCRIPT(state, {.answer = "", .end = RESET});
    struct fa_store_shared *shared = fa_store_shared_new();
    int status;

    assert_non_null(shared);
    fa_store_share(rig->store, shared);
    for (int i = 0; i < FA_S3_BREAKER_FAILURES; i++) {
        pid_t pid = fork();

        if (pid == 0)
            _exit(fa_store_remove(rig->store, KEY, &rig->err) == -1 ? 0 : 1);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    (void)!fa_store_remove(rig->store, KEY, &rig->err);
    FAILS(rig, fa_store_remove(rig->store, KEY, &rig->err), FA_E_STORE, FA_SECOND_US / 5);
    assert_non_null(strstr(rig->err.detail, "lately"));
}

/* Of many that ask at once, one is the probe. */
static void
one_probe_a_second(void **state)
{
    struct fa_s3_breaker breaker = {0};
    int64_t now_us = 10 * FA_SECOND_US;

    (void)state;
    for (int i = 0; i < FA_S3_BREAKER_FAILURES; i++) {
        assert_true(fa_s3_breaker_allows(&breaker, now_us));
        fa_s3_breaker_note(&breaker, false);
    }
    assert_true(fa_s3_breaker_allows(&breaker, now_us));
    assert_false(fa_s3_breaker_allows(&breaker, now_us));
    assert_false(fa_s3_breaker_allows(&breaker, now_us + FA_SECOND_US - 1));
    assert_true(fa_s3_breaker_allows(&breaker, now_us + FA_SECOND_US));
    fa_s3_breaker_note(&breaker, true);
    assert_true(fa_s3_breaker_allows(&breaker, now_us));
    assert_true(fa_s3_breaker_allows(&breaker, now_us));
}

/* --- the process --------------------------------------------------------------------------- */

/* Children inherit no connection. (libcurl's own wake-up pair is left to fa_spawn_start.) */
static void
connections_close_on_exec(void **state)
{
    struct rig *rig = SCRIPT(state, {.answer = OK("Content-Length: 5\r\n", "hello"), .end = KEEP});
    FA_AUTO_FD fd = fa_store_get(rig->store, KEY, &rig->err);
    int connections = 0;

    assert_true(fd >= 0);
    for (int number = 3; number < 100; number++) {
        struct sockaddr_in address = {.sin_family = AF_UNSPEC};
        socklen_t size = sizeof address;

        if (getsockname(number, (struct sockaddr *)&address, &size) < 0 ||
            address.sin_family != AF_INET)
            continue;
        connections++;
        assert_true((fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
    }
    assert_int_equal(connections, 1);
}

/* The operator's slips are told before anything is asked. */
static void
odd_options_are_refused(void **state)
{
    static const struct {
        const char *endpoint;
        const char *key;
        const char *bucket;
    } cases[] = {
        {"127.0.0.1:9000", "key", "bucket"},
        {"ftp://127.0.0.1", "key", "bucket"},
        {"http://127.0.0.1/bucket", "key", "bucket"},
        {"http://u@127.0.0.1", "key", "bucket"},
        {"http://127.0.0.1?x", "key", "bucket"},
        {"http://127.0.0.1", "", "bucket"},
        {"http://127.0.0.1", "key", "b"},
        {"http://127.0.0.1", "key", "a/b"},
        {"http://127.0.0.1", "key", "Bucket"},
    };
    struct fixture *fixture = *state;
    struct rig *rig = fixture->rig;

    for (size_t i = 0; i < FA_COUNT(cases); i++) {
        rig->options.s3_endpoint = cases[i].endpoint;
        rig->options.s3_access_key = cases[i].key;
        rig->options.s3_secret_key = SECRET;
        rig->options.s3_region = "us-east-1";
        rig->options.s3_bucket = cases[i].bucket;
        rig->options.s3_ca = "";
        rig->err = (struct fa_error){0};
        if (fa_store_open(&rig->options, &rig->store, &rig->err) == 0)
            fail_msg("%s %s", cases[i].endpoint, cases[i].bucket);
        assert_int_equal(rig->err.code, FA_E_STORE);
        assert_true(rig->err.action[0] != '\0');
    }
}

FA_RUN(TEST(passing_trouble_is_tried_again), TEST(tries_end),
       TEST(final_trouble_is_not_tried_again), TEST(clocks_are_learned), TEST(silence_is_given_up),
       TEST(silent_downloads_are_given_up), TEST(trickles_are_given_up), TEST(silences_add_up),
       TEST(calls_of_a_request_share), TEST(slow_downloads_arrive),
       TEST(breaker_spares_and_recovers), TEST(refusals_leave_the_breaker_closed),
       TEST(processes_share_the_breaker), TEST(one_probe_a_second), TEST(connections_close_on_exec),
       TEST(odd_options_are_refused))
