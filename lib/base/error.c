#include "lib/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int status;
    const char *title;
    const char *text;
} registry[FA_ERROR_COUNT] = {
    [FA_OK] = {200, "OK", "OK"},
#define FA_ERROR(symbol, status, title, text) [symbol] = {status, title, text},
#include "lib/base/errors.def"
#undef FA_ERROR
};

int
fa_error_status(enum fa_error_code code)
{
    return registry[code].status;
}

const char *
fa_error_title(enum fa_error_code code)
{
    return registry[code].title;
}

const char *
fa_error_text(enum fa_error_code code)
{
    return registry[code].text;
}

int
fa_error_set(struct fa_error *err, enum fa_error_code code, const char *fmt, ...)
{
    va_list args;

    memset(err, 0, sizeof *err);
    err->code = code;
    va_start(args, fmt);
    vsnprintf(err->detail, sizeof err->detail, fmt, args);
    va_end(args);
    return -1;
}

int
fa_error_errno(struct fa_error *err, enum fa_error_code code, int saved_errno, const char *fmt, ...)
{
    va_list args;
    char what[200];
    char why[80];

    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    if (saved_errno == ENOSPC || saved_errno == EDQUOT || saved_errno == EFBIG)
        code = FA_E_SPACE;
    return fa_error_set(err, code, "%s: %s", what, strerror_r(saved_errno, why, sizeof why));
}

int
fa_error_action(struct fa_error *err, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(err->action, sizeof err->action, fmt, args);
    va_end(args);
    return -1;
}

int
fa_error_field(struct fa_error *err, const char *name, const char *fmt, ...)
{
    va_list args;
    struct fa_error_field *field;

    if (err->code != FA_E_INPUT)
        fa_error_set(err, FA_E_INPUT, "invalid field \"%s\"", name);
    if (err->field_count == FA_ERROR_FIELDS)
        return -1;
    field = &err->fields[err->field_count++];
    field->name = name;
    va_start(args, fmt);
    vsnprintf(field->detail, sizeof field->detail, fmt, args);
    va_end(args);
    return -1;
}

int
fa_error_wrap(struct fa_error *err, const char *fmt, ...)
{
    va_list args;
    char context[160];
    char inner[sizeof err->detail];

    va_start(args, fmt);
    vsnprintf(context, sizeof context, fmt, args);
    va_end(args);
    memcpy(inner, err->detail, sizeof inner);
    snprintf(err->detail, sizeof err->detail, "%s: %.*s", context,
             (int)(sizeof err->detail - sizeof context - 3), inner);
    return -1;
}
