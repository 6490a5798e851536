/*
 * Presigned downloads.
 *
 * Signing costs about 9 us.  A URL is good for EXPIRY_S and given out for half of that, so one that
 * nginx is handed is good for half an hour at least, and an object fetched again and again has one
 * URL.  The table is direct-mapped: a newcomer takes the place of whoever hashes to it.
 */
#include "lib/base/clock.h"
#include "lib/store/s3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXPIRY_S = 3600 };

/* Keys of ours are random in their first two digits and their last. */
static struct fa_s3_accel *
find_place(struct fa_s3_store *self, const char *key)
{
    unsigned hash = 5381;

    for (const char *c = key; *c != '\0'; c++)
        hash = hash * 33 + (unsigned char)*c;
    return &self->accels[hash % FA_S3_ACCELS];
}

static const char *
presign(struct fa_s3_store *self, const char *key, int64_t now_us, struct fa_arena *arena)
{
    struct fa_sigv4_pair host = {"host", self->host};
    struct fa_sigv4_signed signature;
    struct fa_error ignored;
    char path[FA_S3_PATH];

    snprintf(path, sizeof path, "/%s/%s", self->bucket, key);
    if (fa_sigv4_presign(&self->signer,
                         &(const struct fa_sigv4_request){.method = "GET",
                                                          .path = path,
                                                          .headers = &host,
                                                          .header_count = 1,
                                                          .payload_hash = FA_SIGV4_UNSIGNED,
                                                          .time_us = now_us + self->skew_us,
                                                          .expires_s = EXPIRY_S},
                         arena, &signature, &ignored) < 0)
        return NULL;
    return signature.target;
}

/* The object's target, remembered or made anew; NULL when memory is short. */
static const char *
find_target(struct fa_s3_store *self, const char *key, struct fa_arena *arena)
{
    struct fa_s3_accel *accel = find_place(self, key);
    int64_t now_us = fa_clock_now_us();
    const char *target = accel->target;

    if (target != NULL && strcmp(accel->key, key) == 0 && now_us < accel->until_us &&
        now_us >= accel->until_us - EXPIRY_S / 2 * FA_SECOND_US)
        return target;
    target = presign(self, key, now_us, arena);
    if (target == NULL)
        return NULL;
    free(accel->target);
    accel->target = strdup(target);
    snprintf(accel->key, sizeof accel->key, "%s", key);
    accel->until_us = now_us + EXPIRY_S / 2 * FA_SECOND_US;
    return target;
}

/* nginx would find out by itself that the store is away, in as long as a request may take that has
 * not waited for a worker before. */
const char *
fa_s3_accel(struct fa_store *store, const char *key, bool often, struct fa_arena *arena,
            struct fa_error *err)
{
    struct fa_s3_store *self = fa_s3(store);
    bool away = fa_s3_breaker_is_open(self->breaker, fa_clock_monotonic_us());
    const char *target;

    if (away && !often) {
        fa_error_set(err, FA_E_STORE, "GET %s: the store has not answered lately", key);
        return NULL;
    }
    target = find_target(self, key, arena);
    if (target != NULL)
        target = fa_arena_printf(arena, "/%s%s",
                                 !often ? "_s3"
                                 : away ? "_s3_kept"
                                        : "_s3_cached",
                                 target);
    if (target == NULL)
        fa_error_set(err, FA_E_MEMORY, "a download's target");
    return target;
}
