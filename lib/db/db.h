/*
 * One PostgreSQL connection: opened when first used, opened again when lost.
 *
 * Statements are static descriptions, prepared once per connection generation.  Parameters are
 * typed, results are read by column name into typed variables.  No SQL text is ever composed.
 *
 * Every call has one of four outcomes.  Negative ones have set `err`:
 *   FA_DB_FAILED  hard: the statement is wrong, or the server is away (FA_E_DATABASE)
 *   FA_DB_RETRY   soft: serialization failure or deadlock; the transaction runner tries again
 *   FA_DB_NONE    no row, or nothing changed
 *   FA_DB_ROW     at least one row
 */
#ifndef FA_DB_DB_H
#define FA_DB_DB_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/uuid.h"

#include <stdbool.h>
#include <stdint.h>

struct fa_db;

enum fa_db_outcome { FA_DB_RETRY = -2, FA_DB_FAILED = -1, FA_DB_NONE = 0, FA_DB_ROW = 1 };

/* As fa_error_set, for who returns an outcome: FA_DB_FAILED. */
#define fa_db_fail(...) ((enum fa_db_outcome)fa_error_set(__VA_ARGS__))

/* A statement; must be static: its address is its identity in the table of prepared ones. */
struct fa_statement {
    const char *name;
    const char *sql;
};

/* --- parameters ------------------------------------------------------------------------------ */

struct fa_param {
    enum { FA_P_TEXT, FA_P_INT, FA_P_BOOL, FA_P_UUID, FA_P_BYTES, FA_P_TEXTS, FA_P_UUIDS } type;
    const void *pointer; /* NULL is SQL's NULL, but for FA_P_INT and FA_P_BOOL */
    int64_t number;      /* value, or the count of bytes, texts or UUIDs */
};

struct fa_params {
    const struct fa_param *list;
    int count;
};

#define FA_TEXT(text)           ((struct fa_param){FA_P_TEXT, (text), 0})
#define FA_INT(number)          ((struct fa_param){FA_P_INT, "", (int64_t)(number)})
#define FA_BOOL(value)          ((struct fa_param){FA_P_BOOL, "", (value) ? 1 : 0})
#define FA_UUID(uuid)           ((struct fa_param){FA_P_UUID, (uuid), 0})
#define FA_BYTES(bytes, length) ((struct fa_param){FA_P_BYTES, (bytes), (int64_t)(length)})
/* `texts` is const char *const *; becomes text[]. */
#define FA_TEXTS(texts, length) ((struct fa_param){FA_P_TEXTS, (texts), (int64_t)(length)})
/* `uuids` is const struct fa_uuid *; becomes uuid[]. */
#define FA_UUIDS(uuids, length) ((struct fa_param){FA_P_UUIDS, (uuids), (int64_t)(length)})

#define FA_PARAMS(...)                                                                             \
    ((struct fa_params){                                                                           \
        (const struct fa_param[]){__VA_ARGS__},                                                    \
        (int)(sizeof((const struct fa_param[]){__VA_ARGS__}) / sizeof(struct fa_param))})
#define FA_NO_PARAMS ((struct fa_params){NULL, 0})

/* --- results --------------------------------------------------------------------------------- */

/* Where a column goes.  NULL in the database: text NULL, number 0, false, zero UUID. */
struct fa_column {
    const char *name;
    enum { FA_C_TEXT, FA_C_INT, FA_C_BOOL, FA_C_UUID } type;
    void *target;
};

#define FA_COLUMN_TEXT(name, target)                                                               \
    ((struct fa_column){(name), FA_C_TEXT, (const char **){target}})
#define FA_COLUMN_INT(name, target)  ((struct fa_column){(name), FA_C_INT, (int64_t *){target}})
#define FA_COLUMN_BOOL(name, target) ((struct fa_column){(name), FA_C_BOOL, (bool *){target}})
#define FA_COLUMN_UUID(name, target)                                                               \
    ((struct fa_column){(name), FA_C_UUID, (struct fa_uuid *){target}})

struct fa_columns {
    const struct fa_column *list;
    size_t count;
};

#define FA_COLUMNS(...)                                                                            \
    ((struct fa_columns){(const struct fa_column[]){__VA_ARGS__},                                  \
                         sizeof((const struct fa_column[]){__VA_ARGS__}) /                         \
                             sizeof(struct fa_column)})
#define FA_NO_COLUMNS ((struct fa_columns){NULL, 0})

/* A result of many rows; release with fa_rows_free, fits FA_CLEANUP. */
struct fa_rows {
    void *result;
    int next;
};

/* --- calls ----------------------------------------------------------------------------------- */

/* Prepares a connection object, connects nothing.  Texts must outlive it.  `timeout_s` is the
 * longest time one statement may take; then the connection is dropped, and for a second no other is
 * tried: calls fail at once.  NULL with FA_E_MEMORY. */
struct fa_db *fa_db_new(const char *conninfo, const char *application, int64_t timeout_s,
                        struct fa_error *err) FA_MUSTCHECK;
void fa_db_free(struct fa_db **db);

/* Runs a statement and reads its first row into `columns`; texts are copied into `arena`. */
enum fa_db_outcome fa_db_row(struct fa_db *db, const struct fa_statement *statement,
                             struct fa_params params, struct fa_columns columns,
                             struct fa_arena *arena, struct fa_error *err) FA_MUSTCHECK;

/* Runs a statement whose rows do not matter; FA_DB_ROW when it changed or returned any. */
enum fa_db_outcome fa_db_run(struct fa_db *db, const struct fa_statement *statement,
                             struct fa_params params, struct fa_error *err) FA_MUSTCHECK;

/* Runs a statement for all its rows; then fa_rows_next. */
enum fa_db_outcome fa_db_rows(struct fa_db *db, const struct fa_statement *statement,
                              struct fa_params params, struct fa_rows *rows,
                              struct fa_error *err) FA_MUSTCHECK;

/* Reads the next row; FA_DB_NONE after the last. */
enum fa_db_outcome fa_rows_next(struct fa_rows *rows, struct fa_columns columns,
                                struct fa_arena *arena, struct fa_error *err) FA_MUSTCHECK;
void fa_rows_free(struct fa_rows *rows);

/* Work inside a transaction; returns as the calls above, negative rolls back. */
typedef enum fa_db_outcome fa_db_work(struct fa_db *db, void *closure, struct fa_error *err);

/*
 * Runs `work` in a READ COMMITTED transaction and commits.  FA_DB_RETRY is tried again, 3 times in
 * all, with jitter; `work` must therefore start from the same closure each time.  When the answer
 * to COMMIT is lost, the server is asked on a new connection what became of the transaction
 * (pg_xact_status), so success and failure are known, never guessed; only when the server cannot be
 * asked within the time limit, or has crashed meanwhile, FA_DB_FAILED leaves it open (`err->detail`
 * says so), and whoever made objects for it must leave them to the collector.
 */
enum fa_db_outcome fa_db_transaction(struct fa_db *db, fa_db_work *work, void *closure,
                                     struct fa_error *err) FA_MUSTCHECK;

/* The session has taken the advisory lock of a kind (lock.h) about `name`: from now on each later
 * session takes it again when it begins, waiting for whoever tests it.  `name` must outlive `db`.
 */
void fa_db_keep_lock(struct fa_db *db, const char *kind, const char *name);

/* 0 when the server answers. */
int fa_db_check(struct fa_db *db, struct fa_error *err) FA_MUSTCHECK;

/* Runs the statements of a script (a migration) in one transaction of the caller's. */
int fa_db_script(struct fa_db *db, const char *sql, struct fa_error *err) FA_MUSTCHECK;

/* --- notifications --------------------------------------------------------------------------- */

/* A notification; the channel must be an SQL identifier, the payload is under 8000 bytes. */
struct fa_notice {
    const char *channel;
    const char *payload;
};

/* NOTIFY, all in one transaction of their own that does not wait for the disk: the durable commit
 * came first, these are hints.  A failure, such as a full queue (54000), leaves the session as it
 * was. */
int fa_db_notify_all(struct fa_db *db, const struct fa_notice *notices, size_t count,
                     struct fa_error *err);
int fa_db_notify(struct fa_db *db, const char *channel, const char *payload, struct fa_error *err);

/* Of the server's queue of notifications, how much is in use, in percent. */
enum fa_db_outcome fa_db_notify_usage(struct fa_db *db, int64_t *percent_r,
                                      struct fa_error *err) FA_MUSTCHECK;

/* LISTENs now and after each reconnection; at most 4 channels, static names. */
int fa_db_listen(struct fa_db *db, const char *channel, struct fa_error *err) FA_MUSTCHECK;

/* The socket to poll, connecting first where needed; -1 with `err` when the server is away. */
int fa_db_socket(struct fa_db *db, struct fa_error *err);

/* The next notification that has arrived, copied into `arena`; FA_DB_NONE when there is none,
 * FA_DB_FAILED when the connection is lost (the next call connects and listens again). */
enum fa_db_outcome fa_db_notification(struct fa_db *db, struct fa_arena *arena,
                                      const char **channel_r, const char **payload_r,
                                      struct fa_error *err) FA_MUSTCHECK;

/* Grows by one with each connection: a listener that sees it change re-reads its rows. */
unsigned fa_db_generation(const struct fa_db *db);

#endif
