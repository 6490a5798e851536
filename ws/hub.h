/*
 * Who listens, and what reaches them: live events, progress, and what is kept.
 *
 * The hub follows the log of events by its last id.  A session is either being replayed to, up to
 * that id, or has been told everything up to it: so each event reaches it once and in order.
 */
#ifndef FA_WS_HUB_H
#define FA_WS_HUB_H

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/options.h"
#include "lib/db/db.h"
#include "lib/event/log.h"
#include "ws/session.h"

enum { FA_HUB_PLACES = 4096, FA_HUB_MESSAGE = 16 * 1024 /* the longest */ };

struct fa_hub {
    const struct fa_options *options;
    struct fa_log *log;
    struct fa_db *db;           /* listens, and reads what notifications hint at */
    bool away;                  /* the database is; until the next look that succeeds */
    bool followed;              /* `events` is of this database */
    unsigned generation;        /* of the connection that `events` was read over */
    struct fa_event_log events; /* up to events.last all that listen have been told */
    int64_t followed_us;        /* monotonic: when the log was followed last */
    int64_t due_us;             /* when it is to be, as a hint has come; 0: none has */
    struct fa_session *places[FA_HUB_PLACES]; /* listening sessions, by account */
};

/* Listens for events; FA_E_DATABASE. */
int fa_hub_open(struct fa_hub *hub, const struct fa_options *options, struct fa_log *log,
                struct fa_error *err) FA_MUSTCHECK;
void fa_hub_close(struct fa_hub *hub);

/* From now on the session hears what there is for its account. */
void fa_hub_add(struct fa_hub *hub, struct fa_session *session);
void fa_hub_remove(struct fa_hub *hub, struct fa_session *session);

/* Takes notifications: delivers progress, and follows the log where a hint has come, at once or,
 * when hints come in quick succession, at `due_us`.  Does nothing while the database is away:
 * sessions in use must not make the daemon call it again and again. */
void fa_hub_listen(struct fa_hub *hub);

/* Looks at the log for what no notification has told, connecting first where needed. */
void fa_hub_look(struct fa_hub *hub);

/* "What you know of the past does not lead to the present: read your parts again." */
void fa_hub_resync(struct fa_hub *hub, struct fa_session *session);

/* Prints an event with its id in front, on one line. */
void fa_hub_print(struct fa_buf *out, const struct fa_event_row *row);

/* The same as news, whose texts are in `out` and `place`; false, and logged, where it does not fit.
 */
bool fa_hub_news(const struct fa_hub *hub, const struct fa_event_row *row, struct fa_buf *out,
                 char place[FA_EVENT_PLACE], struct fa_news *news);

#endif
