/*
 * Inside lib/store only: the circuit breaker, which spares a store that is away and those who wait
 * for it.
 *
 * After FA_S3_BREAKER_FAILURES failures in succession, or one silence, nothing is asked but one
 * probe at a time and a second; the first success ends that.  The struct may lie in memory that
 * processes share: what one has found out all know.
 */
#ifndef FA_STORE_S3_BREAKER_H
#define FA_STORE_S3_BREAKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { FA_S3_BREAKER_FAILURES = 5, FA_S3_BREAKER_PROBE_US = 1000000 };

struct fa_s3_breaker {
    atomic_int failures;          /* in succession */
    atomic_int_fast64_t probe_us; /* monotonic; no probe before then */
};

/* Whether the store may be asked at `now_us`; of those who ask at once one is the probe. */
bool fa_s3_breaker_allows(struct fa_s3_breaker *breaker, int64_t now_us);

/* Whether the store is known to be away: it has not answered just now, or is being probed. */
bool fa_s3_breaker_is_open(const struct fa_s3_breaker *breaker, int64_t now_us);

/* What came of asking. */
void fa_s3_breaker_note(struct fa_s3_breaker *breaker, bool answered);

/* It was asked and silent for as long as anybody waits: that is failures enough. */
void fa_s3_breaker_open(struct fa_s3_breaker *breaker);

/* While it is open, no probe before `until_us`: a probe of a silent store takes long, and every
 * process that made one meanwhile would be missing for what needs no store. */
void fa_s3_breaker_hold(struct fa_s3_breaker *breaker, int64_t until_us);

#endif
