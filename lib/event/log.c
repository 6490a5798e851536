#include "lib/event/log.h"

#define COLUMNS                                                                                    \
    "SELECT e.event_id, e.body::text AS body,"                                                     \
    " (SELECT string_agg(replace(r.account_id::text, '-', ''), ',') FROM event_recipient r"        \
    "  WHERE r.event_id = e.event_id) AS recipients FROM event e "
#define TARGETS(row)                                                                               \
    FA_COLUMNS(FA_COLUMN_INT("event_id", &(row)->id), FA_COLUMN_TEXT("body", &(row)->body),        \
               FA_COLUMN_TEXT("recipients", &(row)->recipients))

enum fa_db_outcome
fa_event_log_one(struct fa_db *db, int64_t id, struct fa_arena *arena, struct fa_event_row *row,
                 struct fa_error *err)
{
    static const struct fa_statement one = {"event_log_one", COLUMNS "WHERE e.event_id = $1"};

    return fa_db_row(db, &one, FA_PARAMS(FA_INT(id)), TARGETS(row), arena, err);
}

enum fa_db_outcome
fa_event_log_since(struct fa_db *db, int64_t since_us, struct fa_rows *rows, struct fa_error *err)
{
    static const struct fa_statement since = {
        "event_log_since",
        COLUMNS "WHERE e.created_at > to_timestamp($1::bigint / 1e6) ORDER BY e.event_id"};

    return fa_db_rows(db, &since, FA_PARAMS(FA_INT(since_us)), rows, err);
}

enum fa_db_outcome
fa_event_log_account(struct fa_db *db, const struct fa_uuid *account, int64_t after, int64_t limit,
                     struct fa_rows *rows, struct fa_error *err)
{
    static const struct fa_statement list = {
        "event_log_account", COLUMNS "JOIN event_recipient mine ON mine.event_id = e.event_id"
                                     " WHERE mine.account_id = $1 AND mine.event_id > $2"
                                     " ORDER BY e.event_id LIMIT $3"};

    return fa_db_rows(db, &list, FA_PARAMS(FA_UUID(account), FA_INT(after), FA_INT(limit)), rows,
                      err);
}

enum fa_db_outcome
fa_event_log_next(struct fa_rows *rows, struct fa_arena *arena, struct fa_event_row *row,
                  struct fa_error *err)
{
    return fa_rows_next(rows, TARGETS(row), arena, err);
}
