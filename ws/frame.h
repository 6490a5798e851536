/*
 * WebSocket frames (RFC 6455, section 5) as a server reads and writes them.
 *
 * The reader takes bytes in pieces of any size and gives back whole messages and control frames.
 * It does no input or output of its own, and holds memory for a message only while one is coming.
 */
#ifndef FA_WS_FRAME_H
#define FA_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FA_FRAME_MESSAGE = 4096, FA_FRAME_CONTROL = 125, FA_FRAME_HEAD = 14 };

/* What a reader finds; the positive ones are the opcodes. */
enum fa_frame_kind {
    FA_FRAME_WRONG = -1, /* the socket must be closed with `code` */
    FA_FRAME_NONE = 0,   /* all was taken, nothing is whole yet */
    FA_FRAME_TEXT = 1,
    FA_FRAME_BINARY = 2,
    FA_FRAME_CLOSE = 8, /* `code` is the client's; FA_CLOSE_NONE when it tells none */
    FA_FRAME_PING = 9,
    FA_FRAME_PONG = 10
};

/* Close codes (section 7.4); 4401 is ours. */
enum {
    FA_CLOSE_NORMAL = 1000,
    FA_CLOSE_AWAY = 1001,
    FA_CLOSE_PROTOCOL = 1002,
    FA_CLOSE_NONE = 1005,
    FA_CLOSE_LOST = 1006,
    FA_CLOSE_TEXT = 1007,
    FA_CLOSE_TOO_LARGE = 1009,
    FA_CLOSE_OVERLOAD = 1013,
    FA_CLOSE_EXPIRED = 4401
};

struct fa_frame {
    enum fa_frame_kind kind;
    const unsigned char *data; /* lives until the next read */
    size_t length;
    uint16_t code; /* of FA_FRAME_CLOSE and FA_FRAME_WRONG */
};

/* All zero to begin with. */
struct fa_frame_reader {
    unsigned char head[FA_FRAME_HEAD];
    unsigned char head_length;
    unsigned char head_needed;
    unsigned char mask_at;
    enum fa_frame_kind message_kind; /* of the message that has begun; FA_FRAME_NONE: none has */
    uint64_t left;                   /* of the frame's payload */
    unsigned char control[FA_FRAME_CONTROL];
    size_t control_length;
    unsigned char *message; /* of FA_FRAME_MESSAGE bytes, or NULL */
    size_t message_length;
};

/* Reads up to the end of the next message or control frame; `used_r` receives how many bytes that
 * took.  A message above FA_FRAME_MESSAGE is FA_CLOSE_TOO_LARGE; so is one there is no memory for.
 */
struct fa_frame fa_frame_read(struct fa_frame_reader *reader, const unsigned char *data,
                              size_t length, size_t *used_r);

/* Forgets what has come in. */
void fa_frame_clear(struct fa_frame_reader *reader);

/* Writes the head of an unfragmented frame and returns its length. */
size_t fa_frame_head(unsigned char head[FA_FRAME_HEAD], enum fa_frame_kind kind, size_t length);

#endif
