/*
 * A handler answers one kind of request.
 *
 * It gets the process's services, a request that is authenticated and whose path and fields are
 * validated by its route, an empty reply and an empty error.  It returns 0 with the reply filled,
 * or -1 with the error filled.  It does not write to the client, free memory (everything is in the
 * request's arena), log its own error, or contain SQL or FastCGI calls.
 */
#ifndef FA_HANDLERS_HANDLER_H
#define FA_HANDLERS_HANDLER_H

#include "lib/account/seen.h"
#include "lib/auth/token.h"
#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/options.h"
#include "lib/db/db.h"
#include "lib/object/object.h"
#include "lib/part/access.h"
#include "lib/store/store.h"

#include <stdbool.h>

struct json_object;

/* What a worker has for every request. */
struct fa_ctx {
    const struct fa_options *options;
    struct fa_log *log;
    struct fa_db *db;
    struct fa_store *store;
    struct fa_keys *keys;
    struct fa_seen *seen; /* identities */
};

/* --- the request ----------------------------------------------------------------------------- */

/* A field that a route's form takes. */
struct fa_field {
    const char *name;
    enum { FA_FIELD_FILE, FA_FIELD_BOOL, FA_FIELD_CHOICE } type;
    bool required;
    const char *const *choices; /* of FA_FIELD_CHOICE, NULL-terminated */
};

enum { FA_FORM_FIELDS = 8 };

/* A form as it was received, valid by its route's fields. */
struct fa_form {
    const char *values[FA_FORM_FIELDS]; /* by the field's place in the spec; NULL: not given */
    int file;                           /* the uploaded file's bytes, or -1 */
    const char *file_name;              /* checked by the contract's rules */
    struct fa_object object;            /* its size and SHA-256; no key yet */
};

struct fa_request {
    struct fa_arena *arena;
    const char *id; /* nginx's request id */
    const char *method;
    const char *path;           /* without the query */
    struct fa_access access;    /* who asks (not on open routes) for the part in the path */
    bool new_part;              /* the path names no part: make one */
    const struct fa_form *form; /* NULL: the route takes none */
    const char *if_match;       /* conditional headers, NULL when absent */
    const char *if_none_match;
    const char *if_modified_since;
};

/* The value of a FA_FIELD_BOOL field of `fields`; false when not given. */
bool fa_request_flag(const struct fa_request *request, const struct fa_field *fields,
                     const char *name);

/* The text of a field; NULL when not given. */
const char *fa_request_text(const struct fa_request *request, const struct fa_field *fields,
                            const char *name);

/* --- the reply ------------------------------------------------------------------------------- */

enum { FA_REPLY_HEADERS = 12 };

struct fa_reply_header {
    const char *name;
    const char *value;
};

struct fa_reply {
    int status;
    const char *body; /* NULL: none */
    size_t length;
    size_t header_count;
    struct fa_reply_header headers[FA_REPLY_HEADERS];
};

/* Adds a header; `value` must live as long as the request. */
void fa_reply_header(struct fa_reply *reply, const char *name, const char *value);

/* 200 with the object as JSON; takes ownership of `object`, which may be NULL after a failure that
 * already set `err`. */
int fa_reply_json(const struct fa_request *request, struct fa_reply *reply,
                  struct json_object *object, struct fa_error *err);

/* 200 with a JSON string. */
int fa_reply_message(const struct fa_request *request, struct fa_reply *reply, const char *message,
                     struct fa_error *err);

/* The error as application/problem+json (RFC 9457). */
void fa_reply_problem(const struct fa_request *request, struct fa_reply *reply,
                      const struct fa_error *problem);

/* --- routes ---------------------------------------------------------------------------------- */

typedef int fa_handler(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
                       struct fa_error *err);

enum fa_route_flag {
    FA_ROUTE_OPEN = 1,     /* needs no token */
    FA_ROUTE_HEAD = 2,     /* delivers a file: HEAD works too */
    FA_ROUTE_NEW_PART = 4, /* "0" in place of the part's id means a new part; a bad id is 422 */
};

struct fa_route {
    const char *method;
    const char *path; /* "{part}" stands for an id; a slash at the end is optional */
    unsigned flags;
    const struct fa_field *fields; /* the form it takes, ended by a NULL name; NULL: no body */
    fa_handler *handler;
};

/* The table (routes.c), ended by a NULL method. */
extern const struct fa_route fa_routes[];

extern const struct fa_field fa_asset_fields[];

fa_handler fa_asset_post, fa_cad_get, fa_visualization_get, fa_thumbnail_get, fa_report_start,
    fa_report_get, fa_health_live, fa_health_ready;

#endif
