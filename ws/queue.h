/* What waits to be written to a connection: messages, each made of pieces. */
#ifndef FA_WS_QUEUE_H
#define FA_WS_QUEUE_H

#include "lib/base/attr.h"

#include <stdbool.h>
#include <stddef.h>

struct fa_message;

struct fa_piece {
    const void *data;
    size_t length;
};

/* All zero to begin with. */
struct fa_queue {
    struct fa_message *first;
    struct fa_message *last;
    size_t size;    /* of the memory that the messages take */
    size_t written; /* of the first message */
};

/* Adds a message if that makes the queue no larger than `limit` (0: any size); false when it would,
 * or when memory is short. */
bool fa_queue_add(struct fa_queue *queue, const struct fa_piece *pieces, size_t count,
                  size_t limit) FA_MUSTCHECK;

/* Writes as much as the descriptor takes; how many bytes, or -1 when the connection is lost. */
long fa_queue_send(struct fa_queue *queue, int fd) FA_MUSTCHECK;

/* Drops the messages, but for one of which a part has been written. */
void fa_queue_drop(struct fa_queue *queue);

/* Drops all. */
void fa_queue_clear(struct fa_queue *queue);

#endif
