/*
 * Inside lib/store only: the S3 backend.
 *
 *   s3_answer.c     what an answer means: errors, retries, the server's clock
 *   s3_transfer.c   one try of a request with libcurl
 *   s3_exchange.c   requests to answers: several at once, with retries (struct fa_s3_exchange)
 *   s3_body.c       bodies that carry their MD5
 *   s3_object.c     requests for one object: get, remove, confirm
 *   s3_uploads.c    ends uploads in parts, and what is left of such
 *   s3_multipart.c  large objects in parts
 *   s3_put.c        put and copy: whole or in parts
 *   s3_list.c       listing
 *   s3_accel.c      presigned downloads
 *   s3.c            opening, what the operator gave, the backend's table
 *
 * A file calls only those above it.
 */
#ifndef FA_STORE_S3_H
#define FA_STORE_S3_H

#include "lib/base/buf.h"
#include "lib/store/backend.h"
#include "lib/store/s3_breaker.h"
#include "lib/store/sigv4.h"

#include <curl/curl.h>
#include <openssl/evp.h>

enum {
    FA_S3_PARALLEL = 3,           /* requests at a time, each on its own connection */
    FA_S3_TRIES = 4,              /* of one request */
    FA_S3_QUERY = 8,              /* parameters of a request */
    FA_S3_HEADERS = 4,            /* headers of its own */
    FA_S3_ANSWER_LIMIT = 2 << 20, /* bytes of an answer that is read into memory */
    FA_S3_ACCELS = 64,            /* presigned URLs that are remembered */
    FA_S3_ETAG = 80,
    FA_S3_UPLOAD_ID = 1024,
    FA_S3_PATH = 160, /* of a request: bucket and key */
    FA_S3_MD5 = 16,
    FA_S3_MD5_HEX = 33,
    FA_S3_MD5_BASE64 = 25,
    FA_S3_CODE = 64,
    FA_S3_HOST = 272
};

/* What is asked; pointers live until the answer is there.  An exchange must not move meanwhile. */
struct fa_s3_request {
    const char *method;
    const char *key; /* NULL: the bucket itself */
    struct fa_sigv4_pair query[FA_S3_QUERY];
    size_t query_count;
    struct fa_sigv4_pair headers[FA_S3_HEADERS];
    size_t header_count;
    /* The body: bytes of a file, or text; `size` 0 and no text: none. */
    int fd;
    uint64_t offset;
    uint64_t size;
    const char *text;
    const unsigned char *sha256; /* of the body; NULL: not signed (text always is) */
    const char *etag; /* what the answer's ETag must be, when the MD5 is known; NULL: no */
    unsigned char md5[FA_S3_MD5];
    char md5_base64[FA_S3_MD5_BASE64];
    char md5_hex[FA_S3_MD5_HEX];
    /* Where a good answer's body goes: this file, from its start; -1: into memory. */
    int sink;
};

struct fa_s3_answer {
    long status;           /* 0: there was none */
    char etag[FA_S3_ETAG]; /* without its quotes; "" when there is none or an odd one */
    int64_t length;        /* of the whole object; -1: not said */
    int64_t date_us;       /* the server's clock; -1: not said */
    bool encrypted;        /* by a key that makes the ETag no MD5 */
    bool confirmed;        /* the ETag is the MD5 of what was sent */
    char code[FA_S3_CODE]; /* of an error, as S3 names it; "" for none */
    char message[240];
    struct fa_buf body; /* unless it went to a file */
};

/* A request on its way; see s3_exchange.c. */
struct fa_s3_exchange {
    struct fa_s3_request request;
    struct fa_s3_answer answer;
    unsigned number;   /* the caller's */
    int tries;         /* begun */
    bool active;       /* a request is in it */
    int64_t due_us;    /* of the next try, monotonic */
    uint64_t sent;     /* body bytes given to libcurl in this try */
    uint64_t heard;    /* of an answer into memory */
    uint64_t received; /* bytes in the sink, of all tries */
    uint64_t furthest; /* what any try has moved */
    uint64_t counted;  /* all bytes of this try, headers too */
    int file_errno;    /* of reading the body or writing the sink */
    CURL *easy;        /* NULL: none in the multi handle */
    struct curl_slist *headers;
    char why[CURL_ERROR_SIZE];
};

/* A presigned target and the key it is for. */
struct fa_s3_accel {
    char key[FA_STORE_KEY];
    char *target;
    int64_t until_us; /* when it is made anew */
};

struct fa_s3_store {
    struct fa_store base;
    char *origin;          /* "https://host:port" */
    char host[FA_S3_HOST]; /* the Host header */
    const char *bucket;
    const char *ca; /* "" for the system's */
    struct fa_sigv4 signer;
    int64_t skew_us;     /* the server's clock less ours */
    int64_t patience_us; /* longest silence */
    int64_t silent_us;   /* of the last run, at its end */
    bool sharing;        /* the next run is of the same request, and goes on from there */
    uint64_t multipart;  /* larger objects are put in parts */
    struct fa_s3_breaker own_breaker;
    struct fa_s3_breaker *breaker;
    CURLM *multi; /* made at the first request, in the process that uses it */
    CURL *easies[FA_S3_PARALLEL];
    struct fa_arena arena; /* of the try being signed */
    struct fa_s3_accel accels[FA_S3_ACCELS];
};

static inline struct fa_s3_store *
fa_s3(struct fa_store *store)
{
    return (struct fa_s3_store *)store;
}

/* --- s3_exchange.c --- */

/* Prepares an exchange for its first request, and again for another; frees what it holds. */
void fa_s3_exchange_init(struct fa_s3_exchange *exchange, const char *method, const char *key);
void fa_s3_exchange_free(struct fa_s3_exchange *exchange);

void fa_s3_add_query(struct fa_s3_exchange *exchange, const char *name, const char *value);
void fa_s3_add_header(struct fa_s3_exchange *exchange, const char *name, const char *value);

/* Makes the next request in an exchange that is new, or has been answered well; false: no more, or
 * an error. */
typedef bool fa_s3_next(void *closure, struct fa_s3_exchange *exchange, struct fa_error *err);

/* Sends all requests, or those that `next` makes where it is given, and waits for their answers.  0
 * when every answer was a good one; -1 with the error of the first that was not, all others being
 * dropped. */
int fa_s3_run(struct fa_s3_store *self, struct fa_s3_exchange *exchanges, size_t count,
              fa_s3_next *next, void *closure, struct fa_error *err) FA_MUSTCHECK;

/* One request. */
int fa_s3_ask(struct fa_s3_store *self, struct fa_s3_exchange *exchange,
              struct fa_error *err) FA_MUSTCHECK;

/* --- s3_body.c --- */

/* Gives the request a piece of a file as its body, and the piece's MD5, which the server compares
 * before it keeps the bytes (Content-MD5) and the answer's ETag is compared with. */
int fa_s3_add_body(struct fa_s3_exchange *exchange, int fd, uint64_t offset, uint64_t size,
                   struct fa_error *err) FA_MUSTCHECK;

/* --- s3_transfer.c --- */

/* Begins a try: signs the request and hands it to the multi handle. */
int fa_s3_transfer_begin(struct fa_s3_store *self, struct fa_s3_exchange *exchange, CURL *easy,
                         struct fa_error *err) FA_MUSTCHECK;

/* Takes the try out of the multi handle. */
void fa_s3_transfer_end(struct fa_s3_store *self, struct fa_s3_exchange *exchange);

/* --- s3_answer.c --- */

enum fa_s3_verdict { FA_S3_GOOD, FA_S3_AGAIN, FA_S3_FAILED };

/* What has come of a try, with its error where it is no good one.  `away_r`: the store did not
 * answer, or said that it cannot. */
enum fa_s3_verdict fa_s3_judge(struct fa_s3_store *self, struct fa_s3_exchange *exchange,
                               CURLcode code, bool *away_r, struct fa_error *err);

/* A time as S3's XML has it ("2026-11-25T14:00:00.000Z"); -1 for anything else. */
int64_t fa_s3_time(const char *text);

/* --- the operations --- */

int fa_s3_put(struct fa_store *store, const char *key, int fd, uint64_t size,
              const unsigned char *sha256, struct fa_error *err) FA_MUSTCHECK;
int fa_s3_get(struct fa_store *store, const char *key, struct fa_error *err) FA_MUSTCHECK;
int fa_s3_copy(struct fa_store *store, const char *from, const char *key, uint64_t size,
               const unsigned char *sha256, struct fa_error *err) FA_MUSTCHECK;
int fa_s3_remove(struct fa_store *store, const char *key, struct fa_error *err) FA_MUSTCHECK;
int fa_s3_check(struct fa_store *store, struct fa_error *err) FA_MUSTCHECK;
int fa_s3_abandon(struct fa_store *store, const char *key, struct fa_error *err) FA_MUSTCHECK;
int fa_s3_sweep(struct fa_store *store, int64_t age_s, int64_t *count_r,
                struct fa_error *err) FA_MUSTCHECK;
int fa_s3_list(struct fa_store *store, const char *after, fa_store_visit *visit, void *closure,
               struct fa_error *err) FA_MUSTCHECK;
const char *fa_s3_accel(struct fa_store *store, const char *key, bool often, struct fa_arena *arena,
                        struct fa_error *err) FA_MUSTCHECK;

/* --- s3_multipart.c --- */

/* A whole object is signed with the hash that is known already; parts cost one of their own. */
int fa_s3_put_parts(struct fa_s3_store *self, const char *key, int fd, uint64_t size,
                    struct fa_error *err) FA_MUSTCHECK;

/* --- s3_uploads.c --- */

/* Ends an upload in parts; one that is not there counts as ended. */
int fa_s3_abort(struct fa_s3_store *self, const char *key, const char *id,
                struct fa_error *err) FA_MUSTCHECK;

/* Ends all uploads of an object but the one that is spared ("": all). */
int fa_s3_abort_all(struct fa_s3_store *self, const char *key, const char *spared,
                    struct fa_error *err) FA_MUSTCHECK;

/* --- s3_object.c --- */

/* Asks the store what it holds: FA_E_STORE unless the object has this size and, where the store
 * makes ETags as S3 does, this one (NULL: any). */
int fa_s3_confirm(struct fa_s3_store *self, const char *key, uint64_t size, const char *etag,
                  struct fa_error *err) FA_MUSTCHECK;

#endif
