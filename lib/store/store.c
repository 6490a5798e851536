#include "lib/base/failpoint.h"
#include "lib/base/uuid.h"
#include "lib/store/backend.h"
#include "lib/store/spool.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

int
fa_store_open(const struct fa_options *options, struct fa_store **store_r, struct fa_error *err)
{
    return fa_store_open_kind(options->s3_endpoint[0] != '\0' ? FA_STORE_S3 : FA_STORE_DIRECTORY,
                              options, store_r, err);
}

int
fa_store_open_kind(enum fa_store_kind kind, const struct fa_options *options,
                   struct fa_store **store_r, struct fa_error *err)
{
    if (kind == FA_STORE_S3)
        return fa_s3_store_open(options, store_r, err);
    return fa_directory_store_open(options, store_r, err);
}

void
fa_store_close(struct fa_store **store)
{
    if (*store != NULL)
        (*store)->backend->close(*store);
    *store = NULL;
}

void
fa_store_set_patience(struct fa_store *store, int64_t seconds)
{
    if (store->backend->set_patience != NULL)
        store->backend->set_patience(store, seconds);
}

void
fa_store_begin(struct fa_store *store)
{
    if (store->backend->begin != NULL)
        store->backend->begin(store);
}

struct fa_store_shared *
fa_store_shared_new(void)
{
    void *memory = mmap(NULL, sizeof(struct fa_store_shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return memory != MAP_FAILED ? memory : NULL;
}

void
fa_store_share(struct fa_store *store, struct fa_store_shared *shared)
{
    if (shared != NULL && store->backend->share != NULL)
        store->backend->share(store, shared);
}

char *
fa_store_key(char key[FA_STORE_KEY])
{
    struct fa_uuid uuid = fa_uuid_new();
    char text[FA_UUID_TEXT];

    /* The head of a version 7 UUID is time; its tail is random and spreads evenly. */
    snprintf(key, FA_STORE_KEY, "%02x/%s", uuid.bytes[15], fa_uuid_text(&uuid, text));
    return key;
}

bool
fa_store_is_key(const char *text)
{
    static const char digits[] = "0123456789abcdef";

    return strlen(text) == FA_STORE_KEY_LENGTH && strspn(text, digits) == 2 && text[2] == '/' &&
           strspn(text + 3, digits) == FA_STORE_KEY_LENGTH - 3;
}

int
fa_store_spool(struct fa_store *store, struct fa_error *err)
{
    return fa_spool_file(store->spool, err);
}

int
fa_store_put(struct fa_store *store, const char *key, int fd, uint64_t size,
             const unsigned char *sha256, struct fa_error *err)
{
    if (FA_FAILPOINT("store.put"))
        return fa_error_set(err, FA_E_STORE, "failpoint store.put");
    return store->backend->put(store, key, fd, size, sha256, err);
}

int
fa_store_copy(struct fa_store *store, const char *from, const char *key, uint64_t size,
              const unsigned char *sha256, struct fa_error *err)
{
    if (FA_FAILPOINT("store.copy"))
        return fa_error_set(err, FA_E_STORE, "failpoint store.copy");
    return store->backend->copy(store, from, key, size, sha256, err);
}

int
fa_store_get(struct fa_store *store, const char *key, struct fa_error *err)
{
    return store->backend->get(store, key, err);
}

int
fa_store_remove(struct fa_store *store, const char *key, struct fa_error *err)
{
    return store->backend->remove(store, key, err);
}

int
fa_store_abandon(struct fa_store *store, const char *key, struct fa_error *err)
{
    return store->backend->abandon(store, key, err);
}

int
fa_store_list(struct fa_store *store, const char *after, fa_store_visit *visit, void *closure,
              struct fa_error *err)
{
    return store->backend->list(store, after != NULL ? after : "", visit, closure, err);
}

int
fa_store_sweep(struct fa_store *store, int64_t age_s, int64_t *count_r, struct fa_error *err)
{
    *count_r = 0;
    return store->backend->sweep(store, age_s, count_r, err);
}

const char *
fa_store_accel(struct fa_store *store, const char *key, bool often, struct fa_arena *arena,
               struct fa_error *err)
{
    return store->backend->accel(store, key, often, arena, err);
}

int
fa_store_check(struct fa_store *store, struct fa_error *err)
{
    return store->backend->check(store, err);
}
