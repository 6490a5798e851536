/*
 * The protocol between rows and objects.
 *
 *   1. fa_object_create: an intent row is committed, then the object is stored
 *   2. in the transaction that writes the owning row: fa_object_own (closes the intent)
 *      and fa_object_bury for the object it replaces
 *   3. fa_collect_run (collect.h) removes what intents past their deadline and due tombstones name
 *
 * So no object exists without a row that names it, whatever dies when; and an object that a row
 * owns has neither intent nor tombstone, so the collector cannot touch it.
 */
#ifndef FA_OBJECT_OBJECT_H
#define FA_OBJECT_OBJECT_H

#include "lib/db/db.h"
#include "lib/store/store.h"

/* A stored file as rows describe it. */
struct fa_object {
    char key[FA_STORE_KEY];
    uint64_t size;
    unsigned char sha256[32];
};

/* Commits an intent for a new key and stores the `object->size` bytes of `fd` under it; fills
 * `object->key`.  `sha256` and `size` are the caller's. */
int fa_object_create(struct fa_db *db, struct fa_store *store, int fd, struct fa_object *object,
                     struct fa_error *err) FA_MUSTCHECK;

/* The same with the bytes of the stored object `from`, whose size and SHA-256 are the caller's. */
int fa_object_copy(struct fa_db *db, struct fa_store *store, const char *from,
                   struct fa_object *object, struct fa_error *err) FA_MUSTCHECK;

/* Inside a transaction: the object has an owning row now.  FA_DB_FAILED when the collector was
 * faster: the transaction must not commit. */
enum fa_db_outcome fa_object_own(struct fa_db *db, const struct fa_object *object,
                                 struct fa_error *err) FA_MUSTCHECK;

/* Inside a transaction: no row owns `key` any more; the collector removes the object `grace_s`
 * seconds from now.  NULL key: nothing to do. */
enum fa_db_outcome fa_object_bury(struct fa_db *db, const char *key, int64_t grace_s,
                                  struct fa_error *err) FA_MUSTCHECK;

/* SHA-256 and size of everything in `fd`, read from its start. */
int fa_object_measure(int fd, struct fa_object *object, struct fa_error *err) FA_MUSTCHECK;

#endif
