/*
 * The head of an HTTP/1.1 request (RFC 9112), as nginx sends it.
 *
 * It is read in place: texts point into the buffer it came in.  Bodies are nobody's here.
 */
#ifndef FA_WS_HEAD_H
#define FA_WS_HEAD_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes: more than nginx lets through and adds. */
enum { FA_HEAD_BYTES = 80 * 1024, FA_HEAD_FIELDS = 64 };

struct fa_head_field {
    const char *name;
    const char *value;
};

struct fa_head {
    const char *method; /* NULL: the head is malformed, and here is what stands before the fault */
    const char *path;   /* as it came, without the query */
    const char *query;  /* "" when there is none */
    size_t field_count;
    struct fa_head_field fields[FA_HEAD_FIELDS];
};

/* Reads a head out of `length` bytes and cuts them into texts.  The head's length; 0 when it is not
 * all there yet; -1 when it is malformed, has too many fields, or is longer than FA_HEAD_BYTES. */
long fa_head_read(char *bytes, size_t length, struct fa_head *head_r);

/* The value of a field, by its name in any case; NULL when it was not sent. */
const char *fa_head_value(const struct fa_head *head, const char *name);

/* True when a field that is a list (RFC 9110, 5.6.1) has the element, in any case; parameters after
 * a semicolon do not count. */
bool fa_head_has(const struct fa_head *head, const char *name, const char *element);

#endif
