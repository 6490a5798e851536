/*
 * Log: one JSON line per event, fields instead of prose.
 *
 *   {"time":"…","level":"info","program":"fileapi","pid":7,"event":"request","request_id":"…",…}
 *
 * Every value is escaped, so no client can forge a line.  A token never becomes a field.
 */
#ifndef FA_BASE_LOG_H
#define FA_BASE_LOG_H

#include "lib/base/error.h"

#include <stddef.h>
#include <stdint.h>

enum fa_log_level { FA_LOG_DEBUG, FA_LOG_INFO, FA_LOG_WARNING, FA_LOG_ERROR };

struct fa_log {
    int fd;                  /* where lines go; usually standard error */
    enum fa_log_level level; /* lines below are dropped */
    const char *program;
    const char *request_id; /* of the request or job at hand; NULL when there is none */
};

struct fa_log_field {
    const char *name; /* NULL: skip */
    const char *text; /* NULL: `number` is the value */
    int64_t number;
};

#define FA_LOG_TEXT(name, text)     ((struct fa_log_field){(name), (text) != NULL ? (text) : "", 0})
#define FA_LOG_NUMBER(name, number) ((struct fa_log_field){(name), NULL, (int64_t)(number)})

/* fa_log(log, FA_LOG_INFO, "request", FA_LOG_TEXT("method", m), FA_LOG_NUMBER("status", 200)); */
#define fa_log(log, level, ...) fa_log_choose(log, level, __VA_ARGS__, FA_LOG_END)
#define FA_LOG_END              ((struct fa_log_field){NULL, NULL, 0})
#define fa_log_choose(log, level, event, ...)                                                      \
    fa_log_write(log, level, event, (const struct fa_log_field[]){__VA_ARGS__},                    \
                 sizeof((const struct fa_log_field[]){__VA_ARGS__}) / sizeof(struct fa_log_field))

void fa_log_init(struct fa_log *log, const char *program, const char *level_name);

void fa_log_write(const struct fa_log *log, enum fa_log_level level, const char *event,
                  const struct fa_log_field *fields, size_t count);

/* The error as an event of its own: a client's fault (4xx) is info, ours (5xx) is error. */
void fa_log_error(const struct fa_log *log, const char *event, const struct fa_error *err);

#endif
