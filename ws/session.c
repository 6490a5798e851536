#include "ws/session.h"

#include <stdlib.h>
#include <string.h>

enum { CLOSE_S = 5 };

struct fa_message {
    struct fa_message *next;
    size_t length;
    bool binary;
    unsigned char data[]; /* LWS_PRE bytes for the frame's header, then the text */
};

/* What a message costs; one without a text is not free. */
static size_t
cost_of(size_t length)
{
    return sizeof(struct fa_message) + LWS_PRE + length;
}

void
fa_session_send(struct fa_session *session, const char *text, size_t length, bool binary)
{
    struct fa_message *message;

    if (session->close_code != 0)
        return;
    message = length <= FA_SESSION_QUEUE && session->queued + cost_of(length) <= FA_SESSION_QUEUE
                  ? malloc(cost_of(length))
                  : NULL;
    if (message == NULL) {
        fa_session_close(session, FA_CLOSE_OVERLOAD);
        return;
    }
    *message = (struct fa_message){.length = length, .binary = binary};
    memcpy(message->data + LWS_PRE, text, length);
    if (session->last != NULL)
        session->last->next = message;
    else
        session->first = message;
    session->last = message;
    session->queued += cost_of(length);
    lws_callback_on_writable(session->wsi);
}

void
fa_session_close(struct fa_session *session, uint16_t code)
{
    if (session->close_code == 0)
        session->close_code = code;
    fa_session_clear(session);
    lws_set_timeout(session->wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_S);
    lws_callback_on_writable(session->wsi);
}

int
fa_session_write(struct fa_session *session)
{
    struct fa_message *message = session->first;
    int written;

    /* libwebsockets asks once more after the close frame; another -1 would drop the connection
     * before the client's answer, and whatever it is still sending would then destroy the frame. */
    if (session->close_told)
        return 0;
    if (session->close_code != 0) {
        session->close_told = true;
        lws_close_reason(session->wsi, (enum lws_close_status)session->close_code, NULL, 0);
        return -1;
    }
    if (message == NULL)
        return 0;
    written = lws_write(session->wsi, message->data + LWS_PRE, message->length,
                        message->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
    if (written < (int)message->length)
        return -1;
    session->first = message->next;
    if (session->first == NULL)
        session->last = NULL;
    session->queued -= cost_of(message->length);
    free(message);
    if (session->first != NULL || session->replay_from >= 0)
        lws_callback_on_writable(session->wsi);
    return 0;
}

void
fa_session_receive(struct fa_session *session, const char *data, size_t length)
{
    if (lws_is_first_fragment(session->wsi))
        session->received = 0;
    if (length > FA_SESSION_ECHO - session->received) {
        fa_session_close(session, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE);
        return;
    }
    memcpy(session->echo + session->received, data, length);
    session->received += length;
    if (!lws_is_final_fragment(session->wsi))
        return;
    fa_session_send(session, session->echo, session->received,
                    lws_frame_is_binary(session->wsi) != 0);
    session->received = 0;
}

void
fa_session_clear(struct fa_session *session)
{
    while (session->first != NULL) {
        struct fa_message *next = session->first->next;

        free(session->first);
        session->first = next;
    }
    session->last = NULL;
    session->queued = 0;
}
