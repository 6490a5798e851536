/*
 * JSON from outside, read strictly; and what json-c lacks for building our own.
 *
 * json-c builds the tree, but it takes much that RFC 8259 forbids (single quotes, NaN, raw control
 * characters, overlong UTF-8) and lets the last of two equal names win.  So a scanner of ours goes
 * over the text first, and duplicate names are refused.
 */
#ifndef FA_BASE_JSON_H
#define FA_BASE_JSON_H

#include "lib/base/arena.h"
#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct json_object;

enum { FA_JSON_DEPTH = 32 };

/* Parses exactly one value.  The caller owns `*object_r` (fa_json_free).  FA_E_REQUEST, for
 * the caller to turn into its own. */
int fa_json_parse(const char *text, size_t length, struct json_object **object_r,
                  struct fa_error *err) FA_MUSTCHECK;

/* Releases the tree; fits FA_CLEANUP. */
void fa_json_free(struct json_object **object);

/* A member of `object`; NULL when `object` is none, or has no such member, or the member is null.
 */
struct json_object *fa_json_member(struct json_object *object, const char *name);

/* True when `object` has the member, whatever its value: json-c's null is a NULL pointer, so
 * fa_json_member cannot tell a null from nothing. */
bool fa_json_has(struct json_object *object, const char *name);

/* A member that is a string without NUL; NULL when it is anything else.  Lives as long as the tree.
 */
const char *fa_json_text(struct json_object *object, const char *name);

/* The string itself, under the same rules. */
const char *fa_json_string(struct json_object *value);

/* A member that is a finite number; false when it is anything else. */
bool fa_json_number(struct json_object *object, const char *name, double *number_r);

/* Adds a member that is a text, or null. */
void fa_json_add_text(struct json_object *object, const char *name, const char *text);

/* The value as text without blanks; NULL when memory is short. */
const char *fa_json_print(struct json_object *value, struct fa_arena *arena) FA_MUSTCHECK;

#endif
