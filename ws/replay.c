#include "ws/replay.h"
#include "lib/base/cleanup.h"
#include "lib/job/listing.h"
#include "lib/part/announce.h"

#include <stdio.h>

enum {
    ARENA_LIMIT = 16 << 20,
    BATCH = 50, /* fits into an empty queue */
    OPEN_JOBS = 500
};

/* What is under way, in the form of its progress. */
static void
tell_open_jobs(struct fa_hub *hub, struct fa_session *session)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    FA_AUTO_BUF(json, FA_HUB_MESSAGE);
    struct fa_job_awaited awaited;
    struct fa_error err = {0};
    enum fa_db_outcome outcome = FA_DB_NONE;

    if (!hub->away)
        outcome = fa_job_awaited(hub->db, &session->account, OPEN_JOBS, &rows, &err);
    while (outcome == FA_DB_ROW &&
           (outcome = fa_job_awaited_next(&rows, &arena, &awaited, &err)) == FA_DB_ROW) {
        struct fa_event event = fa_announce_job("progress", &awaited.job);

        event.state = awaited.job.state;
        event.stage = awaited.stage;
        event.percent = (int)awaited.percent;
        fa_buf_reset(&json);
        fa_event_print(&json, &event);
        if (!json.failed)
            fa_session_tell(session, &(struct fa_news){event.event, json.data, json.length, NULL});
        fa_arena_reset(&arena);
    }
    if (outcome < 0)
        fa_log_error(hub->log, "open_jobs", &err);
}

/* Queues events after the session's place; how many, or -1. */
static int
replay_batch(struct fa_hub *hub, struct fa_session *session, struct fa_error *err)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    FA_AUTO_BUF(json, FA_HUB_MESSAGE);
    char place[FA_EVENT_PLACE];
    struct fa_event_row row;
    struct fa_event_log now;
    struct fa_news news;
    int count = 0;
    const struct fa_event_range range = {session->place.id, hub->events.last, BATCH};
    enum fa_db_outcome outcome =
        fa_event_log_account(hub->db, &session->account, &range, &rows, err);

    /* Judged once they have been read: some of them may just have been forgotten. */
    if (outcome < 0 || fa_event_log_read(hub->db, &now, err) < 0)
        return -1;
    if (!fa_event_place_known(&now, &session->place)) {
        fa_hub_resync(hub, session);
        return 0;
    }
    while (outcome == FA_DB_ROW &&
           (outcome = fa_event_log_next(&rows, &arena, &row, err)) == FA_DB_ROW) {
        if (fa_hub_news(hub, &row, &json, place, &news))
            fa_session_tell(session, &news);
        session->place.id = row.id;
        count++;
        fa_arena_reset(&arena);
    }
    return outcome < 0 ? -1 : count;
}

void
fa_replay_go_on(struct fa_hub *hub, struct fa_session *session)
{
    struct fa_error err = {0};
    int count;

    if (!session->replaying || session->queue.first != NULL)
        return;
    count = hub->away ? fa_error_set(&err, FA_E_DATABASE, "the database is away")
                      : replay_batch(hub, session, &err);
    if (count < 0) {
        fa_log_error(hub->log, "replay", &err);
        fa_session_close(session, FA_CLOSE_OVERLOAD);
        return;
    }
    if (count < BATCH) {
        session->replaying = false;
        tell_open_jobs(hub, session);
    }
    fa_session_flush(session);
}

void
fa_replay_begin(struct fa_hub *hub, struct fa_session *session, const struct fa_event_place *place)
{
    char text[FA_EVENT_PLACE];

    /* Another daemon may have told of newer events. */
    if (place != NULL && place->id > hub->events.last && !hub->away)
        fa_hub_look(hub);
    fa_hub_add(hub, session);
    if (place == NULL || place->latest) {
        fa_session_place(session, fa_event_place_text(&hub->events, hub->events.last, text));
        tell_open_jobs(hub, session);
        return;
    }
    session->place = *place;
    /* From here on it is a place in this log. */
    if (place->epoch[0] == '\0')
        snprintf(session->place.epoch, sizeof session->place.epoch, "%s", hub->events.epoch);
    session->replaying = true;
    fa_replay_go_on(hub, session);
}
