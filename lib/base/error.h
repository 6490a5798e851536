/*
 * The one error type.
 *
 * Every function that can fail takes `struct fa_error *err` last and returns 0 or -1 (or a pointer
 * and NULL).  The error lives by value on the caller's stack: nothing to free, nothing to forget.
 * The code decides what the client is told (errors.def); `detail` says what failed on which object,
 * for the log; `action` says what the user can do about it.
 */
#ifndef FA_BASE_ERROR_H
#define FA_BASE_ERROR_H

#include "lib/base/attr.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum fa_error_code {
    FA_OK = 0,
#define FA_ERROR(symbol, status, title, text) symbol,
#include "lib/base/errors.def"
#undef FA_ERROR
    FA_ERROR_COUNT
};

enum { FA_ERROR_FIELDS = 8 };

/* One invalid field of a request; `name` points to static storage. */
struct fa_error_field {
    const char *name;
    char detail[120];
};

/* The quota that is exceeded; names are static. */
struct fa_error_quota {
    const char *owner;    /* "user", "organization"; NULL: the error is about no quota */
    const char *resource; /* "bytes", "parts", "jobs" */
    int64_t used;         /* without the request; negative: not looked up */
    int64_t limit;
};

struct fa_error {
    enum fa_error_code code;
    char detail[320]; /* lower case, what failed on which object; for FA_E_CONTENT a whole sentence
                       */
    char action[200]; /* what the user can do; empty when there is nothing to say */
    int field_count;  /* only with FA_E_INPUT */
    struct fa_error_field fields[FA_ERROR_FIELDS];
    struct fa_error_quota quota; /* only with FA_E_QUOTA_… */
};

/* The error's HTTP status, title and public text; also of FA_OK. */
int fa_error_status(enum fa_error_code code);
const char *fa_error_title(enum fa_error_code code);
const char *fa_error_text(enum fa_error_code code);

/* Sets code and detail, clears the rest.  Always -1, so `return fa_error_set(...)`. */
int fa_error_set(struct fa_error *err, enum fa_error_code code, const char *fmt, ...)
    FA_PRINTF(3, 4);

/* As fa_error_set, with ": " and the text of `saved_errno` appended; ENOSPC, EDQUOT and EFBIG turn
 * any code into FA_E_SPACE, because the operator's remedy differs. */
int fa_error_errno(struct fa_error *err, enum fa_error_code code, int saved_errno, const char *fmt,
                   ...) FA_PRINTF(4, 5);

/* Adds what the user can do. */
int fa_error_action(struct fa_error *err, const char *fmt, ...) FA_PRINTF(2, 3);

/* Makes the error FA_E_INPUT and adds one field; `name` must be static.  Further fields beyond
 * FA_ERROR_FIELDS are dropped. */
int fa_error_field(struct fa_error *err, const char *name, const char *fmt, ...) FA_PRINTF(3, 4);

/* Puts "context: " before the detail on the way up. */
int fa_error_wrap(struct fa_error *err, const char *fmt, ...) FA_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif

#endif
