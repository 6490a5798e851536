/* Objects: put, get, copy, remove. */
#include "lib/base/cleanup.h"
#include "lib/store/s3.h"
#include "lib/store/spool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The server compares the SHA-256, and the MD5 where there is one.  That the whole is there tells
 * the ETag or a question for the size: on one machine MD5 takes 1.6 ms a megabyte, the question
 * half a millisecond whatever the size. */
enum { MD5_MAX = 256 * 1024 };

enum { COPY_SOURCE = 160 };

/* --- put ----------------------------------------------------------------------------- */

int
fa_s3_confirm(struct fa_s3_store *self, const char *key, uint64_t size, const char *etag,
              struct fa_error *err)
{
    FA_CLEANUP(fa_s3_exchange_free) struct fa_s3_exchange exchange = {.number = 0};
    const struct fa_s3_answer *answer = &exchange.answer;

    fa_s3_exchange_init(&exchange, "HEAD", key);
    if (fa_s3_ask(self, &exchange, err) < 0) {
        if (err->code == FA_E_NO_FILE)
            err->code = FA_E_STORE;
        return -1;
    }
    if (answer->length < 0 || (uint64_t)answer->length != size)
        return fa_error_set(err, FA_E_STORE, "object %s: the store holds %lld bytes, not %llu", key,
                            (long long)answer->length, (unsigned long long)size);
    /* One of another length is not made as S3 makes them. */
    if (etag != NULL && !answer->encrypted && strlen(answer->etag) == strlen(etag) &&
        strcmp(answer->etag, etag) != 0)
        return fa_error_set(err, FA_E_STORE, "object %s: the store holds \"%s\", not \"%s\"", key,
                            answer->etag, etag);
    return 0;
}

static int
put_whole(struct fa_s3_store *self, const char *key, int fd, uint64_t size,
          const unsigned char *sha256, struct fa_error *err)
{
    FA_CLEANUP(fa_s3_exchange_free) struct fa_s3_exchange exchange = {.number = 0};

    fa_s3_exchange_init(&exchange, "PUT", key);
    exchange.request.fd = fd;
    exchange.request.size = size;
    exchange.request.sha256 = sha256;
    if (size <= MD5_MAX && fa_s3_add_body(&exchange, fd, 0, size, err) < 0)
        return -1;
    if (fa_s3_ask(self, &exchange, err) < 0)
        return -1;
    /* An ETag by other rules than MD5's tells nothing. */
    return exchange.answer.confirmed ? 0 : fa_s3_confirm(self, key, size, NULL, err);
}

int
fa_s3_put(struct fa_store *store, const char *key, int fd, uint64_t size,
          const unsigned char *sha256, struct fa_error *err)
{
    struct stat info;

    if (fstat(fd, &info) < 0 || (uint64_t)info.st_size != size)
        return fa_error_set(err, FA_E_STORE, "object %s: spool holds %lld bytes, not %llu", key,
                            (long long)info.st_size, (unsigned long long)size);
    if (size > fa_s3(store)->multipart)
        return fa_s3_put_parts(fa_s3(store), key, fd, size, err);
    return put_whole(fa_s3(store), key, fd, size, sha256, err);
}

/* --- get ----------------------------------------------------------------------------- */

int
fa_s3_get(struct fa_store *store, const char *key, struct fa_error *err)
{
    FA_CLEANUP(fa_s3_exchange_free) struct fa_s3_exchange exchange = {.number = 0};
    FA_AUTO_FD sink = fa_spool_file(store->spool, err);

    if (sink < 0)
        return -1;
    fa_s3_exchange_init(&exchange, "GET", key);
    exchange.request.sink = sink;
    if (fa_s3_ask(fa_s3(store), &exchange, err) < 0)
        return -1;
    /* A first try may have brought more than the last says there is. */
    if (ftruncate(sink, (off_t)exchange.received) < 0)
        return fa_error_errno(err, FA_E_STORE, errno, "spool object %s", key);
    return fa_steal_fd(&sink);
}

/* --- copy ---------------------------------------------------------------------------- */

/* The way through this machine, for servers that do not copy, and objects too large for them to. */
static int
copy_by_hand(struct fa_store *store, const char *from, const char *key, uint64_t size,
             const unsigned char *sha256, struct fa_error *err)
{
    FA_AUTO_FD fd = fa_s3_get(store, from, err);

    return fd < 0 ? -1 : fa_s3_put(store, key, fd, size, sha256, err);
}

static bool
cannot_copy(const struct fa_s3_answer *answer)
{
    return answer->status == 501 || answer->status == 405 ||
           strcmp(answer->code, "NotImplemented") == 0 ||
           strcmp(answer->code, "InvalidRequest") == 0 ||
           strcmp(answer->code, "EntityTooLarge") == 0;
}

int
fa_s3_copy(struct fa_store *store, const char *from, const char *key, uint64_t size,
           const unsigned char *sha256, struct fa_error *err)
{
    FA_CLEANUP(fa_s3_exchange_free) struct fa_s3_exchange exchange = {.number = 0};
    struct fa_s3_store *self = fa_s3(store);
    char path[COPY_SOURCE];

    snprintf(path, sizeof path, "/%s/%s", self->bucket, from);
    fa_s3_exchange_init(&exchange, "PUT", key);
    fa_s3_add_header(&exchange, "x-amz-copy-source", path);
    if (fa_s3_ask(self, &exchange, err) < 0)
        return cannot_copy(&exchange.answer) ? copy_by_hand(store, from, key, size, sha256, err)
                                             : -1;
    return fa_s3_confirm(self, key, size, NULL, err);
}

/* --- the rest ------------------------------------------------------------------------- */

int
fa_s3_remove(struct fa_store *store, const char *key, struct fa_error *err)
{
    FA_CLEANUP(fa_s3_exchange_free) struct fa_s3_exchange exchange = {.number = 0};

    fa_s3_exchange_init(&exchange, "DELETE", key);
    if (fa_s3_ask(fa_s3(store), &exchange, err) < 0 && err->code != FA_E_NO_FILE)
        return -1;
    return 0;
}

/* Listing names what is wrong, which HEAD cannot, and needs no right that downloads do not. */
int
fa_s3_check(struct fa_store *store, struct fa_error *err)
{
    FA_CLEANUP(fa_s3_exchange_free) struct fa_s3_exchange exchange = {.number = 0};

    fa_s3_exchange_init(&exchange, "GET", NULL);
    fa_s3_add_query(&exchange, "list-type", "2");
    fa_s3_add_query(&exchange, "max-keys", "1");
    return fa_s3_ask(fa_s3(store), &exchange, err);
}
