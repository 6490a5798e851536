/* Requests for one object, and for the bucket. */
#include "lib/base/cleanup.h"
#include "lib/store/s3.h"
#include "lib/store/spool.h"

#include <errno.h>
#include <string.h>

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
