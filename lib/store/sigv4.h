/*
 * AWS Signature Version 4, by S3's rules: the path is URI-encoded once and never normalised.
 *
 * Checked against the published vectors of aws-c-auth (tests/unit/test_sigv4.c).
 */
#ifndef FA_STORE_SIGV4_H
#define FA_STORE_SIGV4_H

#include "lib/base/arena.h"
#include "lib/base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { FA_SIGV4_PAIRS = 32, FA_SIGV4_DATE = 17, FA_SIGV4_HEX = 65 };

/* The hash of a payload that is not signed. */
#define FA_SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

/* Who signs and for what; keeps the key of the day it last signed on. */
struct fa_sigv4 {
    const char *access_key;
    const char *secret_key;
    const char *region;
    const char *service; /* "s3" */
    char day[9];         /* YYYYMMDD that `key` is for; empty: none yet */
    unsigned char key[32];
};

/* A header or a parameter, neither encoded nor in any order. */
struct fa_sigv4_pair {
    const char *name;
    const char *value;
};

struct fa_sigv4_request {
    const char *method;
    const char *path; /* not encoded, begins with "/" */
    const struct fa_sigv4_pair *query;
    size_t query_count;
    const struct fa_sigv4_pair *headers; /* all are signed; Host among them, no X-Amz-Date */
    size_t header_count;
    const char *payload_hash; /* lower-case hex SHA-256, or FA_SIGV4_UNSIGNED */
    int64_t time_us;
    int64_t expires_s; /* of a presigned URL */
};

/* All texts live in the arena given. */
struct fa_sigv4_signed {
    const char *target;        /* encoded path and query: exactly these bytes must be sent */
    const char *authorization; /* the header's value; NULL in a presigned request */
    char date[FA_SIGV4_DATE];  /* the X-Amz-Date header's value */
    const char *canonical;     /* what was signed, step by step */
    const char *to_sign;
    char signature[FA_SIGV4_HEX];
};

/* Signs by the headers Authorization and X-Amz-Date, which the caller adds.  FA_E_MEMORY; also
 * FA_E_INTERNAL for more than FA_SIGV4_PAIRS headers or parameters. */
int fa_sigv4_sign(struct fa_sigv4 *self, const struct fa_sigv4_request *request,
                  struct fa_arena *arena, struct fa_sigv4_signed *signed_r,
                  struct fa_error *err) FA_MUSTCHECK;

/* Signs by the query: whoever has the target may send this request for `expires_s` seconds. */
int fa_sigv4_presign(struct fa_sigv4 *self, const struct fa_sigv4_request *request,
                     struct fa_arena *arena, struct fa_sigv4_signed *signed_r,
                     struct fa_error *err) FA_MUSTCHECK;

#endif
