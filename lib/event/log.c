#include "lib/event/log.h"
#include "lib/base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PUBLISH_BATCH = 1000, PRUNE_BATCH = 10000, ARENA_LIMIT = 64 * 1024 };

#define OLD     "created_at < now() - make_interval(secs => $1::bigint)"
#define COLUMNS "SELECT e.event_id, e.body ->> 'event' AS kind, e.body::text AS body"

/* --- places ------------------------------------------------------------------------------------
 */

bool
fa_event_place_read(const char *text, struct fa_event_place *place_r)
{
    size_t digits = strspn(text, "0123456789");
    const char *epoch = text[digits] == '.' ? text + digits + 1 : "";

    *place_r = (struct fa_event_place){.latest = strcmp(text, "latest") == 0};
    if (place_r->latest)
        return true;
    if (digits == 0 || digits > 18 || (text[digits] != '\0' && text[digits] != '.'))
        return false;
    if (text[digits] == '.' &&
        (strlen(epoch) != FA_EVENT_EPOCH - 1 || strspn(epoch, "0123456789abcdef") != strlen(epoch)))
        return false;
    place_r->id = strtoll(text, NULL, 10);
    snprintf(place_r->epoch, sizeof place_r->epoch, "%s", epoch);
    return true;
}

char *
fa_event_place_text(const struct fa_event_log *log, int64_t id, char text[FA_EVENT_PLACE])
{
    snprintf(text, FA_EVENT_PLACE, "%lld.%s", (long long)id, log->epoch);
    return text;
}

bool
fa_event_place_known(const struct fa_event_log *log, const struct fa_event_place *place)
{
    return place->latest || (place->id >= log->forgotten && place->id <= log->last &&
                             (place->epoch[0] == '\0' || strcmp(place->epoch, log->epoch) == 0));
}

/* --- the log -----------------------------------------------------------------------------------
 */

enum fa_db_outcome
fa_event_log_read(struct fa_db *db, struct fa_event_log *log_r, struct fa_error *err)
{
    static const struct fa_statement read = {
        "event_log_read", "SELECT event_epoch() AS epoch, last_id, forgotten_id FROM event_log"};
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    const char *epoch = NULL;
    enum fa_db_outcome outcome;

    outcome = fa_db_row(db, &read, FA_NO_PARAMS,
                        FA_COLUMNS(FA_COLUMN_TEXT("epoch", &epoch),
                                   FA_COLUMN_INT("last_id", &log_r->last),
                                   FA_COLUMN_INT("forgotten_id", &log_r->forgotten)),
                        &arena, err);
    if (outcome == FA_DB_NONE || (outcome == FA_DB_ROW && epoch == NULL))
        return fa_db_fail(err, FA_E_DATABASE, "event_log has no row");
    if (outcome == FA_DB_ROW)
        snprintf(log_r->epoch, sizeof log_r->epoch, "%s", epoch);
    return outcome;
}

enum fa_db_outcome
fa_event_log_publish(struct fa_db *db, struct fa_error *err)
{
    static const struct fa_statement publish = {"event_publish",
                                                "SELECT event_publish($1) AS published"};
    int64_t published = PUBLISH_BATCH;
    enum fa_db_outcome outcome = FA_DB_ROW;

    while (outcome == FA_DB_ROW && published == PUBLISH_BATCH)
        outcome = fa_db_row(db, &publish, FA_PARAMS(FA_INT(PUBLISH_BATCH)),
                            FA_COLUMNS(FA_COLUMN_INT("published", &published)), NULL, err);
    return outcome;
}

enum fa_db_outcome
fa_event_log_follow(struct fa_db *db, int64_t after, int64_t limit, struct fa_rows *rows,
                    struct fa_error *err)
{
    static const struct fa_statement follow = {"event_log_follow", COLUMNS
                                               ", array_to_string(e.recipients, ',') AS recipients"
                                               " FROM event_follow($1, $2) e"};

    return fa_db_rows(db, &follow, FA_PARAMS(FA_INT(after), FA_INT(limit)), rows, err);
}

enum fa_db_outcome
fa_event_log_account(struct fa_db *db, const struct fa_uuid *account,
                     const struct fa_event_range *range, struct fa_rows *rows, struct fa_error *err)
{
    static const struct fa_statement list = {
        "event_log_account", COLUMNS ", NULL AS recipients FROM event_recipient mine"
                                     " JOIN event e ON e.event_id = mine.event_id"
                                     " WHERE mine.account_id = $1 AND mine.event_id > $2"
                                     " AND mine.event_id <= $3 ORDER BY mine.event_id LIMIT $4"};

    return fa_db_rows(
        db, &list,
        FA_PARAMS(FA_UUID(account), FA_INT(range->after), FA_INT(range->to), FA_INT(range->limit)),
        rows, err);
}

enum fa_db_outcome
fa_event_log_next(struct fa_rows *rows, struct fa_arena *arena, struct fa_event_row *row,
                  struct fa_error *err)
{
    return fa_rows_next(rows,
                        FA_COLUMNS(FA_COLUMN_INT("event_id", &row->id),
                                   FA_COLUMN_TEXT("kind", &row->kind),
                                   FA_COLUMN_TEXT("body", &row->body),
                                   FA_COLUMN_TEXT("recipients", &row->recipients)),
                        arena, err);
}

enum fa_db_outcome
fa_event_log_prune(struct fa_db *db, int64_t age_s, struct fa_error *err)
{
    /* While the oldest is young, no more is read than that. */
    static const struct fa_statement prune = {
        "event_log_prune",
        "WITH old AS MATERIALIZED (SELECT event_id, recipients FROM"
        "  (SELECT * FROM event ORDER BY event_id LIMIT $2) AS first"
        "  WHERE " OLD " AND (SELECT " OLD " FROM event ORDER BY event_id LIMIT 1)),"
        " gone AS (DELETE FROM event WHERE event_id IN (SELECT event_id FROM old)),"
        " unaddressed AS (DELETE FROM event_recipient r USING old"
        "  WHERE r.account_id = ANY (old.recipients) AND r.event_id = old.event_id)"
        " UPDATE event_log SET forgotten_id = greatest(forgotten_id,"
        "  (SELECT max(event_id) FROM old)) WHERE EXISTS (SELECT FROM old)"};
    enum fa_db_outcome outcome = fa_event_log_publish(db, err);

    if (outcome < 0 || age_s <= 0)
        return outcome;
    return fa_db_run(db, &prune, FA_PARAMS(FA_INT(age_s), FA_INT(PRUNE_BATCH)), err);
}
