#include "ws/page.h"
#include "lib/base/cleanup.h"
#include "lib/base/urlform.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_LIMIT = 16 << 20, EVENTS_LIMIT = 16 << 20, LIMIT_DEFAULT = 100, LIMIT_MAX = 1000 };

int
fa_page_read_request(const char *query, struct fa_arena *arena, struct fa_page_request *request,
                     struct fa_error *err)
{
    size_t length = strlen(query);
    const char *limit = NULL;

    *request = (struct fa_page_request){.limit = LIMIT_DEFAULT};
    if (fa_urlform_find(query, length, "after", arena, &request->after, err) < 0 ||
        fa_urlform_find(query, length, "limit", arena, &limit, err) < 0)
        return -1;
    if (request->after != NULL && !fa_event_place_read(request->after, &request->place))
        return fa_error_field(err, "after", "must be an event's id, a \"next\", or \"latest\"");
    if (limit == NULL)
        return 0;
    request->limit = strtol(limit, NULL, 10);
    if (*limit == '\0' || strlen(limit) > 4 || limit[strspn(limit, "0123456789")] != '\0' ||
        request->limit < 1 || request->limit > LIMIT_MAX)
        return fa_error_field(err, "limit", "must be a number from 1 to %d", LIMIT_MAX);
    return 0;
}

/* Adds the events after `*position`, which moves to the last; how many, or -1. */
static int64_t
add_events(struct fa_hub *hub, const struct fa_uuid *account, int64_t limit, int64_t *position,
           struct fa_buf *out, struct fa_error *err)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    const struct fa_event_range range = {*position, hub->events.last, limit};
    struct fa_event_row row;
    int64_t count = 0;
    enum fa_db_outcome outcome = fa_event_log_account(hub->db, account, &range, &rows, err);

    while (outcome == FA_DB_ROW &&
           (outcome = fa_event_log_next(&rows, &arena, &row, err)) == FA_DB_ROW) {
        fa_buf_add_text(out, count > 0 ? "," : "");
        fa_hub_print(out, &row);
        *position = row.id;
        count++;
        fa_arena_reset(&arena);
    }
    return outcome < 0 ? -1 : count;
}

int
fa_page_print(struct fa_hub *hub, const struct fa_uuid *account,
              const struct fa_page_request *request, struct fa_buf *out, struct fa_error *err)
{
    struct fa_event_place place = request->place;
    FA_AUTO_BUF(events, EVENTS_LIMIT);
    struct fa_event_log now;
    char next[FA_EVENT_PLACE];
    int64_t position;
    int64_t count = 0;
    bool known;

    /* What has just been committed belongs to it, whether or not a notification has come. */
    fa_hub_look(hub);
    if (hub->away)
        return fa_error_set(err, FA_E_DATABASE, "the database is away");
    if (request->after == NULL)
        place.id = hub->events.forgotten;
    position = place.id;
    if (!place.latest)
        count = add_events(hub, account, request->limit, &position, &events, err);
    if (count < 0 || fa_event_log_read(hub->db, &now, err) < 0)
        return -1;
    if (fa_buf_check(&events, "page of events", err) < 0)
        return -1;
    /* Judged once they have been read: some of them may just have been forgotten. */
    known = fa_event_place_known(&now, &place);
    if (!known || count < request->limit)
        position = hub->events.last;
    fa_buf_printf(out, "{\"events\":[%s],\"next\":\"%s\",\"more\":%s,\"resync\":%s}",
                  known && count > 0 ? events.data : "",
                  fa_event_place_text(&hub->events, position, next),
                  known && count == request->limit ? "true" : "false", known ? "false" : "true");
    return fa_buf_check(out, "page of events", err);
}
