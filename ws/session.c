#include "ws/session.h"
#include "lib/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HEAD_S = 10,      /* for the head of a request */
    PING_S = 25,      /* of silence, then a ping */
    PONG_S = 10,      /* for its answer */
    HEARTBEAT_S = 15, /* of silence in a stream; nginx waits for 75 */
    LEAVE_S = 30,     /* without any progress of the last bytes */
    CLOSE_S = 5,      /* for the client's part of an ending */
    FA_SESSION_FIELDS = 128
};

/* How long a client that went wrong must be silent until it has surely got our close frame: bytes
 * that nobody reads would make its end of the connection forget what it has not read yet. */
#define SILENCE_US INT64_C(300000)

/* --- life --------------------------------------------------------------------------------------
 */

struct fa_session *
fa_session_new(struct fa_sessions *all, int fd)
{
    struct fa_session *session = calloc(1, sizeof *session);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = session};

    if (session == NULL || epoll_ctl(all->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        free(session);
        return NULL;
    }
    session->all = all;
    session->fd = fd;
    session->interest = EPOLLIN;
    session->opened_us = session->heard_us = session->told_us = fa_clock_monotonic_us();
    session->link = &all->first;
    session->next = all->first;
    if (session->next != NULL)
        session->next->link = &session->next;
    all->first = session;
    return session;
}

void
fa_session_free(struct fa_session *session)
{
    *session->link = session->next;
    if (session->next != NULL)
        session->next->link = session->link;
    fa_queue_clear(&session->queue);
    fa_frame_clear(&session->frames);
    free(session->head);
    close(session->fd);
    free(session);
}

void
fa_session_lost(struct fa_session *session)
{
    session->over = session->all->any_over = true;
}

/* --- going out ---------------------------------------------------------------------------------
 */

static void
watch(struct fa_session *session)
{
    bool waits = session->queue.first != NULL || session->replaying;
    unsigned interest = waits ? EPOLLIN | EPOLLOUT : EPOLLIN;
    struct epoll_event event = {.events = interest, .data.ptr = session};

    if (session->over || session->interest == interest)
        return;
    session->interest = interest;
    if (epoll_ctl(session->all->epoll, EPOLL_CTL_MOD, session->fd, &event) < 0)
        fa_session_lost(session);
}

/* All has been written: an ending goes its next step. */
static void
written_all(struct fa_session *session)
{
    if (session->state == FA_SESSION_CLOSING && session->closed)
        fa_session_lost(session);
    if (session->state == FA_SESSION_LEAVING && !session->closed) {
        session->closed = true;
        shutdown(session->fd, SHUT_WR);
    }
}

void
fa_session_flush(struct fa_session *session)
{
    long sent = session->over ? 0 : fa_queue_send(&session->queue, session->fd);

    if (sent < 0)
        fa_session_lost(session);
    if (sent > 0)
        session->told_us = fa_clock_monotonic_us();
    if (session->queue.first == NULL)
        written_all(session);
    watch(session);
}

/* Sends the pieces as one message, if there is room for it. */
static void
post(struct fa_session *session, const struct fa_piece *pieces, size_t count)
{
    bool idle = session->queue.first == NULL;

    if (!fa_queue_add(&session->queue, pieces, count, FA_SESSION_QUEUE))
        fa_session_close(session, FA_CLOSE_OVERLOAD);
    else if (idle)
        fa_session_flush(session);
}

static void
post_text(struct fa_session *session, const char *text)
{
    post(session, &(struct fa_piece){text, strlen(text)}, 1);
}

static void
post_frame(struct fa_session *session, enum fa_frame_kind kind, const void *data, size_t length)
{
    unsigned char head[FA_FRAME_HEAD];
    const struct fa_piece pieces[] = {{head, fa_frame_head(head, kind, length)}, {data, length}};

    post(session, pieces, length > 0 ? 2 : 1);
}

static void
post_event(struct fa_session *session, const struct fa_news *news)
{
    char head[FA_SESSION_FIELDS];
    int length = snprintf(
        head, sizeof head, "%s%s%sevent: %s\ndata: ", news->place != NULL ? "id: " : "",
        news->place != NULL ? news->place : "", news->place != NULL ? "\n" : "", news->kind);
    const struct fa_piece pieces[] = {
        {head, (size_t)length}, {news->json, news->length}, {"\n\n", 2}};

    post(session, pieces, FA_COUNT(pieces));
}

void
fa_session_tell(struct fa_session *session, const struct fa_news *news)
{
    if (session->state == FA_SESSION_SOCKET)
        post_frame(session, FA_FRAME_TEXT, news->json, news->length);
    else if (session->state == FA_SESSION_STREAM)
        post_event(session, news);
}

void
fa_session_place(struct fa_session *session, const char *place)
{
    char head[FA_SESSION_FIELDS];

    snprintf(head, sizeof head, "id: %s\n\n", place);
    if (session->state == FA_SESSION_STREAM)
        post_text(session, head);
}

/* --- endings -----------------------------------------------------------------------------------
 */

void
fa_session_answer(struct fa_session *session, const char *data, size_t length)
{
    session->state = FA_SESSION_LEAVING;
    if (fa_queue_add(&session->queue, &(struct fa_piece){data, length}, 1, 0))
        fa_session_flush(session);
    else
        fa_session_lost(session);
}

static void
leave(struct fa_session *session)
{
    session->state = FA_SESSION_LEAVING;
    session->told_us = fa_clock_monotonic_us();
    fa_session_flush(session);
}

void
fa_session_close(struct fa_session *session, uint16_t code)
{
    const unsigned char payload[] = {(unsigned char)(code >> 8), (unsigned char)code};
    size_t length = code == FA_CLOSE_NONE ? 0 : sizeof payload;
    unsigned char head[FA_FRAME_HEAD];
    const struct fa_piece frame[] = {{head, fa_frame_head(head, FA_FRAME_CLOSE, length)},
                                     {payload, length}};

    if (session->state == FA_SESSION_CLOSING || session->state == FA_SESSION_LEAVING)
        return;
    session->code = session->code != 0 ? session->code : code;
    session->replaying = false;
    fa_queue_drop(&session->queue);
    if (session->state != FA_SESSION_SOCKET) {
        leave(session);
        return;
    }
    session->state = FA_SESSION_CLOSING;
    session->told_us = fa_clock_monotonic_us();
    if (!fa_queue_add(&session->queue, frame, FA_COUNT(frame), 0))
        fa_session_lost(session);
    fa_session_flush(session);
}

void
fa_session_open(struct fa_session *session, enum fa_session_state state, const char *head)
{
    free(session->head);
    session->head = NULL;
    session->state = state;
    post_text(session, head);
}

/* --- coming in ---------------------------------------------------------------------------------
 */

/* The client's close: the answer to ours, or one to be answered. */
static void
receive_close(struct fa_session *session, const struct fa_frame *frame)
{
    session->closed = true;
    if (session->state == FA_SESSION_SOCKET)
        fa_session_close(session, frame->code);
    else if (session->queue.first == NULL)
        fa_session_lost(session);
}

static void
receive_frame(struct fa_session *session, const struct fa_frame *frame)
{
    if (frame->kind == FA_FRAME_WRONG) {
        session->deaf = true;
        fa_session_close(session, frame->code);
    } else if (frame->kind == FA_FRAME_CLOSE)
        receive_close(session, frame);
    else if (session->state != FA_SESSION_SOCKET)
        return;
    else if (frame->kind == FA_FRAME_PING)
        post_frame(session, FA_FRAME_PONG, frame->data, frame->length);
    else if (frame->kind == FA_FRAME_TEXT || frame->kind == FA_FRAME_BINARY)
        post_frame(session, frame->kind, frame->data, frame->length);
}

void
fa_session_receive(struct fa_session *session, const unsigned char *data, size_t length)
{
    bool socket = session->state == FA_SESSION_SOCKET || session->state == FA_SESSION_CLOSING;

    session->heard_us = fa_clock_monotonic_us();
    session->pinged_us = 0;
    while (socket && length > 0 && !session->deaf && !session->over) {
        size_t used;
        struct fa_frame frame = fa_frame_read(&session->frames, data, length, &used);

        data += used;
        length -= used;
        receive_frame(session, &frame);
    }
}

/* --- the clock ---------------------------------------------------------------------------------
 */

static int64_t
earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A socket whose client is silent is pinged; who does not answer is gone. */
static int64_t
tick_socket(struct fa_session *session, int64_t now_us)
{
    if (session->pinged_us != 0 && now_us >= session->pinged_us + PONG_S * FA_SECOND_US) {
        session->code = FA_CLOSE_LOST;
        fa_session_lost(session);
    } else if (session->pinged_us == 0 && now_us >= session->heard_us + PING_S * FA_SECOND_US) {
        session->pinged_us = now_us;
        post_frame(session, FA_FRAME_PING, NULL, 0);
    }
    return session->pinged_us != 0 ? session->pinged_us + PONG_S * FA_SECOND_US
                                   : session->heard_us + PING_S * FA_SECOND_US;
}

static int64_t
tick_stream(struct fa_session *session, int64_t now_us)
{
    if (session->queue.first == NULL && now_us >= session->told_us + HEARTBEAT_S * FA_SECOND_US)
        post_text(session, ":\n\n");
    return (session->queue.first == NULL ? session->told_us : now_us) + HEARTBEAT_S * FA_SECOND_US;
}

int64_t
fa_session_tick(struct fa_session *session, int64_t now_us)
{
    bool open = session->state == FA_SESSION_SOCKET || session->state == FA_SESSION_STREAM;
    int64_t due_us;

    if (open && now_us >= session->expires_us)
        fa_session_close(session, FA_CLOSE_EXPIRED);
    switch (session->state) {
    case FA_SESSION_SOCKET:
        return earlier(session->expires_us, tick_socket(session, now_us));
    case FA_SESSION_STREAM:
        return earlier(session->expires_us, tick_stream(session, now_us));
    case FA_SESSION_HEAD:
        due_us = session->opened_us + HEAD_S * FA_SECOND_US;
        break;
    case FA_SESSION_CLOSING:
        due_us = session->told_us + CLOSE_S * FA_SECOND_US;
        if (session->deaf && session->queue.first == NULL)
            due_us = earlier(due_us, session->heard_us + SILENCE_US);
        break;
    default:
        due_us = session->told_us + (session->closed ? CLOSE_S : LEAVE_S) * FA_SECOND_US;
    }
    if (now_us >= due_us)
        fa_session_lost(session);
    return due_us;
}
