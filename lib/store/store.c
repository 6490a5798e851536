#include "lib/base/failpoint.h"
#include "lib/base/uuid.h"
#include "lib/store/backend.h"

#include <stdio.h>

int
fa_store_open(const struct fa_options *options, struct fa_store **store_r, struct fa_error *err)
{
    return fa_directory_store_open(options, store_r, err);
}

void
fa_store_close(struct fa_store **store)
{
    if (*store != NULL)
        (*store)->backend->close(*store);
    *store = NULL;
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

int
fa_store_spool(struct fa_store *store, struct fa_error *err)
{
    return store->backend->spool(store, err);
}

int
fa_store_put(struct fa_store *store, const char *key, int fd, uint64_t size, struct fa_error *err)
{
    if (FA_FAILPOINT("store.put"))
        return fa_error_set(err, FA_E_STORE, "failpoint store.put");
    return store->backend->put(store, key, fd, size, err);
}

int
fa_store_copy(struct fa_store *store, const char *from, const char *key, struct fa_error *err)
{
    if (FA_FAILPOINT("store.copy"))
        return fa_error_set(err, FA_E_STORE, "failpoint store.copy");
    return store->backend->copy(store, from, key, err);
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

const char *
fa_store_accel(struct fa_store *store, const char *key, struct fa_arena *arena)
{
    return store->backend->accel(store, key, arena);
}

int
fa_store_check(struct fa_store *store, struct fa_error *err)
{
    return store->backend->check(store, err);
}
