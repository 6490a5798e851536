/* The sockets that are open, and what reaches them: live events, progress, and replays. */
#ifndef FA_WS_HUB_H
#define FA_WS_HUB_H

#include "lib/base/log.h"
#include "lib/base/options.h"
#include "lib/db/db.h"
#include "lib/event/log.h"
#include "ws/session.h"

enum { FA_HUB_RECENT = 4096 };

struct fa_hub {
    const struct fa_options *options;
    const struct fa_log *log;
    struct fa_db *db; /* listens, and reads what notifications hint at */
    struct fa_session *sessions;
    bool away;           /* the database is; until the next look that succeeds */
    unsigned generation; /* of the connection whose events have been caught up with */
    int64_t contact_us;  /* wall clock: when the event table was last looked over */
    size_t recent_count; /* ring of ids that have been delivered: a hint and the slow look */
    int64_t recent[FA_HUB_RECENT]; /* may both find an event */
};

/* Listens for events; FA_E_DATABASE. */
int fa_hub_open(struct fa_hub *hub, const struct fa_options *options, const struct fa_log *log,
                struct fa_error *err) FA_MUSTCHECK;
void fa_hub_close(struct fa_hub *hub);

/* Adds a socket whose handshake has set account and expiry; removes one that has ended. */
void fa_hub_add(struct fa_hub *hub, struct fa_session *session);
void fa_hub_remove(struct fa_hub *hub, struct fa_session *session);

/* Takes what the database has to tell, and delivers it.  Does nothing while the database is away:
 * sockets in use must not make the daemon call it again and again. */
void fa_hub_listen(struct fa_hub *hub);

/* Looks over the event table for what no notification has told, connecting first where needed. */
void fa_hub_look(struct fa_hub *hub);

/* Queues the next batch of a socket's replay, when its queue is empty. */
void fa_hub_replay(struct fa_hub *hub, struct fa_session *session);

/* Closes all sockets, as the service is going away. */
void fa_hub_close_sessions(struct fa_hub *hub);

#endif
