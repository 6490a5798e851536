#include "lib/store/s3_breaker.h"

enum { PROBE_INTERVAL_US = 1000000 };

bool
fa_s3_breaker_allows(struct fa_s3_breaker *breaker, int64_t now_us)
{
    int_fast64_t probe_us;

    if (atomic_load(&breaker->failures) < FA_S3_BREAKER_FAILURES)
        return true;
    probe_us = atomic_load(&breaker->probe_us);
    return now_us >= probe_us && atomic_compare_exchange_strong(&breaker->probe_us, &probe_us,
                                                                now_us + PROBE_INTERVAL_US);
}

void
fa_s3_breaker_note(struct fa_s3_breaker *breaker, bool answered)
{
    if (answered)
        atomic_store(&breaker->failures, 0);
    else if (atomic_load(&breaker->failures) < FA_S3_BREAKER_FAILURES)
        atomic_fetch_add(&breaker->failures, 1);
}
