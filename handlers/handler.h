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
#include "lib/auth/bearer.h"
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
    struct fa_bearer *bearer; /* tokens */
    struct fa_seen *seen;     /* identities */
};

/* --- the request ----------------------------------------------------------------------------- */

enum fa_field_type {
    FA_FIELD_FILE,   /* of a multipart form */
    FA_FIELD_BOOL,   /* true or false in any case; empty is false */
    FA_FIELD_CHOICE, /* one of `choices` */
    FA_FIELD_TEXT,   /* UTF-8 of `min` to `max` code points, without control characters */
    FA_FIELD_NUMBER, /* digits, `min` to `max` */
    FA_FIELD_DATE    /* YYYY-MM-DD */
};

enum fa_field_flag {
    FA_FIELD_REQUIRED = 1,
    FA_FIELD_NULLABLE = 2, /* JSON's null is a value too */
    FA_FIELD_LINES = 4     /* a text may have several lines */
};

/* A field that a route takes. */
struct fa_field {
    const char *name;
    enum fa_field_type type;
    unsigned flags;             /* FA_FIELD_… */
    const char *const *choices; /* of FA_FIELD_CHOICE, NULL-terminated */
    int64_t min;
    int64_t max;
};

enum { FA_FORM_FIELDS = 8 };

/* What came for a field; valid by its spec. */
struct fa_value {
    bool given;
    const char *text; /* NULL: not given, or null */
    int64_t number;   /* of FA_FIELD_NUMBER, and 0 or 1 of FA_FIELD_BOOL */
};

/* All that came for a route's fields. */
struct fa_form {
    struct fa_value values[FA_FORM_FIELDS]; /* by the field's place in the spec */
    int file;                               /* the uploaded file's bytes, or -1 */
    const char *file_name;                  /* checked by the contract's rules */
    struct fa_object object;                /* its size and SHA-256; no key yet */
};

struct fa_route;

struct fa_request {
    struct fa_arena *arena;
    const char *id; /* nginx's request id */
    const char *method;
    const char *path;             /* without the query */
    const struct fa_route *route; /* that answers it */
    struct fa_access access;      /* who asks (not on open routes) for the part in the path */
    bool new_part;                /* the path names no part: make one */
    const struct fa_form *form;   /* NULL: the route takes no fields */
    const char *if_match;         /* conditional headers, NULL when absent */
    const char *if_unmodified_since;
    const char *if_none_match;
    const char *if_modified_since;
    const char *idempotency_key; /* the header as it came, NULL when absent */
};

/* What came for the route's field of that name, which must be one of its spec. */
const struct fa_value *fa_request_value(const struct fa_request *request, const char *name);

/* The text of a field, NULL when not given; a FA_FIELD_BOOL, false when not given. */
const char *fa_request_text(const struct fa_request *request, const char *name);
bool fa_request_flag(const struct fa_request *request, const char *name);

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

/* 200 with JSON that is text already; it must live as long as the request. */
int fa_reply_text(struct fa_reply *reply, const char *json);

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
    FA_ROUTE_QUERY = 8,    /* fields may come in the query */
    FA_ROUTE_FORM = 16,    /* in a multipart form */
    FA_ROUTE_TEXT = 32     /* in an urlencoded body or a JSON object */
};

struct fa_route {
    const char *method;
    const char *path; /* "{part}" stands for an id; a slash at the end is optional */
    unsigned flags;
    const struct fa_field *fields; /* that it takes, ended by a NULL name; NULL: none */
    fa_handler *handler;
};

/* The table (routes.c), ended by a NULL method. */
extern const struct fa_route fa_routes[];

extern const struct fa_field fa_asset_fields[], fa_basename_fields[], fa_part_fields[],
    fa_list_fields[], fa_thumbnail_fields[];

fa_handler fa_asset_post, fa_asset_get, fa_asset_delete, fa_cad_get, fa_cad_delete,
    fa_visualization_get, fa_thumbnail_get, fa_report_start, fa_report_get, fa_orientation_start,
    fa_orientation_get, fa_rfq_zip, fa_rfq_mail, fa_part_list, fa_part_get, fa_part_patch,
    fa_part_delete, fa_health_live, fa_health_ready, fa_quota_get, fa_ws_ticket_post;

#endif
