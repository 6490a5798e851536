/*
 * Store: where the bytes of files lie.  Rows in the database say which object belongs to what
 * (lib/object); a store knows keys and bytes only.
 *
 * A key is "ab/" and 32 hex digits and never used twice, so an object's content never changes. What
 * fa_store_put has acknowledged survives a crash of the machine.
 */
#ifndef FA_STORE_STORE_H
#define FA_STORE_STORE_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/options.h"

#include <stdbool.h>
#include <stdint.h>

enum { FA_STORE_KEY_LENGTH = 35, FA_STORE_KEY = 40 };

struct fa_store;

enum fa_store_kind { FA_STORE_DIRECTORY, FA_STORE_S3 };

/* Opens the store the options name: S3 when AWS_ENDPOINT_URL_S3 is set, else the directory.
 * Asks no server, so it succeeds while the store is away.  The options must live as long. */
int fa_store_open(const struct fa_options *options, struct fa_store **store_r,
                  struct fa_error *err) FA_MUSTCHECK;

/* Opens one backend by its kind, for moving objects between them. */
int fa_store_open_kind(enum fa_store_kind kind, const struct fa_options *options,
                       struct fa_store **store_r, struct fa_error *err) FA_MUSTCHECK;
void fa_store_close(struct fa_store **store);

/* How long a store on the network may be silent before a call fails (FA_E_STORE); what moves may
 * take as long as it does.  As opened: for a request, whose client waits.  Those who can wait
 * longer also ask a store that has not answered lately, where others fail at once. */
enum { FA_STORE_PATIENCE_S = 3, FA_STORE_PATIENCE_OF_JOBS_S = 30 };
void fa_store_set_patience(struct fa_store *store, int64_t seconds);

/* A request begins: until the next one, its calls share the patience, so that who waits for all of
 * them waits no longer than for one.  Without it each call has all of it. */
void fa_store_begin(struct fa_store *store);

/* What processes of one pool tell each other about a store: made before they are forked, given to
 * each one's store, and kept for as long as they run.  NULL when memory is short; then each finds
 * out by itself that a store is away. */
struct fa_store_shared;
struct fa_store_shared *fa_store_shared_new(void);
void fa_store_share(struct fa_store *store, struct fa_store_shared *shared);

/* Fills and returns `key` with a new key: "ab/" and 32 hex digits; `ab` spreads them over folders.
 */
char *fa_store_key(char key[FA_STORE_KEY]);

/* True when `text` has the form of a key. */
bool fa_store_is_key(const char *text);

/* A new anonymous file for bytes on their way in; gone when closed, also by a crash.
 * The descriptor (close-on-exec), or -1. */
int fa_store_spool(struct fa_store *store, struct fa_error *err) FA_MUSTCHECK;

/* Stores the `size` bytes of file `fd` under `key`, atomically and durably.  Best from
 * fa_store_spool, where the directory store needs no copy.  `sha256`: of the bytes, 32 bytes; S3
 * requests are signed with it, so the server refuses other bytes.  FA_E_STORE, FA_E_SPACE. */
int fa_store_put(struct fa_store *store, const char *key, int fd, uint64_t size,
                 const unsigned char *sha256, struct fa_error *err) FA_MUSTCHECK;

/* Stores the bytes of object `from` under `key` too, as durably as fa_store_put; each is removed by
 * itself.  `size` and `sha256` are what the caller knows of the bytes.  The directory store links,
 * so it costs no space where it can.  FA_E_NO_FILE when there is no object `from`. */
int fa_store_copy(struct fa_store *store, const char *from, const char *key, uint64_t size,
                  const unsigned char *sha256, struct fa_error *err) FA_MUSTCHECK;

/* A descriptor to read the object from, or -1; FA_E_NO_FILE when there is no such object. */
int fa_store_get(struct fa_store *store, const char *key, struct fa_error *err) FA_MUSTCHECK;

/* Removes the object; one that is not there counts as removed. */
int fa_store_remove(struct fa_store *store, const char *key, struct fa_error *err) FA_MUSTCHECK;

/* Removes what a put that never ended may have left under `key`: the object, unfinished multipart
 * uploads, a temporary copy. */
int fa_store_abandon(struct fa_store *store, const char *key, struct fa_error *err) FA_MUSTCHECK;

/* What a store holds under a name. */
struct fa_store_entry {
    const char *key;
    uint64_t size;
    int64_t modified_us; /* when it was stored; a copy may have the time of its source */
    bool foreign;        /* the name is no key of ours: somebody else's, never to be removed */
};

typedef int fa_store_visit(void *closure, const struct fa_store_entry *entry, struct fa_error *err);

/* Shows `visit` every object whose key comes after `after` (NULL: every object), in byte order of
 * the keys, in constant memory.  What is stored or removed meanwhile may be missed or shown.  A
 * non-zero answer of `visit` ends the walk and is returned; else 0, or -1. */
int fa_store_list(struct fa_store *store, const char *after, fa_store_visit *visit, void *closure,
                  struct fa_error *err) FA_MUSTCHECK;

/* Removes what puts that began more than `age_s` seconds ago left unfinished, under any key of
 * ours: multipart uploads, temporary copies.  `count_r` receives how many. */
int fa_store_sweep(struct fa_store *store, int64_t age_s, int64_t *count_r,
                   struct fa_error *err) FA_MUSTCHECK;

/* The X-Accel-Redirect target by which nginx sends the object; NULL with FA_E_STORE when the store
 * is known to be away.
 *
 *   directory  /_store/KEY
 *   S3         /_s3/BUCKET/KEY?QUERY, with `often` /_s3_cached/…, or /_s3_kept/… while the store is
 *              away; the query signs the request and must reach the store as it is
 *
 * `often`: a small file fetched again and again, which nginx may keep in its cache. */
const char *fa_store_accel(struct fa_store *store, const char *key, bool often,
                           struct fa_arena *arena, struct fa_error *err) FA_MUSTCHECK;

/* 0 when the store can take and give objects now. */
int fa_store_check(struct fa_store *store, struct fa_error *err) FA_MUSTCHECK;

#endif
