#include "ctl/movers.h"
#include "ctl/progress.h"
#include "lib/base/cleanup.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 256 }; /* of keys, which are as likely one as another */

struct crew;

struct mover {
    struct crew *crew;
    pthread_t thread;
    struct fa_move move;
    struct fa_move_counts told; /* what others may look at */
};

struct crew {
    struct fa_movers *movers;
    pthread_mutex_t lock; /* of all below, and of the terminal */
    struct fa_ctl_progress progress;
    bool failed;
    struct fa_error failure; /* the first */
    struct mover *each;
    size_t begun;
};

static void
add(struct fa_move_counts *sum, const struct fa_move_counts *counts)
{
    sum->seen += counts->seen;
    sum->copied += counts->copied;
    sum->copied_bytes += counts->copied_bytes;
    sum->present += counts->present;
    sum->gone += counts->gone;
    sum->failed += counts->failed;
}

static struct fa_move_counts
sum_told(const struct crew *crew)
{
    struct fa_move_counts sum = {.seen = 0};

    for (size_t i = 0; i < crew->begun; i++)
        add(&sum, &crew->each[i].told);
    return sum;
}

/* --- what a move calls ---------------------------------------------------------------- */

static void
report(void *closure, const struct fa_object_rows *rows, const char *why)
{
    struct crew *crew = ((struct mover *)closure)->crew;

    pthread_mutex_lock(&crew->lock);
    fa_ctl_progress_clear(&crew->progress);
    printf("not copied: object %s: %s\n", rows->key, why);
    pthread_mutex_unlock(&crew->lock);
}

static bool
show_progress(void *closure, const struct fa_move *move)
{
    struct mover *mover = closure;
    struct crew *crew = mover->crew;
    bool failed;

    pthread_mutex_lock(&crew->lock);
    mover->told = move->counts;
    if (fa_ctl_progress_due(&crew->progress)) {
        struct fa_move_counts sum = sum_told(crew);

        fprintf(stderr, "%" PRId64 " of %" PRId64 " objects, %" PRId64 " MB copied", sum.seen,
                crew->movers->total, sum.copied_bytes >> 20);
    }
    failed = crew->failed;
    pthread_mutex_unlock(&crew->lock);
    return !failed;
}

/* --- a mover --------------------------------------------------------------------------- */

static int
run_move(const struct fa_movers *movers, struct fa_move *move, struct fa_error *err)
{
    const struct fa_options *options = movers->options;

    move->db = fa_db_new(fa_options_direct(options), "fileapictl", options->database_timeout, err);
    if (move->db == NULL)
        return -1;
    if (fa_store_open_kind(movers->from, options, &move->from, err) < 0 ||
        fa_store_open_kind(movers->to, options, &move->to, err) < 0)
        return -1;
    return fa_move_run(move, err);
}

static void *
work(void *closure)
{
    struct mover *mover = closure;
    struct crew *crew = mover->crew;
    struct fa_move *move = &mover->move;
    struct fa_error err = {.code = FA_OK};
    int result = run_move(crew->movers, move, &err);

    fa_store_close(&move->from);
    fa_store_close(&move->to);
    fa_db_free(&move->db);
    pthread_mutex_lock(&crew->lock);
    mover->told = move->counts;
    if (result < 0 && !crew->failed) {
        crew->failed = true;
        crew->failure = err;
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* The keys whose first byte is in the mover's part of all. */
static void
share_keys(struct fa_move *move, size_t number, size_t count)
{
    size_t first = number * FIRST_BYTES / count;
    size_t next = (number + 1) * FIRST_BYTES / count;

    if (first > 0)
        snprintf(move->after, sizeof move->after, "%02zx", first);
    if (next < FIRST_BYTES)
        snprintf(move->before, sizeof move->before, "%02zx", next);
}

static int
begin(struct crew *crew, struct fa_error *err)
{
    size_t count = (size_t)crew->movers->count;

    for (size_t i = 0; i < count; i++) {
        struct mover *mover = &crew->each[i];
        int code;

        mover->crew = crew;
        mover->move = (struct fa_move){.verify = crew->movers->verify,
                                       .report = report,
                                       .progress = show_progress,
                                       .closure = mover};
        share_keys(&mover->move, i, count);
        code = pthread_create(&mover->thread, NULL, work, mover);
        if (code != 0)
            return fa_error_errno(err, FA_E_MEMORY, code, "start a mover");
        pthread_mutex_lock(&crew->lock);
        crew->begun++;
        pthread_mutex_unlock(&crew->lock);
    }
    return 0;
}

int
fa_movers_run(struct fa_movers *self, struct fa_error *err)
{
    FA_AUTO_FREE struct mover *each = calloc((size_t)self->count, sizeof *each);
    struct crew crew = {.movers = self, .lock = PTHREAD_MUTEX_INITIALIZER, .each = each};
    struct fa_error failure = {.code = FA_OK};

    if (each == NULL)
        return fa_error_set(err, FA_E_MEMORY, "movers");
    fa_ctl_progress_start(&crew.progress);
    if (begin(&crew, &failure) < 0) {
        pthread_mutex_lock(&crew.lock);
        crew.failed = true;
        crew.failure = failure;
        pthread_mutex_unlock(&crew.lock);
    }
    for (size_t i = 0; i < crew.begun; i++)
        pthread_join(each[i].thread, NULL);
    fa_ctl_progress_clear(&crew.progress);
    self->counts = sum_told(&crew);
    if (!crew.failed)
        return 0;
    *err = crew.failure;
    return -1;
}
