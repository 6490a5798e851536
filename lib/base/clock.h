/* Clocks: wall time in microseconds since 1970 (UTC), and a monotonic one for waits and durations.
 */
#ifndef FA_BASE_CLOCK_H
#define FA_BASE_CLOCK_H

#include <stdint.h>

enum { FA_CLOCK_TEXT = 32 };

#define FA_SECOND_US INT64_C(1000000)

int64_t fa_clock_now_us(void);
int64_t fa_clock_monotonic_us(void);

/* ISO 8601 with milliseconds, "2023-01-18T14:00:03.125Z"; fills and returns `text`. */
char *fa_clock_text(int64_t time_us, char text[FA_CLOCK_TEXT]);

/* RFC 9110 IMF-fixdate, "Wed, 18 Jan 2023 14:00:03 GMT"; fills and returns `text`. */
char *fa_clock_http(int64_t time_us, char text[FA_CLOCK_TEXT]);

/* Reads an IMF-fixdate; -1 when it is none. */
int64_t fa_clock_http_parse(const char *text);

#endif
