/* Who may open a WebSocket. */
#ifndef FA_WS_HANDSHAKE_H
#define FA_WS_HANDSHAKE_H

#include "lib/auth/token.h"
#include "lib/base/options.h"
#include "ws/session.h"

/*
 * Looks at a handshake: path, origin, and the token from the query (`Bearer`) or the Authorization
 * header.  (A token among the subprotocols is made a header by nginx: libwebsockets 4.1 takes no
 * more than 127 bytes of them.)  Returns 0 with the identity, whose texts live
 * in the arena, or the HTTP status to refuse with, and `err` for the log.
 */
int fa_handshake_check(struct lws *wsi, const struct fa_options *options, struct fa_keys *keys,
                       struct fa_arena *arena, struct fa_identity *identity, struct fa_error *err);

/* The `last_event_id` of the query; -1 when there is none. */
int64_t fa_handshake_last_event(struct lws *wsi, struct fa_arena *arena);

/* nginx's request id. */
void fa_handshake_request_id(struct lws *wsi, char *id, size_t size);

#endif
