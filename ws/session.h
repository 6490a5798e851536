/* One WebSocket: who it belongs to, what waits to be sent, what is being received. */
#ifndef FA_WS_SESSION_H
#define FA_WS_SESSION_H

#include "lib/base/uuid.h"

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FA_SESSION_QUEUE = 256 * 1024, /* bytes of memory that may wait; a reader this slow is closed */
    FA_SESSION_ECHO = 4096,        /* longest message a client may send, in bytes */
    FA_CLOSE_EXPIRED = 4401,
    FA_CLOSE_OVERLOAD = 1013
};

struct fa_message;

struct fa_session {
    struct lws *wsi;
    struct fa_session *next; /* in the hub */
    struct fa_uuid account;
    char request_id[40];
    int64_t opened_us;   /* monotonic */
    int64_t expires_us;  /* wall clock: the token's end */
    int64_t replay_from; /* events above this id are yet to be replayed; -1: none are */
    int64_t replayed_to; /* live events up to this id were replayed already */
    struct fa_message *first;
    struct fa_message *last;
    size_t queued;
    uint16_t close_code; /* not 0: close as soon as it can be written to */
    bool close_told;     /* the close frame is on its way */
    uint16_t peer_code;  /* what the client closed it with; 0: it did not */
    size_t received;
    char echo[FA_SESSION_ECHO];
};

/* Queues a message; when the queue is full the session is to be closed with 1013. */
void fa_session_send(struct fa_session *session, const char *text, size_t length, bool binary);

/* Asks for the session to be closed with `code`; what is queued is dropped.  A client that reads
 * nothing, so that it cannot be told, is cut off soon. */
void fa_session_close(struct fa_session *session, uint16_t code);

/* Writes the next message, or the close; -1 when libwebsockets is to close the connection. */
int fa_session_write(struct fa_session *session);

/* Takes what a client sends and echoes whole messages. */
void fa_session_receive(struct fa_session *session, const char *data, size_t length);

/* Drops what is queued. */
void fa_session_clear(struct fa_session *session);

#endif
