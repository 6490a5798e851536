/* Inside fcgi only: fields that come as text, in the query or in a small body. */
#ifndef FA_FCGI_TEXTFORM_H
#define FA_FCGI_TEXTFORM_H

#include "fcgi/field.h"

/* The longest body that is no multipart form, in bytes. */
enum { FA_TEXTFORM_BODY = 64 * 1024 };

/* Takes the fields that stand in a query or an application/x-www-form-urlencoded body.  Wrong ones
 * are added to `err`, as fa_field_take does; -1 when the text is malformed or memory is short. */
int fa_textform_pairs(const struct fa_field *fields, const char *text, size_t length,
                      struct fa_arena *arena, struct fa_form *form,
                      struct fa_error *err) FA_MUSTCHECK;

/* Takes the fields that are members of a JSON object; FA_E_INPUT, field "body", when it is none. */
int fa_textform_json(const struct fa_field *fields, const char *text, size_t length,
                     struct fa_arena *arena, struct fa_form *form,
                     struct fa_error *err) FA_MUSTCHECK;

#endif
