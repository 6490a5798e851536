/* How an object gets there: whole, in parts, or as a copy. */
#include "lib/base/cleanup.h"
#include "lib/store/s3.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The server compares the SHA-256, and the MD5 where there is one.  That the whole is there tells
 * the ETag or a question for the size: on one machine MD5 takes 1.6 ms a megabyte, the question
 * half a millisecond whatever the size. */
enum { MD5_MAX = 256 * 1024 };

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
    char path[FA_S3_PATH];

    snprintf(path, sizeof path, "/%s/%s", self->bucket, from);
    fa_s3_exchange_init(&exchange, "PUT", key);
    fa_s3_add_header(&exchange, "x-amz-copy-source", path);
    if (fa_s3_ask(self, &exchange, err) < 0)
        return cannot_copy(&exchange.answer) ? copy_by_hand(store, from, key, size, sha256, err)
                                             : -1;
    return fa_s3_confirm(self, key, size, NULL, err);
}
