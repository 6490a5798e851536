/* Inside fcgi only: one value that a client sent, held against its field's spec. */
#ifndef FA_FCGI_FIELD_H
#define FA_FCGI_FIELD_H

#include "handlers/handler.h"

/* The longest value of a field that is no file, in bytes. */
enum { FA_FIELD_VALUE = 8 * 1024 };

/* Takes the `length` bytes of `text` as the value of `field`; the value lives in the arena.  A
 * wrong one is added to `err` as a field, so that the answer names them all, and 0 is returned; -1
 * with FA_E_MEMORY only. */
int fa_field_take(const struct fa_field *field, const char *text, size_t length,
                  struct fa_arena *arena, struct fa_value *value,
                  struct fa_error *err) FA_MUSTCHECK;

/* The same for a JSON value (NULL: null). */
int fa_field_take_json(const struct fa_field *field, struct json_object *json,
                       struct fa_arena *arena, struct fa_value *value,
                       struct fa_error *err) FA_MUSTCHECK;

/* The place of the field called `name`; -1 when there is none. */
int fa_field_find(const struct fa_field *fields, const char *name);

/* After the last value: names what is required and has not come; -1 when `err` names any field. */
int fa_field_complete(const struct fa_field *fields, const struct fa_form *form,
                      struct fa_error *err) FA_MUSTCHECK;

#endif
