#include "lib/db/connection.h"
#include "lib/base/clock.h"
#include "lib/db/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* GRACE_US: the server ends a statement by itself first.  REST_US: after a server that says
 * nothing, nobody is kept waiting for it until this time has passed. */
enum { CONNECT_SECONDS = 3, GRACE_US = 500000, REST_US = 1000000, PARAMS_LIMIT = 1 << 20 };

struct fa_db *
fa_db_new(const char *conninfo, const char *application, int64_t timeout_s, struct fa_error *err)
{
    struct fa_db *db = calloc(1, sizeof *db);

    if (db == NULL) {
        fa_error_set(err, FA_E_MEMORY, "database connection");
        return NULL;
    }
    db->conninfo = conninfo;
    db->application = application;
    db->timeout_us = timeout_s * FA_SECOND_US;
    fa_arena_init(&db->params, PARAMS_LIMIT);
    return db;
}

void
fa_db_free(struct fa_db **db)
{
    if (*db != NULL) {
        fa_db_drop(*db);
        fa_arena_free(&(*db)->params);
    }
    free(*db);
    *db = NULL;
}

void
fa_db_drop(struct fa_db *db)
{
    PQfinish(db->conn);
    db->conn = NULL;
    db->prepared_count = 0;
}

unsigned
fa_db_generation(const struct fa_db *db)
{
    return db->generation;
}

/* libpq puts notices on standard error as prose; ours is a log of JSON lines, and errors carry all
 * we need. */
static void
ignore_notice(void *closure, const PGresult *result)
{
    (void)closure;
    (void)result;
}

/* The server has taken its time and not answered. */
static void
let_rest(struct fa_db *db)
{
    db->rest_until_us = fa_clock_monotonic_us() + REST_US;
}

static int
open_connection(struct fa_db *db, struct fa_error *err)
{
    int64_t started_us = fa_clock_monotonic_us();
    char seconds[16];
    const char *const names[] = {"dbname",
                                 "application_name",
                                 "connect_timeout",
                                 "client_encoding",
                                 "tcp_user_timeout",
                                 "keepalives_idle",
                                 NULL};
    const char *const values[] = {db->conninfo, db->application, seconds, "UTF8", "10000", "30",
                                  NULL};
    /* An empty conninfo would be a database of that name: leave the parameter out. */
    size_t skip = db->conninfo[0] == '\0' ? 1 : 0;

    if (started_us < db->rest_until_us)
        return fa_error_set(err, FA_E_DATABASE,
                            "connect to the database: it did not answer lately");
    snprintf(seconds, sizeof seconds, "%d", CONNECT_SECONDS);
    db->conn = PQconnectdbParams(names + skip, values + skip, 1);
    if (PQstatus(db->conn) != CONNECTION_OK) {
        fa_error_set(err, FA_E_DATABASE, "connect to the database: %s",
                     db->conn != NULL ? PQerrorMessage(db->conn) : "out of memory");
        fa_error_action(err, "check that PostgreSQL runs and FILEAPI_DATABASE or PG* name it");
        fa_db_drop(db);
        if (fa_clock_monotonic_us() - started_us > REST_US)
            let_rest(db);
        return -1;
    }
    /* A server that does not read must not stop us in a send, where no time limit holds. */
    PQsetnonblocking(db->conn, 1);
    /* A child must not hold the session: its end would be no end. */
    fcntl(PQsocket(db->conn), F_SETFD, FD_CLOEXEC);
    PQsetNoticeReceiver(db->conn, ignore_notice, NULL);
    db->generation++;
    return 0;
}

/* True when the server has closed an idle connection: behind its last words, if any, its socket is
 * at its end. */
static bool
is_dead(struct fa_db *db)
{
    struct pollfd idle = {.fd = PQsocket(db->conn), .events = POLLIN};

    while (poll(&idle, 1, 0) > 0)
        if (PQconsumeInput(db->conn) == 0)
            return true;
    return PQstatus(db->conn) != CONNECTION_OK;
}

void
fa_db_keep_lock(struct fa_db *db, const char *kind, const char *name)
{
    db->lock_kind = kind;
    db->lock_name = name;
}

static int
take_lock(struct fa_db *db, struct fa_error *err)
{
    char sql[512];
    char *name = PQescapeLiteral(db->conn, db->lock_name, strlen(db->lock_name));
    int length = -1;

    if (name != NULL)
        length = snprintf(sql, sizeof sql, "SELECT pg_advisory_lock(" FA_LOCK_KEYS("%s", "%s") ")",
                          db->lock_kind, name);
    PQfreemem(name);
    if (length < 0 || (size_t)length >= sizeof sql)
        return fa_error_set(err, FA_E_INTERNAL, "lock %s", db->lock_name);
    return fa_db_command(db, sql, "lock", err) < 0 ? -1 : 0;
}

/* What a session is to have from its beginning; without it there is none. */
static int
restore(struct fa_db *db, struct fa_error *err)
{
    for (size_t i = 0; i < db->channel_count; i++) {
        char sql[80];

        snprintf(sql, sizeof sql, "LISTEN %s", db->channels[i]);
        if (fa_db_command(db, sql, "listen", err) < 0)
            return -1;
    }
    return db->lock_name != NULL ? take_lock(db, err) : 0;
}

int
fa_db_connect(struct fa_db *db, struct fa_error *err)
{
    if (db->conn != NULL && (db->in_transaction || !is_dead(db)))
        return 0;
    if (db->in_transaction)
        return fa_error_set(err, FA_E_DATABASE, "connection lost inside a transaction");
    fa_db_drop(db);
    if (open_connection(db, err) < 0)
        return -1;
    if (restore(db, err) == 0)
        return 0;
    fa_db_drop(db);
    return -1;
}

/* Sends what is still to be sent and waits until the answer is complete; false when the time is up
 * or the connection is gone. */
static bool
await(PGconn *conn, int64_t deadline_us)
{
    int unsent = 1;

    for (;;) {
        struct pollfd server = {.fd = PQsocket(conn), .events = POLLIN};
        int64_t left_us = deadline_us - fa_clock_monotonic_us();

        if (unsent > 0)
            unsent = PQflush(conn);
        if (unsent < 0)
            return true; /* PQgetResult will say what is wrong */
        if (unsent == 0 && !PQisBusy(conn))
            return true;
        if (unsent > 0)
            server.events |= POLLOUT;
        if (left_us <= 0)
            return false;
        if (poll(&server, 1, (int)(left_us / 1000 + 1)) < 0 && errno != EINTR)
            return false;
        if (PQconsumeInput(conn) == 0)
            return true;
    }
}

PGresult *
fa_db_answer(struct fa_db *db, const char *what, struct fa_error *err)
{
    int64_t deadline_us = fa_clock_monotonic_us() + db->timeout_us + GRACE_US;
    PGresult *last = NULL;

    for (;;) {
        PGresult *result;

        if (!await(db->conn, deadline_us)) {
            /* No cancel request: it would wait for this server too.  The statement ends by the
             * role's time limit, or when the server sees that its client has gone. */
            PQclear(last);
            fa_db_drop(db);
            let_rest(db);
            fa_error_set(err, FA_E_DATABASE, "%s: no answer within %lld s", what,
                         (long long)(db->timeout_us / FA_SECOND_US));
            return NULL;
        }
        result = PQgetResult(db->conn);
        if (result == NULL)
            break;
        /* Of several results the first error counts, else the last. */
        if (last != NULL && PQresultStatus(last) == PGRES_FATAL_ERROR) {
            PQclear(result);
            continue;
        }
        PQclear(last);
        last = result;
    }
    if (last == NULL) {
        fa_error_set(err, FA_E_DATABASE, "%s: %s", what, PQerrorMessage(db->conn));
        fa_db_drop(db);
    }
    return last;
}

/* The SQLSTATEs that say "not now" rather than "never": the server is away, full, or too slow. */
static bool
is_passing(const char *sqlstate)
{
    static const char *const classes[] = {"08", "53", "54000", "57", "58", "55P03", "25006"};

    for (size_t i = 0; i < FA_COUNT(classes); i++)
        if (strncmp(sqlstate, classes[i], strlen(classes[i])) == 0)
            return true;
    return false;
}

enum fa_db_outcome
fa_db_judge(struct fa_db *db, const PGresult *result, const char *what, struct fa_error *err)
{
    ExecStatusType status = PQresultStatus(result);
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (status == PGRES_TUPLES_OK)
        return PQntuples(result) > 0 ? FA_DB_ROW : FA_DB_NONE;
    if (status == PGRES_COMMAND_OK)
        return strtoll(PQcmdTuples((PGresult *)(uintptr_t)result), NULL, 10) > 0 ? FA_DB_ROW
                                                                                 : FA_DB_NONE;
    if (sqlstate == NULL || PQstatus(db->conn) != CONNECTION_OK) {
        fa_error_set(err, FA_E_DATABASE, "%s: %s", what, PQresultErrorMessage(result));
        fa_db_drop(db);
        return FA_DB_FAILED;
    }
    fa_error_set(err, is_passing(sqlstate) ? FA_E_DATABASE : FA_E_INTERNAL, "%s: %s (%s)", what,
                 PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY), sqlstate);
    if (strcmp(sqlstate, "40001") == 0 || strcmp(sqlstate, "40P01") == 0) {
        err->code = FA_E_DATABASE;
        return FA_DB_RETRY;
    }
    return FA_DB_FAILED;
}

enum fa_db_outcome
fa_db_command(struct fa_db *db, const char *sql, const char *what, struct fa_error *err)
{
    enum fa_db_outcome outcome = FA_DB_FAILED;
    PGresult *result;

    if (!PQsendQuery(db->conn, sql)) {
        fa_error_set(err, FA_E_DATABASE, "%s: %s", what, PQerrorMessage(db->conn));
        fa_db_drop(db);
        return FA_DB_FAILED;
    }
    result = fa_db_answer(db, what, err);
    if (result != NULL)
        outcome = fa_db_judge(db, result, what, err);
    PQclear(result);
    return outcome;
}

int
fa_db_script(struct fa_db *db, const char *sql, struct fa_error *err)
{
    if (fa_db_connect(db, err) < 0)
        return -1;
    return fa_db_command(db, sql, "script", err) < 0 ? -1 : 0;
}

int
fa_db_check(struct fa_db *db, struct fa_error *err)
{
    return fa_db_script(db, "SELECT", err);
}
