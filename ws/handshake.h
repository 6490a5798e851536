/* Who may open a WebSocket. */
#ifndef FA_WS_HANDSHAKE_H
#define FA_WS_HANDSHAKE_H

#include "lib/auth/bearer.h"
#include "ws/hub.h"

/*
 * Looks at a handshake: path, origin, and the token from the query (`Bearer`) or the Authorization
 * header.  (A token among the subprotocols is made a header by nginx: libwebsockets 4.1 takes no
 * more than 127 bytes of them.)  Returns 0 with the session's account, expiry, request id and where
 * its replay starts, or the HTTP status to refuse with; why is in the log.
 */
int fa_handshake_check(struct lws *wsi, struct fa_hub *hub, struct fa_bearer *bearer,
                       struct fa_session *session);

#endif
