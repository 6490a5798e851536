#include "keys/daemon.h"
#include "keys/provider.h"
#include "lib/auth/keys.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/new_file.h"
#include "lib/base/ready.h"
#include "lib/base/signals.h"
#include "lib/base/unix_socket.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FILE_BYTES = 1 << 20,
    WAIT_MAX_MS = 60000,
    RETRY_MIN_S = 2, /* after a failed fetch; doubled at each, up to FILEAPI_KEYS_AGE */
    VAIN_MAX = 4,    /* fetches in vain that questions may cause in quick succession */
    CHANGED_S = 2    /* after new keys, those who ask may just not have seen them: not charged */
};

struct daemon {
    const struct fa_options *options;
    const struct fa_log *log;
    struct fa_fetcher fetcher;
    int listener; /* -1: nobody asks */
    int signals;
    struct fa_buf known; /* the JWKS as it came last */
    int64_t fetched_s;   /* wall clock; 0: not yet */
    int64_t due_us;      /* monotonic, as all times below: the next fetch by age */
    int64_t retry_s;     /* wait after the next failed fetch */
    int vain_left;       /* fetches in vain that questions may still cause */
    int64_t refill_us;   /* when there is one more of them */
    int64_t changed_us;  /* when new keys came last */
};

/* --- fetching ----------------------------------------------------------------------------------
 */

static int
write_keys(struct daemon *daemon, const struct fa_buf *jwks, int64_t now_s, struct fa_error *err)
{
    const struct fa_options *options = daemon->options;
    FA_AUTO_BUF(text, FILE_BYTES);
    struct fa_new_file file;

    if (fa_keys_pack(jwks->data != NULL ? jwks->data : "", jwks->length, options->issuer,
                     now_s + options->keys_stale, &text, err) < 0)
        return fa_error_wrap(err, "the JWKS of %s", options->issuer);
    if (fa_new_file_open(&file, options->keys, 0644, err) < 0)
        return -1;
    return fa_new_file_close(&file, fwrite(text.data, 1, text.length, file.file) == text.length,
                             rename, err);
}

/* True when these are not the keys we had; from then on they are. */
static bool
take_as_known(struct daemon *daemon, const struct fa_buf *jwks)
{
    if (daemon->known.length == jwks->length &&
        memcmp(daemon->known.data, jwks->data, jwks->length) == 0)
        return false;
    fa_buf_reset(&daemon->known);
    fa_buf_add(&daemon->known, jwks->data, jwks->length);
    return true;
}

static void
fail(struct daemon *daemon, struct fa_error *err)
{
    int64_t age_s =
        daemon->fetched_s != 0 ? fa_clock_now_us() / FA_SECOND_US - daemon->fetched_s : -1;

    fa_log(daemon->log, FA_LOG_ERROR, "keys_not_fetched", FA_LOG_TEXT("detail", err->detail),
           FA_LOG_NUMBER("age_s", age_s), FA_LOG_NUMBER("retry_s", daemon->retry_s));
    daemon->due_us = fa_clock_monotonic_us() + daemon->retry_s * FA_SECOND_US;
    daemon->retry_s *= 2;
    if (daemon->retry_s > daemon->options->keys_age)
        daemon->retry_s = daemon->options->keys_age;
}

/* Fetches and writes; true when there are other keys than before. */
static bool
fetch(struct daemon *daemon)
{
    FA_AUTO_BUF(jwks, FA_FETCH_BYTES);
    struct fa_error err = {0};
    int64_t now_s = fa_clock_now_us() / FA_SECOND_US;
    bool changed;

    if (fa_provider_fetch(&daemon->fetcher, daemon->options->issuer, &jwks, &err) < 0 ||
        write_keys(daemon, &jwks, now_s, &err) < 0) {
        fail(daemon, &err);
        return false;
    }
    changed = take_as_known(daemon, &jwks);
    if (changed)
        daemon->changed_us = fa_clock_monotonic_us();
    fa_log(daemon->log, changed ? FA_LOG_INFO : FA_LOG_DEBUG, "keys_fetched",
           FA_LOG_NUMBER("bytes", jwks.length), FA_LOG_NUMBER("changed", changed));
    daemon->fetched_s = now_s;
    daemon->due_us = fa_clock_monotonic_us() + daemon->options->keys_age * FA_SECOND_US;
    daemon->retry_s = RETRY_MIN_S;
    return changed;
}

/* --- questions ---------------------------------------------------------------------------------
 */

static void
refill(struct daemon *daemon)
{
    int64_t interval_us = daemon->options->keys_interval * FA_SECOND_US;
    int64_t now_us = fa_clock_monotonic_us();

    while (daemon->vain_left < VAIN_MAX && daemon->refill_us <= now_us) {
        daemon->vain_left++;
        daemon->refill_us += interval_us > 0 ? interval_us : 1;
    }
    if (daemon->vain_left == VAIN_MAX)
        daemon->refill_us = now_us + interval_us;
}

/* Connecting is the question (lib/auth/bearer.h).  A fetch that finds nothing new is charged, so
 * made-up keys cost the issuer one fetch per FILEAPI_KEYS_INTERVAL in the long run; a few are not
 * waited for, because a key that has just gone is asked for as well and must not delay a new one.
 * Those who came while the fetch was under way find its keys in the file: one fetch is for all. */
static void
answer(struct daemon *daemon)
{
    int64_t wait_s;
    char line[24];
    int length;
    int fd;

    refill(daemon);
    if (daemon->vain_left > 0 && !fetch(daemon) &&
        fa_clock_monotonic_us() - daemon->changed_us > CHANGED_S * FA_SECOND_US)
        daemon->vain_left--;
    wait_s = daemon->vain_left > 0
                 ? 0
                 : (daemon->refill_us - fa_clock_monotonic_us()) / FA_SECOND_US + 1;
    length = snprintf(line, sizeof line, "%lld\n", (long long)(wait_s > 0 ? wait_s : 0));
    while ((fd = accept4(daemon->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        /* One who has gone meanwhile is no fault. */
        (void)!send(fd, line, (size_t)length, MSG_NOSIGNAL);
        close(fd);
    }
}

/* --- the loop ----------------------------------------------------------------------------------
 */

static int
open_daemon(struct daemon *daemon, struct fa_error *err)
{
    /* Blocked before libcurl starts a thread to look up names. */
    daemon->signals = fa_signals_open(0, err);
    if (daemon->signals < 0)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    daemon->fetcher.stop = daemon->signals;
    if (daemon->options->keys_age < 1 || daemon->options->keys_stale < daemon->options->keys_age)
        return fa_error_set(err, FA_E_INTERNAL,
                            "FILEAPI_KEYS_AGE must be at least 1 and FILEAPI_KEYS_STALE above it");
    if (daemon->options->keys_socket[0] != '\0')
        /* Only our own services ask. */
        daemon->listener = fa_socket_listen(daemon->options->keys_socket, "", err);
    return daemon->options->keys_socket[0] != '\0' && daemon->listener < 0 ? -1 : 0;
}

/* Rounded up, so that the time has come when the wait is over. */
static int
wait_ms(int64_t wait_us)
{
    return wait_us > WAIT_MAX_MS * 1000 ? WAIT_MAX_MS : (int)(wait_us / 1000 + 1);
}

static void
serve(struct daemon *daemon)
{
    struct pollfd ready[] = {{.fd = daemon->signals, .events = POLLIN},
                             {.fd = daemon->listener, .events = POLLIN}};

    for (;;) {
        int64_t left_us = daemon->due_us - fa_clock_monotonic_us();

        if (left_us <= 0) {
            (void)fetch(daemon);
            continue;
        }
        if (poll(ready, FA_COUNT(ready), wait_ms(left_us)) <= 0)
            continue;
        if (ready[0].revents != 0)
            return;
        if (ready[1].revents != 0)
            answer(daemon);
    }
}

int
fa_daemon_run(const struct fa_options *options, const struct fa_log *log)
{
    struct daemon daemon = {.options = options,
                            .log = log,
                            .fetcher = {.ca = options->keys_ca},
                            .listener = -1,
                            .vain_left = VAIN_MAX,
                            .retry_s = RETRY_MIN_S};
    struct fa_error err = {0};

    if (open_daemon(&daemon, &err) < 0) {
        fa_log_error(log, "start", &err);
        return EXIT_FAILURE;
    }
    fa_buf_init(&daemon.known, FA_FETCH_BYTES);
    /* Those who wait for us to be ready find the keys there, if the issuer answers. */
    (void)fetch(&daemon);
    fa_ready_notify("READY=1");
    fa_log(log, FA_LOG_INFO, "following", FA_LOG_TEXT("issuer", options->issuer),
           FA_LOG_TEXT("keys", options->keys));
    serve(&daemon);
    fa_ready_notify("STOPPING=1");
    if (daemon.listener >= 0)
        unlink(options->keys_socket);
    fa_buf_free(&daemon.known);
    fa_log(log, FA_LOG_INFO, "stopped");
    return EXIT_SUCCESS;
}
