/* Reading the events that were kept. */
#ifndef FA_EVENT_LOG_H
#define FA_EVENT_LOG_H

#include "lib/db/db.h"

struct fa_event_row {
    int64_t id;
    const char *body;       /* the message without "id"; a JSON object */
    const char *recipients; /* account ids, 32 hex digits each, commas between; NULL: nobody */
};

/* One event; FA_DB_NONE when it is gone. */
enum fa_db_outcome fa_event_log_one(struct fa_db *db, int64_t id, struct fa_arena *arena,
                                    struct fa_event_row *row, struct fa_error *err) FA_MUSTCHECK;

/* The events kept since `since_us`, oldest first; then fa_event_log_next. */
enum fa_db_outcome fa_event_log_since(struct fa_db *db, int64_t since_us, struct fa_rows *rows,
                                      struct fa_error *err) FA_MUSTCHECK;

/* At most `limit` events of an account with ids above `after`, in order; then fa_event_log_next. */
enum fa_db_outcome fa_event_log_account(struct fa_db *db, const struct fa_uuid *account,
                                        int64_t after, int64_t limit, struct fa_rows *rows,
                                        struct fa_error *err) FA_MUSTCHECK;

enum fa_db_outcome fa_event_log_next(struct fa_rows *rows, struct fa_arena *arena,
                                     struct fa_event_row *row, struct fa_error *err) FA_MUSTCHECK;

#endif
