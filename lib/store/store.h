/*
 * Store: where the bytes of files lie.  Rows in the database say which object belongs to what
 * (lib/object); a store knows keys and bytes only.
 *
 * A key is [0-9a-f/] and never used twice, so an object's content never changes.  What
 * fa_store_put has acknowledged survives a crash of the machine.
 */
#ifndef FA_STORE_STORE_H
#define FA_STORE_STORE_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/options.h"

#include <stdint.h>

enum { FA_STORE_KEY = 40 };

struct fa_store;

/* Opens the store the options name; nothing is kept open between calls. */
int fa_store_open(const struct fa_options *options, struct fa_store **store_r,
                  struct fa_error *err) FA_MUSTCHECK;
void fa_store_close(struct fa_store **store);

/* Fills and returns `key` with a new key: "ab/" and 32 hex digits; `ab` spreads them over folders.
 */
char *fa_store_key(char key[FA_STORE_KEY]);

/* A new anonymous file for bytes on their way in; gone when closed, also by a crash.
 * The descriptor (close-on-exec), or -1. */
int fa_store_spool(struct fa_store *store, struct fa_error *err) FA_MUSTCHECK;

/* Stores the `size` bytes of file `fd` under `key`, atomically and durably.  Best from
 * fa_store_spool, where the directory store needs no copy. FA_E_STORE, FA_E_SPACE. */
int fa_store_put(struct fa_store *store, const char *key, int fd, uint64_t size,
                 struct fa_error *err) FA_MUSTCHECK;

/* Stores the bytes of object `from` under `key` too, as durably as fa_store_put; each is removed by
 * itself.  The directory store links, so it costs no space where it can.  FA_E_NO_FILE when there
 * is no object `from`. */
int fa_store_copy(struct fa_store *store, const char *from, const char *key,
                  struct fa_error *err) FA_MUSTCHECK;

/* A descriptor to read the object from, or -1; FA_E_NO_FILE when there is no such object. */
int fa_store_get(struct fa_store *store, const char *key, struct fa_error *err) FA_MUSTCHECK;

/* Removes the object; one that is not there counts as removed. */
int fa_store_remove(struct fa_store *store, const char *key, struct fa_error *err) FA_MUSTCHECK;

/* The X-Accel-Redirect target by which nginx sends the object; NULL when memory is short. */
const char *fa_store_accel(struct fa_store *store, const char *key,
                           struct fa_arena *arena) FA_MUSTCHECK;

/* 0 when the store can take and give objects now. */
int fa_store_check(struct fa_store *store, struct fa_error *err) FA_MUSTCHECK;

#endif
