/*
 * Requests to answers.
 *
 * A run has one budget of silence for all it does: time in which nothing new moves, over all tries,
 * waits between them included; and the runs of one request have one together.  What moves may take
 * as long as it does.  So a store that is down, refuses, or stalls at any moment is given up in
 * time for an answer to whoever waits.
 */
#include "lib/store/s3.h"

#include "lib/base/clock.h"

#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum {
    TICK_MS = 200,
    /* Fewer bytes count as silence. */
    CREDIT = 1024,
    /* The longest wait before the second try, as a part of the patience; then it doubles. */
    WAIT_PART = 40
};

struct run {
    struct fa_s3_store *self;
    struct fa_s3_exchange *exchanges;
    size_t count;
    fa_s3_next *next;
    void *closure;
    size_t fresh; /* exchanges that `next` has not been asked for yet */
    size_t active;
    int64_t tick_us;   /* when the clocks were last read */
    int64_t silent_us; /* since something new moved */
    int64_t unpaid_us; /* of the present silence, what a re-sent body may still make good */
    uint64_t counted;  /* bytes of all tries at the last credit */
    uint64_t furthest; /* new bytes at the last credit */
    bool away;         /* the last failure was the store's, not the request's */
    bool silent;       /* for longer than anybody waits */
};

/* --- an exchange ----------------------------------------------------------------- */

void
fa_s3_exchange_init(struct fa_s3_exchange *exchange, const char *method, const char *key)
{
    struct fa_buf body = exchange->answer.body;

    if (body.limit == 0)
        fa_buf_init(&body, FA_S3_ANSWER_LIMIT);
    *exchange =
        (struct fa_s3_exchange){.number = exchange->number,
                                .request = {.method = method, .key = key, .fd = -1, .sink = -1},
                                .answer = {.length = -1, .date_us = -1, .body = body}};
}

void
fa_s3_exchange_free(struct fa_s3_exchange *exchange)
{
    fa_buf_free(&exchange->answer.body);
}

void
fa_s3_add_query(struct fa_s3_exchange *exchange, const char *name, const char *value)
{
    struct fa_s3_request *request = &exchange->request;

    request->query[request->query_count++] = (struct fa_sigv4_pair){name, value};
}

void
fa_s3_add_header(struct fa_s3_exchange *exchange, const char *name, const char *value)
{
    struct fa_s3_request *request = &exchange->request;

    request->headers[request->header_count++] = (struct fa_sigv4_pair){name, value};
}

/* --- libcurl, once per process ----------------------------------------------------- */

static int
prepare_curl(struct fa_s3_store *self, struct fa_error *err)
{
    if (self->multi != NULL)
        return 0;
    self->multi = curl_multi_init();
    if (self->multi == NULL)
        return fa_error_set(err, FA_E_MEMORY, "connections to the store");
    curl_multi_setopt(self->multi, CURLMOPT_MAXCONNECTS, (long)FA_S3_PARALLEL);
    for (size_t i = 0; i < FA_S3_PARALLEL; i++) {
        self->easies[i] = curl_easy_init();
        if (self->easies[i] == NULL)
            return fa_error_set(err, FA_E_MEMORY, "connections to the store");
    }
    return 0;
}

/* --- silence ------------------------------------------------------------------------ */

/* What the kernel still has of a body; it shrinks while libcurl has no more to give. */
static uint64_t
unsent(const struct fa_s3_exchange *exchange)
{
    curl_socket_t socket = CURL_SOCKET_BAD;
    int bytes = 0;

    if (exchange->easy == NULL || exchange->request.size == 0 ||
        curl_easy_getinfo(exchange->easy, CURLINFO_ACTIVESOCKET, &socket) != CURLE_OK ||
        socket == CURL_SOCKET_BAD || ioctl(socket, SIOCOUTQ, &bytes) < 0 || bytes < 0)
        return 0;
    return (uint64_t)bytes;
}

/* Adds what has moved, and the part of it that had never been moved before. */
static void
count_bytes(struct run *run, uint64_t *counted_r, uint64_t *furthest_r)
{
    for (size_t i = 0; i < run->count; i++) {
        struct fa_s3_exchange *exchange = &run->exchanges[i];
        uint64_t left = unsent(exchange);
        uint64_t position =
            exchange->request.sink >= 0 ? exchange->received : exchange->sent + exchange->heard;

        position -= left < position ? left : position;
        if (position > exchange->furthest)
            exchange->furthest = position;
        *counted_r += exchange->counted - (left < exchange->counted ? left : exchange->counted);
        *furthest_r += exchange->furthest;
    }
}

static bool
is_silent(struct run *run)
{
    uint64_t counted = 0;
    uint64_t furthest = 0;
    int64_t now_us = fa_clock_monotonic_us();

    count_bytes(run, &counted, &furthest);
    run->unpaid_us += now_us - run->tick_us;
    run->tick_us = now_us;
    if (counted < run->counted)
        run->counted = counted;
    if (furthest >= run->furthest + CREDIT) {
        run->silent_us = 0;
        run->unpaid_us = 0;
        run->furthest = furthest;
        run->counted = counted;
    } else if (counted >= run->counted + CREDIT) {
        run->unpaid_us = 0;
        run->counted = counted;
    }
    return run->silent_us + run->unpaid_us > run->self->patience_us;
}

/* --- tries -------------------------------------------------------------------------- */

static CURL *
free_easy(const struct run *run)
{
    for (size_t i = 0; i < FA_S3_PARALLEL; i++) {
        bool used = false;

        for (size_t k = 0; k < run->count; k++)
            used = used || run->exchanges[k].easy == run->self->easies[i];
        if (!used)
            return run->self->easies[i];
    }
    return NULL;
}

/* One exchange at a time, so that those begun before it move while it is prepared. */
static int
begin_fresh(struct run *run, struct fa_error *err)
{
    struct fa_s3_exchange *exchange;

    if (run->fresh == 0)
        return 0;
    exchange = &run->exchanges[run->count - run->fresh--];
    err->code = FA_OK;
    exchange->active = run->next(run->closure, exchange, err);
    run->active += exchange->active ? 1 : 0;
    return err->code == FA_OK ? 0 : -1;
}

static int
begin_due(struct run *run, struct fa_error *err)
{
    int64_t now_us = fa_clock_monotonic_us();

    for (size_t i = 0; i < run->count; i++) {
        struct fa_s3_exchange *exchange = &run->exchanges[i];
        CURL *easy;

        if (!exchange->active || exchange->easy != NULL || exchange->due_us > now_us ||
            (easy = free_easy(run)) == NULL)
            continue;
        exchange->tries++;
        if (fa_s3_transfer_begin(run->self, exchange, easy, err) < 0)
            return -1;
    }
    return 0;
}

/* Full jitter: anything up to a ceiling that doubles. */
static void
put_off(struct run *run, struct fa_s3_exchange *exchange)
{
    int64_t ceiling_us = (run->self->patience_us / WAIT_PART) << (exchange->tries - 1);

    exchange->due_us = fa_clock_monotonic_us() + (ceiling_us > 0 ? random() % ceiling_us : 0);
    run->silent_us += run->unpaid_us;
    run->unpaid_us = 0;
}

static int
take_result(struct run *run, struct fa_s3_exchange *exchange, CURLcode code, struct fa_error *err)
{
    enum fa_s3_verdict verdict = fa_s3_judge(run->self, exchange, code, &run->away, err);

    fa_s3_transfer_end(run->self, exchange);
    if (verdict == FA_S3_AGAIN && exchange->tries < FA_S3_TRIES) {
        put_off(run, exchange);
        return 0;
    }
    if (verdict != FA_S3_GOOD)
        return -1;
    run->furthest -= exchange->furthest < run->furthest ? exchange->furthest : run->furthest;
    exchange->furthest = 0;
    exchange->counted = 0;
    err->code = FA_OK;
    exchange->active = run->next != NULL && run->next(run->closure, exchange, err);
    run->active -= exchange->active ? 0 : 1;
    return err->code == FA_OK ? 0 : -1;
}

static int
take_results(struct run *run, struct fa_error *err)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(run->self->multi, &left)) != NULL) {
        struct fa_s3_exchange *exchange = NULL;

        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange) ==
                CURLE_OK &&
            take_result(run, exchange, message->data.result, err) < 0)
            return -1;
    }
    return 0;
}

/* As long as nothing is due. */
static int
wait_ms(const struct run *run)
{
    int64_t now_us = fa_clock_monotonic_us();
    int64_t wait_us = TICK_MS * 1000;

    for (size_t i = 0; i < run->count; i++) {
        const struct fa_s3_exchange *exchange = &run->exchanges[i];

        if (exchange->active && exchange->easy == NULL && exchange->due_us - now_us < wait_us)
            wait_us = exchange->due_us > now_us ? exchange->due_us - now_us : 0;
    }
    return (int)(wait_us / 1000) + 1;
}

static int
run_all(struct run *run, struct fa_error *err)
{
    int running;

    while (run->active > 0 || run->fresh > 0) {
        if (begin_fresh(run, err) < 0 || begin_due(run, err) < 0)
            return -1;
        if (curl_multi_perform(run->self->multi, &running) != CURLM_OK)
            return fa_error_set(err, FA_E_MEMORY, "connections to the store");
        if (take_results(run, err) < 0)
            return -1;
        if (is_silent(run)) {
            run->away = true;
            run->silent = true;
            if (err->code == FA_OK)
                fa_error_set(err, FA_E_STORE, "%s %s: the store is silent",
                             run->exchanges[0].request.method,
                             run->exchanges[0].request.key != NULL ? run->exchanges[0].request.key
                                                                   : "the bucket");
            return -1;
        }
        if (run->active > 0 && run->fresh == 0 &&
            curl_multi_poll(run->self->multi, NULL, 0, wait_ms(run), NULL) != CURLM_OK)
            return fa_error_set(err, FA_E_MEMORY, "connections to the store");
    }
    return 0;
}

/* --- the breaker ------------------------------------------------------------------- */

/* Those who have time ask in any case. */
static bool
may_ask(struct fa_s3_store *self, int64_t now_us)
{
    if (self->patience_us > FA_STORE_PATIENCE_S * 1000000LL)
        return true;
    if (!fa_s3_breaker_allows(self->breaker, now_us))
        return false;
    fa_s3_breaker_hold(self->breaker, now_us + self->patience_us + FA_S3_BREAKER_PROBE_US);
    return true;
}

static void
note(const struct run *run, bool answered)
{
    struct fa_s3_breaker *breaker = run->self->breaker;

    fa_s3_breaker_note(breaker, answered);
    if (run->silent)
        fa_s3_breaker_open(breaker);
    fa_s3_breaker_hold(breaker, fa_clock_monotonic_us() + FA_S3_BREAKER_PROBE_US);
}

int
fa_s3_run(struct fa_s3_store *self, struct fa_s3_exchange *exchanges, size_t count,
          fa_s3_next *next, void *closure, struct fa_error *err)
{
    struct run run = {.self = self,
                      .exchanges = exchanges,
                      .count = count,
                      .next = next,
                      .closure = closure,
                      .fresh = next != NULL ? count : 0,
                      .active = next != NULL ? 0 : count,
                      .tick_us = fa_clock_monotonic_us(),
                      .silent_us = self->sharing ? self->silent_us : 0};
    struct fa_error failure = {.code = FA_OK};
    int result;

    if (!may_ask(self, run.tick_us))
        return fa_error_set(err, FA_E_STORE, "%s: the store has not answered lately",
                            exchanges[0].request.method);
    if (prepare_curl(self, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        exchanges[i].active = next == NULL;
    result = run_all(&run, &failure);
    for (size_t i = 0; i < count; i++)
        fa_s3_transfer_end(self, &exchanges[i]);
    self->silent_us = run.silent_us + run.unpaid_us;
    note(&run, result == 0 || !run.away);
    if (result < 0)
        *err = failure;
    return result;
}

int
fa_s3_ask(struct fa_s3_store *self, struct fa_s3_exchange *exchange, struct fa_error *err)
{
    return fa_s3_run(self, exchange, 1, NULL, NULL, err);
}
