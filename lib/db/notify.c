#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/failpoint.h"
#include "lib/db/connection.h"

#include <stdio.h>
#include <string.h>

enum { NOTIFY_LIMIT = 64 * 1024 };

static bool
add_notice(const struct fa_db *db, const struct fa_notice *notice, struct fa_buf *sql)
{
    char *literal = PQescapeLiteral(db->conn, notice->payload, strlen(notice->payload));

    if (literal != NULL)
        fa_buf_printf(sql, "NOTIFY %s, %s;", notice->channel, literal);
    PQfreemem(literal);
    return literal != NULL;
}

int
fa_db_notify_all(struct fa_db *db, const struct fa_notice *notices, size_t count,
                 struct fa_error *err)
{
    FA_AUTO_BUF(sql, NOTIFY_LIMIT);
    struct fa_error ignored;

    if (fa_db_connect(db, err) < 0)
        return -1;
    fa_buf_add_text(&sql, "BEGIN; SET LOCAL synchronous_commit TO off;");
    for (size_t i = 0; i < count; i++)
        if (!add_notice(db, &notices[i], &sql))
            return fa_error_set(err, FA_E_DATABASE, "notify: %s", PQerrorMessage(db->conn));
    /* What a full queue answers. */
    if (FA_FAILPOINT("db.notify"))
        fa_buf_add_text(&sql, "DO $$BEGIN RAISE 'too many notifications in the NOTIFY queue'"
                              " USING ERRCODE = '54000'; END$$;");
    fa_buf_add_text(&sql, "COMMIT");
    if (fa_buf_check(&sql, "notify", err) < 0)
        return -1;
    if (fa_db_command(db, sql.data, "notify", err) >= 0)
        return 0;
    /* A failed block stays open until it is rolled back; the session may hold a lock: it stays. */
    if (db->conn != NULL && PQtransactionStatus(db->conn) != PQTRANS_IDLE &&
        fa_db_command(db, "ROLLBACK", "rollback", &ignored) < 0)
        fa_db_drop(db);
    return -1;
}

int
fa_db_notify(struct fa_db *db, const char *channel, const char *payload, struct fa_error *err)
{
    return fa_db_notify_all(db, &(const struct fa_notice){channel, payload}, 1, err);
}

enum fa_db_outcome
fa_db_notify_usage(struct fa_db *db, int64_t *percent_r, struct fa_error *err)
{
    static const struct fa_statement usage = {
        "notify_usage", "SELECT (100 * pg_notification_queue_usage())::bigint AS percent"};

    return fa_db_row(db, &usage, FA_NO_PARAMS, FA_COLUMNS(FA_COLUMN_INT("percent", percent_r)),
                     NULL, err);
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
        return fa_db_fail(err, FA_E_MEMORY, "notification");
    return FA_DB_ROW;
}
