#include "lib/store/s3_breaker.h"

bool
fa_s3_breaker_allows(struct fa_s3_breaker *breaker, int64_t now_us)
{
    int_fast64_t probe_us;

    if (atomic_load(&breaker->failures) < FA_S3_BREAKER_FAILURES)
        return true;
    probe_us = atomic_load(&breaker->probe_us);
    return now_us >= probe_us && atomic_compare_exchange_strong(&breaker->probe_us, &probe_us,
                                                                now_us + FA_S3_BREAKER_PROBE_US);
}

bool
fa_s3_breaker_is_open(const struct fa_s3_breaker *breaker, int64_t now_us)
{
    return atomic_load(&breaker->failures) >= FA_S3_BREAKER_FAILURES &&
           now_us < atomic_load(&breaker->probe_us);
}

void
fa_s3_breaker_note(struct fa_s3_breaker *breaker, bool answered)
{
    if (answered)
        atomic_store(&breaker->failures, 0);
    else if (atomic_load(&breaker->failures) < FA_S3_BREAKER_FAILURES)
        atomic_fetch_add(&breaker->failures, 1);
}

void
fa_s3_breaker_open(struct fa_s3_breaker *breaker)
{
    atomic_store(&breaker->failures, FA_S3_BREAKER_FAILURES);
}

void
fa_s3_breaker_hold(struct fa_s3_breaker *breaker, int64_t until_us)
{
    if (atomic_load(&breaker->failures) >= FA_S3_BREAKER_FAILURES)
        atomic_store(&breaker->probe_us, until_us);
}
