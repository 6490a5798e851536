/*
 * Events: what the service tells over the WebSocket.
 *
 * A kept event (finished, failed, cancelled, a stage's end) is a row of the outbox, written in the
 * transaction of the state it tells; the notification after the commit is a hint to take it into
 * the log (log.h).  All other progress is a notification only; the stage's row has the newest.
 */
#ifndef FA_EVENT_EVENT_H
#define FA_EVENT_EVENT_H

#include "lib/base/buf.h"
#include "lib/db/db.h"

/* Channels: FA_EVENT_CHANNEL has no payload; that of FA_PROGRESS_CHANNEL is the recipients' account
 * ids (32 hex digits each, commas between), a blank, and the message. */
#define FA_EVENT_CHANNEL    "fileapi_event"
#define FA_PROGRESS_CHANNEL "fileapi_progress"

/* A message; members that do not apply are NULL or negative. */
struct fa_event {
    const char *event; /* "finished", "failed", "cancelled" or "progress" */
    const char *job;   /* the task's public name */
    const struct fa_uuid *part;
    const struct fa_uuid *asset;
    const char *state; /* of a job that was met under way: "queued" or "running" */
    const char *stage;
    const struct fa_error *failure;
    int percent;
};

/* Writes the message as JSON without "id"; a success carries the name as "task", all else as "job".
 */
void fa_event_print(struct fa_buf *out, const struct fa_event *event);

/* Inside a transaction that holds the part's lock: keeps the event for the part's owner and for
 * whoever watches `job` (or for `account`, when there is no job; either may be NULL). */
enum fa_db_outcome fa_event_keep(struct fa_db *db, const struct fa_event *event,
                                 const struct fa_uuid *job, const struct fa_uuid *account,
                                 struct fa_error *err) FA_MUSTCHECK;

/* Sends a progress message to the part's owner and whoever watches `job`. */
int fa_event_progress(struct fa_db *db, const struct fa_event *event, const struct fa_uuid *job,
                      struct fa_error *err);

#endif
