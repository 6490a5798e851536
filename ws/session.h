/*
 * One connection: what comes in, what waits to go out, and how it ends.
 *
 * It begins with the head of a request and becomes a WebSocket, an event stream (SSE), or an answer
 * after which it is over.  Nothing here waits: what cannot be written now is queued, and who takes
 * too little of it is closed.  A session that is over says so (`over`); its owner frees it once
 * nobody can be at work with it.
 */
#ifndef FA_WS_SESSION_H
#define FA_WS_SESSION_H

#include "lib/base/error.h"
#include "lib/base/uuid.h"
#include "lib/event/log.h"
#include "ws/frame.h"
#include "ws/queue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FA_SESSION_QUEUE = 256 * 1024, /* bytes of memory that may wait; a reader this slow is closed */
    FA_SESSION_ID = 40
};

/* What a client is told: one JSON object. */
struct fa_news {
    const char *kind; /* the "event" in it */
    const char *json;
    size_t length;
    const char *place; /* of the reader after it, "ID.EPOCH"; NULL: it moves no reader */
};

enum fa_session_state {
    FA_SESSION_HEAD,    /* the request's head is coming */
    FA_SESSION_SOCKET,  /* an open WebSocket */
    FA_SESSION_STREAM,  /* an open event stream */
    FA_SESSION_CLOSING, /* our close frame is on its way, or the client's answer is */
    FA_SESSION_LEAVING  /* the last bytes are on their way, then the client's end is waited for */
};

/* All sessions of a server. */
struct fa_sessions {
    int epoll; /* that watches them */
    struct fa_session *first;
    bool any_over; /* some are to be freed */
};

struct fa_session {
    struct fa_sessions *all;
    struct fa_session *next;
    struct fa_session **link;
    int fd;
    unsigned interest; /* epoll's events it is watched for */
    enum fa_session_state state;
    bool over;
    bool deaf;   /* after what was wrong there is no telling where the next frame begins */
    bool closed; /* the client's close frame has come, or our side of the connection is shut */
    char *head;  /* what has come of the request */
    size_t head_length;
    struct fa_frame_reader frames;
    struct fa_queue queue;
    int64_t opened_us;  /* all times are monotonic */
    int64_t heard_us;   /* something came */
    int64_t told_us;    /* something was written */
    int64_t pinged_us;  /* 0: no ping is out */
    int64_t expires_us; /* the token's end */
    uint16_t code;      /* it was closed with, by whoever was first; 0: not yet */
    char request_id[FA_SESSION_ID];
    /* the hub's, once it is a socket or a stream */
    struct fa_uuid account;
    struct fa_session *same; /* in the same place of the hub's table */
    bool listed;
    bool stream;                 /* listed as one */
    bool replaying;              /* what is kept comes first */
    struct fa_event_place place; /* after the last event that was replayed */
};

/* Takes over a connected descriptor, which does not block; NULL when memory is short or it cannot
 * be watched. */
struct fa_session *fa_session_new(struct fa_sessions *all, int fd) FA_MUSTCHECK;
void fa_session_free(struct fa_session *session);

/* Becomes a WebSocket or an event stream after the answer `head` has been sent. */
void fa_session_open(struct fa_session *session, enum fa_session_state state, const char *head);

/* Sends the last there is to say, whatever its length. */
void fa_session_answer(struct fa_session *session, const char *data, size_t length);

/* Tells the news in the session's own format.  When the queue is full the session is closed. */
void fa_session_tell(struct fa_session *session, const struct fa_news *news);

/* Moves the reader of a stream without telling it anything. */
void fa_session_place(struct fa_session *session, const char *place);

/* Closes a socket with the code; ends a stream or what has not begun. */
void fa_session_close(struct fa_session *session, uint16_t code);

/* Takes bytes of an open socket; echoes messages, answers pings and closes.  What others send is
 * dropped. */
void fa_session_receive(struct fa_session *session, const unsigned char *data, size_t length);

/* The client has gone, or its end of the connection has. */
void fa_session_lost(struct fa_session *session);

/* Writes what waits, as far as the connection takes it. */
void fa_session_flush(struct fa_session *session);

/* Does what is due by the clock (pings, heartbeats, the token's end, giving up), and tells when it
 * wants to be asked again. */
int64_t fa_session_tick(struct fa_session *session, int64_t now_us);

#endif
