/* Inside lib/db only: the connection behind struct fa_db. */
#ifndef FA_DB_CONNECTION_H
#define FA_DB_CONNECTION_H

#include "lib/db/db.h"

#include <libpq-fe.h>

enum { FA_DB_STATEMENTS = 128, FA_DB_CHANNELS = 4 };

struct fa_db {
    const char *conninfo;
    const char *application;
    int64_t timeout_us;
    int64_t rest_until_us; /* no connection is tried before this time */
    PGconn *conn;          /* NULL: not connected */
    unsigned generation;
    bool in_transaction;
    struct fa_arena params; /* of the statement that runs */
    size_t prepared_count;  /* of this generation */
    const struct fa_statement *prepared[FA_DB_STATEMENTS];
    size_t channel_count;
    const char *channels[FA_DB_CHANNELS];
    const char *lock_kind;
    const char *lock_name; /* NULL: none is kept */
};

/* Connects when there is no live connection.  Inside a transaction a lost connection stays lost. */
int fa_db_connect(struct fa_db *db, struct fa_error *err) FA_MUSTCHECK;

/* Drops the connection; the next call makes a new one. */
void fa_db_drop(struct fa_db *db);

/* Waits for the answer to what was sent, within the time limit; the last result, or NULL with `err`
 * set and the connection dropped. */
PGresult *fa_db_answer(struct fa_db *db, const char *what, struct fa_error *err) FA_MUSTCHECK;

/* Judges a result: FA_DB_FAILED or FA_DB_RETRY with `err`, else how many rows it is about. */
enum fa_db_outcome fa_db_judge(struct fa_db *db, const PGresult *result, const char *what,
                               struct fa_error *err) FA_MUSTCHECK;

/* Sends plain SQL without parameters and judges the answer. */
enum fa_db_outcome fa_db_command(struct fa_db *db, const char *sql, const char *what,
                                 struct fa_error *err) FA_MUSTCHECK;

#endif
