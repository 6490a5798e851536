/*
 * Requests sent again: the answer to a request with an Idempotency-Key
 * (draft-ietf-httpapi-idempotency-key-header) is a row written in the transaction of what it tells.
 * So whoever sends the request again, after a lost answer or a worker's death, gets the first
 * answer exactly when the first request took effect.  Errors are not kept.
 */
#ifndef FA_REPLAY_REPLAY_H
#define FA_REPLAY_REPLAY_H

#include "lib/base/arena.h"
#include "lib/db/db.h"

enum { FA_REPLAY_KEY = 255, FA_REPLAY_FINGERPRINT = 32 };

struct fa_replay {
    struct fa_uuid account;
    const char *key; /* NULL: the request has none */
    unsigned char fingerprint[FA_REPLAY_FINGERPRINT];
    /* the first answer, once found or kept */
    bool found;
    const char *body; /* in the arena given; its status was 200 */
    struct fa_uuid part;
};

/* Reads the header's value: 1 to 255 visible ASCII characters, or such (and blanks) as a
 * structured-field string (RFC 8941, 3.3.3).  FA_E_INPUT. */
int fa_replay_read_key(const char *header, struct fa_arena *arena, const char **key_r,
                       struct fa_error *err) FA_MUSTCHECK;

/* Fills the fingerprint from the texts that make the request what it is (NULL: left out by the
 * client, which is not the empty text). */
int fa_replay_fingerprint(struct fa_replay *replay, const char *const *texts, size_t count,
                          struct fa_error *err) FA_MUSTCHECK;

/* Looks for the first answer: FA_DB_ROW with it, FA_DB_NONE when there is none yet, FA_E_INPUT when
 * the key came with another request. */
enum fa_db_outcome fa_replay_find(struct fa_db *db, struct fa_replay *replay,
                                  struct fa_arena *arena, struct fa_error *err) FA_MUSTCHECK;

/* Inside a transaction, before anything is written: takes the key, waiting for a transaction that
 * has it.  FA_DB_NONE: it is ours now; FA_DB_ROW: the other one has answered, see `body`. */
enum fa_db_outcome fa_replay_claim(struct fa_db *db, struct fa_replay *replay,
                                   struct fa_arena *arena, struct fa_error *err) FA_MUSTCHECK;

/* Inside the same transaction: keeps the answer. */
enum fa_db_outcome fa_replay_keep(struct fa_db *db, const struct fa_replay *replay,
                                  struct fa_error *err) FA_MUSTCHECK;

/* Drops answers older than a day; at most some thousands a call. */
int fa_replay_prune(struct fa_db *db, struct fa_error *err) FA_MUSTCHECK;

#endif
