#include "lib/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const day_names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static int64_t
read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * FA_SECOND_US + now.tv_nsec / 1000;
}

int64_t
fa_clock_now_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t
fa_clock_monotonic_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

char *
fa_clock_text(int64_t time_us, char text[FA_CLOCK_TEXT])
{
    time_t seconds = (time_t)(time_us / FA_SECOND_US);
    struct tm utc;
    size_t length;

    gmtime_r(&seconds, &utc);
    length = strftime(text, FA_CLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + length, FA_CLOCK_TEXT - length, ".%03dZ", (int)(time_us % FA_SECOND_US / 1000));
    return text;
}

/* Not strftime's %a and %b: those follow the locale. */
char *
fa_clock_http(int64_t time_us, char text[FA_CLOCK_TEXT])
{
    time_t seconds = (time_t)(time_us / FA_SECOND_US);
    struct tm utc;

    gmtime_r(&seconds, &utc);
    snprintf(text, FA_CLOCK_TEXT, "%s, %02u %s %04u %02u:%02u:%02u GMT", day_names[utc.tm_wday],
             (unsigned)utc.tm_mday % 100, month_names[utc.tm_mon],
             ((unsigned)utc.tm_year + 1900) % 10000, (unsigned)utc.tm_hour % 100,
             (unsigned)utc.tm_min % 100, (unsigned)utc.tm_sec % 100);
    return text;
}

int64_t
fa_clock_http_parse(const char *text)
{
    char month[4];
    struct tm utc = {0};
    int end = 0;

    if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &utc.tm_mday, month,
               &utc.tm_year, &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &end) != 6 ||
        end == 0 || text[end] != '\0')
        return -1;
    utc.tm_year -= 1900;
    for (utc.tm_mon = 0; utc.tm_mon < 12; utc.tm_mon++)
        if (strcmp(month_names[utc.tm_mon], month) == 0)
            return (int64_t)timegm(&utc) * FA_SECOND_US;
    return -1;
}
