#include "lib/event/event.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/failpoint.h"

#include <stdio.h>
#include <string.h>

/* NOTIFY takes 7999 bytes. */
enum { BODY_LIMIT = 4096, PAYLOAD_LIMIT = 7900, ARENA_LIMIT = 64 * 1024 };

#define RECIPIENTS                                                                                 \
    " SELECT account_id FROM job_watcher WHERE job_id = $2"                                        \
    " UNION SELECT owner_id FROM part WHERE part_id = $1 "

void
fa_event_print(struct fa_buf *out, const struct fa_event *event)
{
    bool success = strcmp(event->event, "finished") == 0;
    char uuid[FA_UUID_TEXT];
    char now[FA_CLOCK_TEXT];

    fa_buf_printf(out, "{\"event\":\"%s\"", event->event);
    fa_buf_add_member(out, success ? "task" : "job", event->job);
    fa_buf_add_member(out, "part_id", fa_uuid_text(event->part, uuid));
    if (event->asset != NULL)
        fa_buf_add_member(out, "asset_id", fa_uuid_text(event->asset, uuid));
    if (event->state != NULL)
        fa_buf_add_member(out, "state", event->state);
    if (event->stage != NULL)
        fa_buf_add_member(out, "stage", event->stage);
    if (event->percent >= 0)
        fa_buf_printf(out, ",\"percent\":%d", event->percent);
    if (event->failure != NULL) {
        fa_buf_add_member(out, "message", event->failure->detail);
        fa_buf_add_member(out, "recommmended_user_action",
                          event->failure->action[0] != '\0' ? event->failure->action : NULL);
    }
    fa_buf_add_member(out, "time", fa_clock_text(fa_clock_now_us(), now));
    fa_buf_add_text(out, "}");
}

enum fa_db_outcome
fa_event_keep(struct fa_db *db, const struct fa_event *event, const struct fa_uuid *job,
              const struct fa_uuid *account, struct fa_error *err)
{
    static const struct fa_statement keep = {
        "event_keep", "INSERT INTO event_outbox (part_id, job_id, body, recipients)"
                      " SELECT $1, $2, $3::json, COALESCE(array_agg(account_id), '{}') FROM"
                      "  (" RECIPIENTS " UNION SELECT $4::uuid WHERE $4 IS NOT NULL)"
                      "  AS account (account_id)"};
    FA_AUTO_BUF(body, BODY_LIMIT);

    /* What events cost is measured by leaving them out (bench/events). */
    if (FA_FAILPOINT("event.none"))
        return FA_DB_ROW;
    fa_event_print(&body, event);
    if (fa_buf_check(&body, "event", err) < 0)
        return FA_DB_FAILED;
    return fa_db_run(
        db, &keep,
        FA_PARAMS(FA_UUID(event->part), FA_UUID(job), FA_TEXT(body.data), FA_UUID(account)), err);
}

int
fa_event_progress(struct fa_db *db, const struct fa_event *event, const struct fa_uuid *job,
                  struct fa_error *err)
{
    static const struct fa_statement recipients = {
        "event_recipients", "SELECT string_agg(replace(account_id::text, '-', ''), ',') AS accounts"
                            " FROM (" RECIPIENTS ") AS account"};
    FA_AUTO_ARENA(arena, ARENA_LIMIT);
    FA_AUTO_BUF(payload, PAYLOAD_LIMIT);
    const char *accounts = NULL;

    if (fa_db_row(db, &recipients, FA_PARAMS(FA_UUID(event->part), FA_UUID(job)),
                  FA_COLUMNS(FA_COLUMN_TEXT("accounts", &accounts)), &arena, err) < 0)
        return -1;
    if (accounts == NULL)
        return 0;
    fa_buf_printf(&payload, "%s ", accounts);
    fa_event_print(&payload, event);
    if (fa_buf_check(&payload, "progress", err) < 0)
        return -1;
    return fa_db_notify(db, FA_PROGRESS_CHANNEL, payload.data, err);
}
