/* What a request gets: a WebSocket, an event stream, a page of events, or an error. */
#ifndef FA_WS_DOOR_H
#define FA_WS_DOOR_H

#include "lib/account/seen.h"
#include "lib/auth/bearer.h"
#include "ws/head.h"
#include "ws/hub.h"

struct fa_door {
    const struct fa_options *options;
    struct fa_log *log;
    struct fa_hub *hub;
    struct fa_bearer bearer; /* tokens */
    struct fa_seen *seen;    /* identities */
};

int fa_door_open(struct fa_door *door, const struct fa_options *options, struct fa_log *log,
                 struct fa_hub *hub, struct fa_error *err) FA_MUSTCHECK;
void fa_door_close(struct fa_door *door);

/* Answers the request: the session is open afterwards, or on its way out. */
void fa_door_answer(struct fa_door *door, struct fa_session *session, const struct fa_head *head);

#endif
