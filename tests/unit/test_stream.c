/* Requests' heads and WebSocket frames, in pieces of any size. */
#include "lib/base/attr.h"
#include "tests/unit/unit.h"
#include "ws/frame.h"
#include "ws/head.h"

#include <stdio.h>
#include <string.h>

static long
read_head(const char *text, struct fa_head *head)
{
    static char bytes[FA_HEAD_BYTES + 100];

    memcpy(bytes, text, strlen(text));
    return fa_head_read(bytes, strlen(text), head);
}

static void
test_head(void **state)
{
    static const char text[] =
        "GET /ws/?a=b?c HTTP/1.1\r\nHost: x\r\nUpgrade:  h2c, WebSocket ;v=1\t\r\n"
        "connection: keep-alive,Upgrade\r\nEmpty:\r\n\r\nrest";
    struct fa_head head;

    (void)state;
    assert_int_equal(read_head(text, &head), sizeof text - 1 - 4);
    assert_string_equal(head.method, "GET");
    assert_string_equal(head.path, "/ws/");
    assert_string_equal(head.query, "a=b?c");
    assert_string_equal(fa_head_value(&head, "HOST"), "x");
    assert_string_equal(fa_head_value(&head, "empty"), "");
    assert_null(fa_head_value(&head, "Hos"));
    assert_true(fa_head_has(&head, "upgrade", "websocket"));
    assert_true(fa_head_has(&head, "Connection", "upgrade"));
    assert_false(fa_head_has(&head, "Connection", "keep"));
    assert_false(fa_head_has(&head, "Nothing", "x"));
}

static void
test_heads_that_are_none(void **state)
{
    static const char *const bad[] = {
        "GET / HTTP/1.0\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET /\r\n\r\n",
        "GET x HTTP/1.1\r\n\r\n",
        "G(T / HTTP/1.1\r\n\r\n",
        " GET / HTTP/1.1\r\n\r\n",
        "GET /\x80 HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nName\r\n\r\n",
        "GET / HTTP/1.1\r\n: x\r\n\r\n",
        "GET / HTTP/1.1\r\nA : x\r\n\r\n",
        "GET / HTTP/1.1\r\n A: x\r\n\r\n",
        "GET / HTTP/1.1\r\nA: x\ny\r\n\r\n",
        "GET / HTTP/1.1\r\nA: \x01\r\n\r\n",
        "\r\n\r\n",
    };
    struct fa_head head;

    (void)state;
    for (size_t i = 0; i < FA_COUNT(bad); i++)
        if (read_head(bad[i], &head) != -1 || head.method != NULL)
            fail_msg("%zu: %s", i, bad[i]);
    assert_int_equal(read_head("GET / HTTP/1.1\r\nA: x\r\n", &head), 0);
}

static void
test_heads_that_are_too_large(void **state)
{
    static char bytes[FA_HEAD_BYTES + 100];
    struct fa_head head;
    size_t length;

    (void)state;
    memset(bytes, 'a', sizeof bytes);
    assert_int_equal(fa_head_read(bytes, FA_HEAD_BYTES - 1, &head), 0);
    assert_int_equal(fa_head_read(bytes, FA_HEAD_BYTES, &head), -1);
    length = (size_t)sprintf(bytes, "GET / HTTP/1.1\r\n");
    for (int i = 0; i <= FA_HEAD_FIELDS; i++)
        length += (size_t)sprintf(bytes + length, "a: b\r\n");
    length += (size_t)sprintf(bytes + length, "\r\n");
    assert_int_equal(fa_head_read(bytes, length, &head), -1);
}

/* The frame's head is that of a client with a mask of zeros. */
static size_t
client_frame(unsigned char *out, enum fa_frame_kind kind, const char *text, size_t length)
{
    size_t head = fa_frame_head(out, kind, length);

    out[1] |= 0x80;
    memset(out + head, 0, 4);
    memcpy(out + head + 4, text, length);
    return head + 4 + length;
}

static void
test_frames_in_pieces(void **state)
{
    static const size_t lengths[] = {0, 1, 125, 126, 127, 4096};
    static unsigned char frame[FA_FRAME_MESSAGE + FA_FRAME_HEAD];
    static char text[FA_FRAME_MESSAGE];

    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < FA_COUNT(lengths); i++)
        for (size_t step = 1; step < 300; step += 97) {
            struct fa_frame_reader reader = {.message = NULL};
            struct fa_frame got = {.kind = FA_FRAME_NONE};
            size_t length = client_frame(frame, FA_FRAME_TEXT, text, lengths[i]);
            size_t used;

            for (size_t at = 0; at < length; at += used) {
                assert_int_equal(got.kind, FA_FRAME_NONE);
                got = fa_frame_read(&reader, frame + at, step < length - at ? step : length - at,
                                    &used);
                assert_int_not_equal(used, 0);
            }
            assert_int_equal(got.kind, FA_FRAME_TEXT);
            assert_int_equal(got.length, lengths[i]);
            assert_memory_equal(got.data, text, got.length);
            /* Memory is held while a message is coming, and let go with the next bytes. */
            client_frame(frame, FA_FRAME_PING, "", 0);
            assert_int_equal(fa_frame_read(&reader, frame, 6, &used).kind, FA_FRAME_PING);
            assert_null(reader.message);
            fa_frame_clear(&reader);
        }
}

FA_RUN(cmocka_unit_test(test_head), cmocka_unit_test(test_heads_that_are_none),
       cmocka_unit_test(test_heads_that_are_too_large), cmocka_unit_test(test_frames_in_pieces))
