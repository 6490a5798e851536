/*
 * The log of kept events, in the order in which they can be read.
 *
 * An event gets its id when it comes into the log, after the commit of what it tells and one
 * publisher at a time (sql/0011_event_follow.sql).  So whoever sees an id sees every lower one,
 * and a reader that remembers one number has missed nothing.  Old events are forgotten; which ids
 * may be gone is part of the log's state, and so is the epoch: another one means that ids are not
 * those given before (a restored database), whatever their numbers.
 */
#ifndef FA_EVENT_LOG_H
#define FA_EVENT_LOG_H

#include "lib/db/db.h"

enum { FA_EVENT_EPOCH = 9, FA_EVENT_PLACE = 32 };

struct fa_event_log {
    char epoch[FA_EVENT_EPOCH];
    int64_t last;      /* the id given last */
    int64_t forgotten; /* ids up to this one may be gone */
};

/* Where a reader stands: the id it has seen last, and whose it is. */
struct fa_event_place {
    bool latest; /* nothing of the past is asked for */
    int64_t id;
    char epoch[FA_EVENT_EPOCH]; /* empty: not told */
};

struct fa_event_row {
    int64_t id;
    const char *kind;       /* "finished", "failed", "cancelled" */
    const char *body;       /* the message without "id"; a JSON object */
    const char *recipients; /* account ids with commas between; NULL or empty: nobody */
};

/* Reads "ID", "ID.EPOCH" or "latest"; false when it is none of them. */
bool fa_event_place_read(const char *text, struct fa_event_place *place_r);

/* Prints the place after event `id` as "ID.EPOCH"; fills and returns `text`. */
char *fa_event_place_text(const struct fa_event_log *log, int64_t id, char text[FA_EVENT_PLACE]);

/* True when the log holds all that has happened since: not too old, not of another log. */
bool fa_event_place_known(const struct fa_event_log *log, const struct fa_event_place *place);

/* The log's state.  FA_E_DATABASE. */
enum fa_db_outcome fa_event_log_read(struct fa_db *db, struct fa_event_log *log_r,
                                     struct fa_error *err) FA_MUSTCHECK;

/* Takes what is in the outbox into the log. */
enum fa_db_outcome fa_event_log_publish(struct fa_db *db, struct fa_error *err) FA_MUSTCHECK;

/* Takes at most `limit` events from the outbox into the log, and reads at most as many with ids
 * above `after`, in order; then fa_event_log_next. */
enum fa_db_outcome fa_event_log_follow(struct fa_db *db, int64_t after, int64_t limit,
                                       struct fa_rows *rows, struct fa_error *err) FA_MUSTCHECK;

/* Which events: those after the id `after`, up to and with `to`, at most `limit`. */
struct fa_event_range {
    int64_t after;
    int64_t to;
    int64_t limit;
};

/* The events of one account in that range. */
enum fa_db_outcome fa_event_log_account(struct fa_db *db, const struct fa_uuid *account,
                                        const struct fa_event_range *range, struct fa_rows *rows,
                                        struct fa_error *err) FA_MUSTCHECK;

enum fa_db_outcome fa_event_log_next(struct fa_rows *rows, struct fa_arena *arena,
                                     struct fa_event_row *row, struct fa_error *err) FA_MUSTCHECK;

/* Publishes, should nobody listen, and forgets events that are older than `age_s`, many but not all
 * at a time; 0: keeps them. */
enum fa_db_outcome fa_event_log_prune(struct fa_db *db, int64_t age_s,
                                      struct fa_error *err) FA_MUSTCHECK;

#endif
