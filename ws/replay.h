/*
 * What a session is told when it begins: what it has missed, or that this is not known any more,
 * and then what is under way.
 */
#ifndef FA_WS_REPLAY_H
#define FA_WS_REPLAY_H

#include "ws/hub.h"

/* Lets an open session of `session->account` listen, from `place` on (NULL: from now on). */
void fa_replay_begin(struct fa_hub *hub, struct fa_session *session,
                     const struct fa_event_place *place);

/* Queues the next batch of what it has missed, when its queue is empty. */
void fa_replay_go_on(struct fa_hub *hub, struct fa_session *session);

#endif
