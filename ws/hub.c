#include "ws/hub.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/event/event.h"

#include <stdlib.h>
#include <string.h>

enum {
    ARENA_LIMIT = 16 << 20,
    REPLAY_BATCH = 50,
    MESSAGE_LIMIT = 16 * 1024,
    OVERLAP_US = 60000000
};

int
fa_hub_open(struct fa_hub *hub, const struct fa_options *options, const struct fa_log *log,
            struct fa_error *err)
{
    *hub = (struct fa_hub){.options = options, .log = log};
    hub->db = fa_db_new(fa_options_direct(options), "fileapi-ws", options->database_timeout);
    if (hub->db == NULL)
        return fa_error_set(err, FA_E_MEMORY, "database connection");
    if (fa_db_listen(hub->db, FA_EVENT_CHANNEL, err) < 0 ||
        fa_db_listen(hub->db, FA_PROGRESS_CHANNEL, err) < 0)
        return -1;
    hub->generation = fa_db_generation(hub->db);
    hub->contact_us = fa_clock_now_us() + OVERLAP_US;
    return 0;
}

void
fa_hub_close(struct fa_hub *hub)
{
    fa_db_free(&hub->db);
}

void
fa_hub_add(struct fa_hub *hub, struct fa_session *session)
{
    int64_t left_us = session->expires_us - fa_clock_now_us();

    session->opened_us = fa_clock_monotonic_us();
    session->next = hub->sessions;
    hub->sessions = session;
    /* A socket must not outlive its token. */
    lws_set_timer_usecs(session->wsi, left_us > 1 ? left_us : 1);
    if (session->replay_from >= 0)
        lws_callback_on_writable(session->wsi);
    fa_log(hub->log, FA_LOG_INFO, "socket_opened");
}

void
fa_hub_remove(struct fa_hub *hub, struct fa_session *session)
{
    struct fa_session **at = &hub->sessions;

    while (*at != NULL && *at != session)
        at = &(*at)->next;
    /* A refused handshake ends without having been added. */
    if (*at == NULL)
        return;
    *at = session->next;
    fa_session_clear(session);
    fa_log(
        hub->log, FA_LOG_INFO, "socket_closed",
        FA_LOG_NUMBER("code", session->close_code != 0 ? session->close_code : session->peer_code),
        FA_LOG_NUMBER("ms", (fa_clock_monotonic_us() - session->opened_us) / 1000));
}

/* --- delivering --------------------------------------------------------------------------------
 */

/* True when the list of account ids holds this one. */
static bool
is_recipient(const char *recipients, const struct fa_uuid *account)
{
    char id[FA_UUID_TEXT];

    return recipients != NULL && strstr(recipients, fa_uuid_text(account, id)) != NULL;
}

/* The message with its id in front; false when memory is short. */
static bool
print_event(struct fa_buf *out, const struct fa_event_row *row)
{
    fa_buf_reset(out);
    fa_buf_printf(out, "{\"id\":%lld,%s", (long long)row->id, row->body + 1);
    return !out->failed;
}

/* False when the event has been delivered before; else it counts as delivered now. */
static bool
is_new(struct fa_hub *hub, int64_t id)
{
    for (size_t i = 0; i < FA_HUB_RECENT && i < hub->recent_count; i++)
        if (hub->recent[i] == id)
            return false;
    hub->recent[hub->recent_count++ % FA_HUB_RECENT] = id;
    return true;
}

static void
deliver_event(struct fa_hub *hub, const struct fa_event_row *row)
{
    FA_CLEANUP(fa_buf_free) struct fa_buf message;

    fa_buf_init(&message, MESSAGE_LIMIT);
    if (!is_new(hub, row->id))
        return;
    if (!print_event(&message, row)) {
        fa_log(hub->log, FA_LOG_ERROR, "event_dropped", FA_LOG_NUMBER("id", row->id));
        return;
    }
    for (struct fa_session *session = hub->sessions; session != NULL; session = session->next)
        /* A socket that is being replayed to will read the row itself. */
        if (session->replay_from < 0 && row->id > session->replayed_to &&
            is_recipient(row->recipients, &session->account))
            fa_session_send(session, message.data, message.length, false);
}

/* The payload is the recipients, a blank, and the message. */
static void
deliver_progress(struct fa_hub *hub, char *payload)
{
    char *message = strchr(payload, ' ');

    if (message == NULL)
        return;
    *message++ = '\0';
    for (struct fa_session *session = hub->sessions; session != NULL; session = session->next)
        if (is_recipient(payload, &session->account))
            fa_session_send(session, message, strlen(message), false);
}

/* --- the database's side -----------------------------------------------------------------------
 */

static void
take_notification(struct fa_hub *hub, struct fa_arena *arena, const char *channel, char *payload)
{
    struct fa_event_row row;
    struct fa_error err = {0};
    enum fa_db_outcome outcome;

    if (strcmp(channel, FA_PROGRESS_CHANNEL) == 0) {
        deliver_progress(hub, payload);
        return;
    }
    outcome = fa_event_log_one(hub->db, strtoll(payload, NULL, 10), arena, &row, &err);
    if (outcome == FA_DB_ROW)
        deliver_event(hub, &row);
    else if (outcome < 0)
        fa_log_error(hub->log, "event_read", &err);
}

void
fa_hub_listen(struct fa_hub *hub)
{
    FA_CLEANUP(fa_arena_free) struct fa_arena arena = {0};
    struct fa_error err = {0};
    const char *channel;
    const char *payload;
    enum fa_db_outcome outcome;

    if (hub->away)
        return;
    fa_arena_init(&arena, ARENA_LIMIT);
    while ((outcome = fa_db_notification(hub->db, &arena, &channel, &payload, &err)) == FA_DB_ROW) {
        char *copy = fa_arena_strdup(&arena, payload);

        if (copy != NULL)
            take_notification(hub, &arena, channel, copy);
        fa_arena_reset(&arena);
    }
    if (outcome < 0) {
        fa_log_error(hub->log, "listen", &err);
        hub->away = true;
    } else if (hub->generation != fa_db_generation(hub->db)) {
        /* LISTEN loses what came while there was no connection. */
        fa_hub_look(hub);
    }
}

void
fa_hub_look(struct fa_hub *hub)
{
    FA_CLEANUP(fa_arena_free) struct fa_arena arena;
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    struct fa_error err = {0};
    struct fa_event_row row;
    int64_t now_us = fa_clock_now_us();
    /* Overlapping looks find what was committed late; what is known already is left out. */
    enum fa_db_outcome outcome =
        fa_event_log_since(hub->db, hub->contact_us - OVERLAP_US, &rows, &err);

    fa_arena_init(&arena, ARENA_LIMIT);
    while (outcome == FA_DB_ROW) {
        outcome = fa_event_log_next(&rows, &arena, &row, &err);
        if (outcome == FA_DB_ROW)
            deliver_event(hub, &row);
        fa_arena_reset(&arena);
    }
    hub->away = outcome < 0;
    if (hub->away) {
        fa_log_error(hub->log, "event_look", &err);
        return;
    }
    hub->contact_us = now_us > hub->contact_us ? now_us : hub->contact_us;
    hub->generation = fa_db_generation(hub->db);
}

void
fa_hub_replay(struct fa_hub *hub, struct fa_session *session)
{
    FA_CLEANUP(fa_arena_free) struct fa_arena arena;
    FA_CLEANUP(fa_rows_free) struct fa_rows rows = {0};
    FA_CLEANUP(fa_buf_free) struct fa_buf message;
    struct fa_error err = {0};
    struct fa_event_row row;
    int count = 0;
    enum fa_db_outcome outcome;

    fa_arena_init(&arena, ARENA_LIMIT);
    fa_buf_init(&message, MESSAGE_LIMIT);
    if (session->replay_from < 0 || session->queued > 0 || session->close_code != 0)
        return;
    outcome = fa_event_log_account(hub->db, &session->account, session->replay_from, REPLAY_BATCH,
                                   &rows, &err);
    while (outcome == FA_DB_ROW) {
        outcome = fa_event_log_next(&rows, &arena, &row, &err);
        if (outcome != FA_DB_ROW)
            break;
        if (!print_event(&message, &row)) {
            fa_session_close(session, FA_CLOSE_OVERLOAD);
            return;
        }
        fa_session_send(session, message.data, message.length, false);
        session->replay_from = session->replayed_to = row.id;
        count++;
    }
    if (outcome < 0) {
        fa_log_error(hub->log, "replay", &err);
        fa_session_close(session, FA_CLOSE_OVERLOAD);
    } else if (count < REPLAY_BATCH) {
        session->replay_from = -1;
    }
}

void
fa_hub_close_sessions(struct fa_hub *hub)
{
    for (struct fa_session *session = hub->sessions; session != NULL; session = session->next)
        fa_session_close(session, LWS_CLOSE_STATUS_GOINGAWAY);
}
