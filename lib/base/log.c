#include "lib/base/log.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 16 * 1024 };

static const char *const level_names[] = {"debug", "info", "warning", "error"};

void
fa_log_init(struct fa_log *log, const char *program, const char *level_name)
{
    *log = (struct fa_log){.fd = STDERR_FILENO, .level = FA_LOG_INFO, .program = program};
    for (size_t i = 0; i < FA_COUNT(level_names); i++)
        if (strcmp(level_names[i], level_name) == 0)
            log->level = (enum fa_log_level)i;
}

void
fa_log_write(const struct fa_log *log, enum fa_log_level level, const char *event,
             const struct fa_log_field *fields, size_t count)
{
    FA_AUTO_BUF(line, LINE_MAX_BYTES);
    char now[FA_CLOCK_TEXT];
    int saved_errno = errno;

    if (level < log->level)
        return;
    fa_buf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"pid\":%d",
                  fa_clock_text(fa_clock_now_us(), now), level_names[level], log->program,
                  (int)getpid());
    fa_buf_add_member(&line, "event", event);
    if (log->request_id != NULL)
        fa_buf_add_member(&line, "request_id", log->request_id);
    for (size_t i = 0; i < count; i++) {
        if (fields[i].name == NULL)
            continue;
        if (fields[i].text != NULL)
            fa_buf_add_member(&line, fields[i].name, fields[i].text);
        else
            fa_buf_printf(&line, ",\"%s\":%lld", fields[i].name, (long long)fields[i].number);
    }
    fa_buf_add_text(&line, "}\n");
    /* One write per line keeps lines of several processes whole; a lost line is no reason to fail.
     */
    if (!line.failed && write(log->fd, line.data, line.length) < 0)
        errno = saved_errno;
    errno = saved_errno;
}

void
fa_log_error(const struct fa_log *log, const char *event, const struct fa_error *err)
{
    int status = fa_error_status(err->code);

    fa_log(log, status >= 500 ? FA_LOG_ERROR : FA_LOG_INFO, event, FA_LOG_NUMBER("status", status),
           FA_LOG_TEXT("detail", err->detail),
           err->action[0] != '\0' ? FA_LOG_TEXT("action", err->action) : FA_LOG_END);
}
