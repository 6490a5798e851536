#include "ws/hub.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/event/event.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_LIMIT = 16 << 20, BATCH = 500 };

/* The log is not followed more often for hints: so many events share what it costs to publish, when
 * they come in quick succession, and one that comes alone waits for nothing. */
#define GATHER_US INT64_C(40000)

int
fa_hub_open(struct fa_hub *hub, const struct fa_options *options, struct fa_log *log,
            struct fa_error *err)
{
    *hub = (struct fa_hub){.options = options, .log = log};
    hub->db = fa_db_new(fa_options_direct(options), "fileapi-ws", options->database_timeout, err);
    if (hub->db == NULL)
        return -1;
    if (fa_db_listen(hub->db, FA_EVENT_CHANNEL, err) < 0)
        return -1;
    return fa_db_listen(hub->db, FA_PROGRESS_CHANNEL, err);
}

void
fa_hub_close(struct fa_hub *hub)
{
    fa_db_free(&hub->db);
}

/* --- who listens -------------------------------------------------------------------------------
 */

/* The end of an account's id is random. */
static struct fa_session **
place_of(struct fa_hub *hub, const struct fa_uuid *account)
{
    return &hub->places[(account->bytes[14] << 8 | account->bytes[15]) % FA_HUB_PLACES];
}

void
fa_hub_add(struct fa_hub *hub, struct fa_session *session)
{
    struct fa_session **first = place_of(hub, &session->account);

    session->listed = true;
    session->same = *first;
    *first = session;
}

void
fa_hub_remove(struct fa_hub *hub, struct fa_session *session)
{
    struct fa_session **at = place_of(hub, &session->account);

    if (!session->listed)
        return;
    while (*at != session)
        at = &(*at)->same;
    *at = session->same;
    session->listed = false;
}

/* Tells one account, or, for an event that a session is yet to have replayed, leaves it to that. */
static void
tell_account(struct fa_hub *hub, const struct fa_uuid *account, const struct fa_news *news)
{
    for (struct fa_session *s = *place_of(hub, account); s != NULL; s = s->same)
        if (memcmp(&s->account, account, sizeof *account) == 0 &&
            (news->place == NULL || !s->replaying))
            fa_session_tell(s, news);
}

/* The recipients are ids with commas between; a blank ends them too. */
static void
tell_recipients(struct fa_hub *hub, const char *recipients, const struct fa_news *news)
{
    while (recipients != NULL && *recipients != '\0' && *recipients != ' ') {
        size_t length = strcspn(recipients, ", ");
        struct fa_uuid account;

        if (fa_uuid_parse(recipients, length, &account))
            tell_account(hub, &account, news);
        recipients += length + (recipients[length] == ',');
    }
}

/* --- what there is to tell ---------------------------------------------------------------------
 */

void
fa_hub_print(struct fa_buf *out, const struct fa_event_row *row)
{
    size_t from;

    fa_buf_printf(out, "{\"id\":%lld,", (long long)row->id);
    from = out->length;
    fa_buf_add_text(out, row->body + 1);
    /* In JSON a line's end can only be white space; in a stream it would end the message. */
    for (size_t i = from; !out->failed && i < out->length; i++)
        if (out->data[i] == '\n' || out->data[i] == '\r')
            out->data[i] = ' ';
}

bool
fa_hub_news(const struct fa_hub *hub, const struct fa_event_row *row, struct fa_buf *out,
            char place[FA_EVENT_PLACE], struct fa_news *news)
{
    fa_buf_reset(out);
    fa_hub_print(out, row);
    if (out->failed) {
        fa_log(hub->log, FA_LOG_ERROR, "event_dropped", FA_LOG_NUMBER("id", row->id));
        return false;
    }
    *news = (struct fa_news){.kind = row->kind != NULL ? row->kind : "message",
                             .json = out->data,
                             .length = out->length,
                             .place = fa_event_place_text(&hub->events, row->id, place)};
    return true;
}

void
fa_hub_resync(struct fa_hub *hub, struct fa_session *session)
{
    char place[FA_EVENT_PLACE];
    char json[128];
    int length = snprintf(json, sizeof json,
                          "{\"event\":\"resync\",\"last_event_id\":%lld,\"epoch\":\"%s\"}",
                          (long long)hub->events.last, hub->events.epoch);
    struct fa_news news = {.kind = "resync",
                           .json = json,
                           .length = (size_t)length,
                           .place = fa_event_place_text(&hub->events, hub->events.last, place)};

    session->replaying = false;
    fa_session_tell(session, &news);
}

/* --- following the log -------------------------------------------------------------------------
 */

/* The log is not the one that was followed, or has forgotten what was not read of it. */
static void
tell_all_resync(struct fa_hub *hub)
{
    for (size_t i = 0; i < FA_HUB_PLACES; i++)
        for (struct fa_session *s = hub->places[i]; s != NULL; s = s->same)
            fa_hub_resync(hub, s);
}

/* Reads the log's state and sees whether it goes on from where it was left. */
static enum fa_db_outcome
check_log(struct fa_hub *hub, struct fa_error *err)
{
    struct fa_event_place place = {.id = hub->events.last};
    struct fa_event_log now;
    enum fa_db_outcome outcome = fa_event_log_read(hub->db, &now, err);

    if (outcome < 0)
        return outcome;
    snprintf(place.epoch, sizeof place.epoch, "%s", hub->events.epoch);
    if (hub->followed && fa_event_place_known(&now, &place)) {
        hub->events.forgotten = now.forgotten;
        return FA_DB_ROW;
    }
    hub->events = now;
    if (hub->followed)
        tell_all_resync(hub);
    hub->followed = true;
    return FA_DB_ROW;
}

/* Takes a batch of the outbox into the log and delivers the next events; FA_DB_NONE after the last.
 */
static enum fa_db_outcome
follow_batch(struct fa_hub *hub, struct fa_buf *json, struct fa_error *err)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    char place[FA_EVENT_PLACE];
    struct fa_event_row row;
    struct fa_news news;
    int count = 0;
    enum fa_db_outcome outcome = fa_event_log_follow(hub->db, hub->events.last, BATCH, &rows, err);

    while (outcome == FA_DB_ROW &&
           (outcome = fa_event_log_next(&rows, &arena, &row, err)) == FA_DB_ROW) {
        if (fa_hub_news(hub, &row, json, place, &news))
            tell_recipients(hub, row.recipients, &news);
        hub->events.last = row.id;
        count++;
        fa_arena_reset(&arena);
    }
    if (outcome < 0)
        return outcome;
    return count == BATCH ? FA_DB_ROW : FA_DB_NONE;
}

/* Takes the outbox into the log and delivers what is new there. */
static enum fa_db_outcome
follow(struct fa_hub *hub, struct fa_error *err)
{
    FA_AUTO_BUF(json, FA_HUB_MESSAGE);
    enum fa_db_outcome outcome;

    hub->followed_us = fa_clock_monotonic_us();
    hub->due_us = 0;
    do
        outcome = follow_batch(hub, &json, err);
    while (outcome == FA_DB_ROW);
    return outcome;
}

void
fa_hub_look(struct fa_hub *hub)
{
    struct fa_error err = {0};
    enum fa_db_outcome outcome = check_log(hub, &err);

    if (outcome >= 0)
        outcome = follow(hub, &err);
    hub->away = outcome < 0;
    hub->generation = fa_db_generation(hub->db);
    if (hub->away)
        fa_log_error(hub->log, "event_look", &err);
}

/* The payload of progress is the recipients, a blank, and the message. */
static void
deliver_progress(struct fa_hub *hub, const char *payload)
{
    const char *json = strchr(payload, ' ');

    if (json != NULL)
        tell_recipients(hub, payload,
                        &(struct fa_news){"progress", json + 1, strlen(json + 1), NULL});
}

/* Many hints, one look. */
static void
hint(struct fa_hub *hub)
{
    int64_t now_us = fa_clock_monotonic_us();
    int64_t next_us = hub->followed_us + GATHER_US;

    if (hub->due_us == 0)
        hub->due_us = next_us > now_us ? next_us : now_us;
}

/* Takes what has come; FA_DB_NONE after the last. */
static enum fa_db_outcome
take_notifications(struct fa_hub *hub, struct fa_error *err)
{
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    const char *channel;
    const char *payload;
    enum fa_db_outcome outcome;

    while ((outcome = fa_db_notification(hub->db, &arena, &channel, &payload, err)) == FA_DB_ROW) {
        if (strcmp(channel, FA_EVENT_CHANNEL) == 0) {
            hint(hub);
        } else {
            /* What a part's next job tells comes after its last one's end. */
            if (hub->due_us != 0 && (outcome = follow(hub, err)) < 0)
                return outcome;
            deliver_progress(hub, payload);
        }
        fa_arena_reset(&arena);
    }
    return outcome;
}

void
fa_hub_listen(struct fa_hub *hub)
{
    struct fa_error err = {0};
    enum fa_db_outcome outcome;

    if (hub->away)
        return;
    outcome = take_notifications(hub, &err);
    if (outcome >= 0 && hub->due_us != 0 && fa_clock_monotonic_us() >= hub->due_us) {
        outcome = follow(hub, &err);
        /* The answers to it can have brought the next notifications. */
        if (outcome >= 0)
            outcome = take_notifications(hub, &err);
    }
    if (outcome < 0) {
        fa_log_error(hub->log, "listen", &err);
        hub->away = true;
    } else if (hub->generation != fa_db_generation(hub->db)) {
        /* LISTEN loses what came while there was no connection. */
        fa_hub_look(hub);
    }
}
