#include "lib/base/failpoint.h"
#include "lib/db/connection.h"

#include <stdio.h>
#include <string.h>

int
fa_db_notify(struct fa_db *db, const char *channel, const char *payload, struct fa_error *err)
{
    char sql[9000];
    char *literal;
    int length;

    /* What the server says when a listener has not read for so long that its queue is full. */
    if (FA_FAILPOINT("db.notify"))
        return fa_error_set(err, FA_E_DATABASE, "notify: too many notifications");
    if (fa_db_connect(db, err) < 0)
        return -1;
    literal = PQescapeLiteral(db->conn, payload, strlen(payload));
    if (literal == NULL)
        return fa_error_set(err, FA_E_DATABASE, "notify: %s", PQerrorMessage(db->conn));
    length = snprintf(sql, sizeof sql,
                      "BEGIN; SET LOCAL synchronous_commit TO off; NOTIFY %s, %s; COMMIT", channel,
                      literal);
    PQfreemem(literal);
    if (length < 0 || (size_t)length >= sizeof sql)
        return fa_error_set(err, FA_E_INTERNAL, "notify: payload too long");
    if (fa_db_command(db, sql, "notify", err) >= 0)
        return 0;
    /* A failed block stays open until it is rolled back. */
    if (db->conn != NULL && PQtransactionStatus(db->conn) != PQTRANS_IDLE)
        fa_db_drop(db);
    return -1;
}

int
fa_db_listen(struct fa_db *db, const char *channel, struct fa_error *err)
{
    char sql[80];

    if (db->channel_count == FA_DB_CHANNELS)
        return fa_error_set(err, FA_E_INTERNAL, "more than %d channels", FA_DB_CHANNELS);
    db->channels[db->channel_count++] = channel;
    if (db->conn == NULL)
        return fa_db_connect(db, err);
    snprintf(sql, sizeof sql, "LISTEN %s", channel);
    return fa_db_command(db, sql, "listen", err) < 0 ? -1 : 0;
}

int
fa_db_socket(struct fa_db *db, struct fa_error *err)
{
    return fa_db_connect(db, err) < 0 ? -1 : PQsocket(db->conn);
}

enum fa_db_outcome
fa_db_notification(struct fa_db *db, struct fa_arena *arena, const char **channel_r,
                   const char **payload_r, struct fa_error *err)
{
    PGnotify *notify;

    if (fa_db_connect(db, err) < 0)
        return FA_DB_FAILED;
    if (PQconsumeInput(db->conn) == 0) {
        fa_error_set(err, FA_E_DATABASE, "listen: %s", PQerrorMessage(db->conn));
        fa_db_drop(db);
        return FA_DB_FAILED;
    }
    notify = PQnotifies(db->conn);
    if (notify == NULL)
        return FA_DB_NONE;
    *channel_r = fa_arena_strdup(arena, notify->relname);
    *payload_r = fa_arena_strdup(arena, notify->extra);
    PQfreemem(notify);
    if (*channel_r == NULL || *payload_r == NULL)
        return (enum fa_db_outcome)fa_error_set(err, FA_E_MEMORY, "notification");
    return FA_DB_ROW;
}
