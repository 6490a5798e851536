#include "ws/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct fa_message {
    struct fa_message *next;
    size_t length;
    char data[];
};

/* What a message costs; one without a text is not free. */
static size_t
cost_of(size_t length)
{
    return sizeof(struct fa_message) + length;
}

static size_t
length_of(const struct fa_piece *pieces, size_t count)
{
    size_t length = 0;

    for (size_t i = 0; i < count; i++)
        length += pieces[i].length;
    return length;
}

bool
fa_queue_add(struct fa_queue *queue, const struct fa_piece *pieces, size_t count, size_t limit)
{
    size_t cost = cost_of(length_of(pieces, count));
    bool fits = limit == 0 || queue->size + cost <= limit;
    struct fa_message *message = fits ? malloc(cost) : NULL;

    if (message == NULL)
        return false;
    *message = (struct fa_message){.length = 0};
    for (size_t i = 0; i < count; i++) {
        memcpy(message->data + message->length, pieces[i].data, pieces[i].length);
        message->length += pieces[i].length;
    }
    if (queue->last != NULL)
        queue->last->next = message;
    else
        queue->first = message;
    queue->last = message;
    queue->size += cost;
    return true;
}

static void
forget_first(struct fa_queue *queue)
{
    struct fa_message *message = queue->first;

    queue->first = message->next;
    if (queue->first == NULL)
        queue->last = NULL;
    queue->size -= cost_of(message->length);
    queue->written = 0;
    free(message);
}

long
fa_queue_send(struct fa_queue *queue, int fd)
{
    long total = 0;

    while (queue->first != NULL) {
        struct fa_message *message = queue->first;
        ssize_t sent = send(fd, message->data + queue->written, message->length - queue->written,
                            MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno == EAGAIN ? total : -1;
        total += sent;
        queue->written += (size_t)sent;
        if (queue->written == message->length)
            forget_first(queue);
    }
    return total;
}

void
fa_queue_drop(struct fa_queue *queue)
{
    struct fa_message *begun = queue->written > 0 ? queue->first : NULL;
    struct fa_message *next = begun != NULL ? begun->next : queue->first;

    while (next != NULL) {
        struct fa_message *message = next;

        next = message->next;
        queue->size -= cost_of(message->length);
        free(message);
    }
    if (begun != NULL)
        begun->next = NULL;
    queue->first = queue->last = begun;
}

void
fa_queue_clear(struct fa_queue *queue)
{
    while (queue->first != NULL)
        forget_first(queue);
}
