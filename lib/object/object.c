#include "lib/object/object.h"
#include "lib/base/cleanup.h"
#include "lib/base/digest.h"
#include "lib/base/failpoint.h"

#include <errno.h>
#include <openssl/evp.h>
#include <unistd.h>

/* Longer than any upload's last transaction may take, retries and lost answers included. */
enum { INTENT_SECONDS = 3600 };

/* Chooses a key and commits the intent to store an object under it. */
static int
intend(struct fa_db *db, struct fa_object *object, struct fa_error *err)
{
    static const struct fa_statement insert = {
        "object_intend", "INSERT INTO object_intent (object_key, deadline)"
                         " VALUES ($1, now() + make_interval(secs => $2::bigint))"};

    fa_store_key(object->key);
    return fa_db_run(db, &insert, FA_PARAMS(FA_TEXT(object->key), FA_INT(INTENT_SECONDS)), err) < 0
               ? -1
               : 0;
}

int
fa_object_create(struct fa_db *db, struct fa_store *store, int fd, struct fa_object *object,
                 struct fa_error *err)
{
    if (intend(db, object, err) < 0)
        return -1;
    (void)FA_FAILPOINT("object.intended");
    if (fa_store_put(store, object->key, fd, object->size, object->sha256, err) < 0)
        return -1;
    (void)FA_FAILPOINT("object.stored");
    return 0;
}

int
fa_object_copy(struct fa_db *db, struct fa_store *store, const char *from, struct fa_object *object,
               struct fa_error *err)
{
    if (intend(db, object, err) < 0)
        return -1;
    return fa_store_copy(store, from, object->key, object->size, object->sha256, err);
}

enum fa_db_outcome
fa_object_own(struct fa_db *db, const struct fa_object *object, struct fa_error *err)
{
    static const struct fa_statement own = {"object_own",
                                            "DELETE FROM object_intent WHERE object_key = $1"};
    enum fa_db_outcome outcome = fa_db_run(db, &own, FA_PARAMS(FA_TEXT(object->key)), err);

    if (outcome != FA_DB_NONE)
        return outcome;
    return fa_db_fail(err, FA_E_STORE, "object %s: its intent is gone", object->key);
}

enum fa_db_outcome
fa_object_bury(struct fa_db *db, const char *key, int64_t grace_s, struct fa_error *err)
{
    static const struct fa_statement bury = {
        "object_bury", "INSERT INTO object_tombstone (object_key, due_at)"
                       " VALUES ($1, now() + make_interval(secs => $2::bigint))"};

    if (key == NULL)
        return FA_DB_NONE;
    return fa_db_run(db, &bury, FA_PARAMS(FA_TEXT(key), FA_INT(grace_s)), err);
}

int
fa_object_measure(int fd, struct fa_object *object, struct fa_error *err)
{
    unsigned char buffer[64 * 1024];
    FA_CLEANUP(fa_digest_free) EVP_MD_CTX *digest = fa_digest_new(EVP_sha256());
    ssize_t got;

    object->size = 0;
    while ((got = pread(fd, buffer, sizeof buffer, (off_t)object->size)) > 0) {
        fa_digest_add(&digest, buffer, (size_t)got);
        object->size += (uint64_t)got;
    }
    if (got < 0)
        return fa_error_errno(err, FA_E_STORE, errno, "read a file to store");
    return fa_digest_end(&digest, object->sha256, err);
}
