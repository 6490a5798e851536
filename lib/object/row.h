/*
 * What rows say about objects: which of them own one, announce one (intent), or have done with one
 * (tombstone).  The collector, the check of both sides and the move to another store ask here.
 */
#ifndef FA_OBJECT_ROW_H
#define FA_OBJECT_ROW_H

#include "lib/db/db.h"
#include "lib/store/store.h"

/* All rows that name one object, taken together. */
struct fa_object_rows {
    char key[FA_STORE_KEY];
    int64_t owners; /* assets and derived files; more than one is a fault */
    bool intent;
    bool tombstone;
    int64_t size; /* as an owner says */
    unsigned char sha256[32];
};

/* True when no row names the object. */
bool fa_object_is_unnamed(const struct fa_object_rows *rows);

/* A walk over all objects that rows name, in the database's order of the keys: page by page, each
 * seen as it is when it is read, so that neither a long transaction nor memory is needed. */
struct fa_object_scan {
    struct fa_db *db;
    struct fa_rows page;
    struct fa_arena arena;
    char after[FA_STORE_KEY];
    bool ended;
};

void fa_object_scan_open(struct fa_object_scan *scan, struct fa_db *db);
void fa_object_scan_close(struct fa_object_scan *scan);

/* The next object; FA_DB_NONE after the last. */
enum fa_db_outcome fa_object_scan_next(struct fa_object_scan *scan, struct fa_object_rows *rows_r,
                                       struct fa_error *err) FA_MUSTCHECK;

/* What rows say of `count` objects now, in one statement; `rows` in the order of `keys`, an object
 * that no row names has none. */
int fa_object_look(struct fa_db *db, const char *const *keys, size_t count,
                   struct fa_object_rows *rows, struct fa_error *err) FA_MUSTCHECK;

/* How many rows own objects. */
int fa_object_count(struct fa_db *db, int64_t *count_r, struct fa_error *err) FA_MUSTCHECK;

/* A row that owns an object, for people. */
struct fa_object_owner {
    struct fa_uuid part;
    const char *name; /* an asset's basename, a derived file's kind */
    bool derived;
    int64_t size;
};

/* The owners of an object; then fa_object_next_owner until FA_DB_NONE. */
enum fa_db_outcome fa_object_owners(struct fa_db *db, const char *key, struct fa_rows *rows,
                                    struct fa_error *err) FA_MUSTCHECK;
enum fa_db_outcome fa_object_next_owner(struct fa_rows *rows, struct fa_arena *arena,
                                        struct fa_object_owner *owner,
                                        struct fa_error *err) FA_MUSTCHECK;

/* Buries an object that no row names, to be removed `grace_s` from now; looks and writes in one
 * statement.  FA_DB_NONE: a row names it. */
enum fa_db_outcome fa_object_bury_unnamed(struct fa_db *db, const char *key, int64_t grace_s,
                                          struct fa_error *err) FA_MUSTCHECK;

/* Drops intent and tombstone of an object that a row owns: the owner keeps it.  FA_DB_NONE: nothing
 * of that kind is there. */
enum fa_db_outcome fa_object_acquit(struct fa_db *db, const char *key,
                                    struct fa_error *err) FA_MUSTCHECK;

/* Work that only one process at a time does, over all machines. */
enum fa_object_lock { FA_OBJECT_LOCK_COLLECT = 1, FA_OBJECT_LOCK_MOVE = 2 };

/* Takes the lock for the session, which must be a direct one; FA_DB_NONE: another session has it.
 * It ends with fa_object_unlock, or with the connection. */
enum fa_db_outcome fa_object_lock(struct fa_db *db, enum fa_object_lock lock,
                                  struct fa_error *err) FA_MUSTCHECK;
void fa_object_unlock(struct fa_db *db, enum fa_object_lock lock);

#endif
