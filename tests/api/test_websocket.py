"""RFC 6455 by raw bytes: framing, masking, fragmentation, control frames, UTF-8, closing.

Every case is one exchange: what a client sends, and what must come back, to the byte.  Each is made
directly with the daemon and through nginx.
"""
import base64
import hashlib
import os
import socket
import struct
import time
import uuid

import pytest

LATE = 10
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
LIMIT = 4096


def frame(opcode, payload=b"", fin=True, rsv=0, mask=True, form=None):
    """A client's frame; `form` is the length's form: 7, 16 or 64 bits, the shortest if None."""
    size = len(payload)
    form = form or (7 if size < 126 else 16 if size < 65536 else 64)
    head = bytes([fin << 7 | rsv << 4 | opcode,
                  mask << 7 | (size if form == 7 else 126 if form == 16 else 127)])
    head += size.to_bytes({7: 0, 16: 2, 64: 8}[form], "big") if form > 7 else b""
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


def close(code=None, reason=b""):
    return frame(CLOSE, b"" if code is None else struct.pack(">H", code) + reason)


class Wire:
    """A connection after its handshake, read frame by frame."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(LATE)
        self.rest = b""

    def shake(self, path, query, key=None):
        key = key or base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall((f"GET {path}?{query} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                           f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                           "Sec-WebSocket-Version: 13\r\n\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.sock.recv(4096)
            assert piece, head
            head += piece
        head, self.rest = head.split(b"\r\n\r\n", 1)
        guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1((key + guid).encode()).digest()).decode()
        lines = head.decode().lower().split("\r\n")
        assert " 101 " in lines[0] and "upgrade: websocket" in lines, head
        assert f"sec-websocket-accept: {accept.lower()}" in lines, head
        assert not [line for line in lines if line.startswith("sec-websocket-extensions")]
        return self

    def take(self, count):
        while len(self.rest) < count:
            piece = self.sock.recv(65536)
            if not piece:
                return None
            self.rest += piece
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def read(self):
        """The next frame as (opcode, payload); None at the end of the connection."""
        head = self.take(2)
        if head is None:
            return None
        assert head[0] & 0xf0 == 0x80, "a server's frame that is not whole"
        assert head[1] & 0x80 == 0, "a server's frame that is masked"
        size = head[1]
        if size == 126:
            size = struct.unpack(">H", self.take(2))[0]
            assert size > 125
        elif size == 127:
            size = struct.unpack(">Q", self.take(8))[0]
            assert size > 65535
        return head[0] & 15, self.take(size) if size else b""

    def send(self, data):
        self.sock.sendall(data)


@pytest.fixture(scope="module", params=["daemon", "nginx"])
def connect(request, stack):
    """Opens a WebSocket, in one of two ways."""
    token = stack.token(f"rfc6455-{uuid.uuid4()}")
    opened = []

    def direct():
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(stack.env["FILEAPI_WS_SOCKET"])
        return sock

    def make():
        sock = direct() if request.param == "daemon" else stack.connect()
        opened.append(sock)
        return Wire(sock).shake("/ws/echo/", f"Bearer={token}")
    yield make
    for sock in opened:
        sock.close()


GOOD_TEXT = "Hëllö ∑ß 𝄞 ﷽".encode()
BOM = b"\xef\xbb\xbf"


def echo(kind, payload):
    return kind, payload


def ended(code):
    return CLOSE, struct.pack(">H", code)


def split(kind, payload, *cuts):
    """The message in fragments, cut at these places."""
    edges = [0, *cuts, len(payload)]
    pieces = [payload[a:b] for a, b in zip(edges, edges[1:])]
    return [frame(kind if i == 0 else 0, piece, fin=i == len(pieces) - 1)
            for i, piece in enumerate(pieces)]


# name: (what is sent, what comes back)
CASES = {
    **{f"{name} of {size} bytes": (frame(kind, b"x" * size), [echo(kind, b"x" * size)])
       for name, kind in (("text", TEXT), ("binary", BINARY))
       for size in (0, 1, 124, 125, 126, 127, 128, 255, 256, 1000, LIMIT - 1, LIMIT)},
    **{f"{size} bytes are too many": (frame(BINARY, b"x" * size), [ended(1009)])
       for size in (LIMIT + 1, 65535, 65536, 200000)},
    "a length of 2^62 alone": (bytes([0x82, 0xff]) + struct.pack(">Q", 1 << 62) + b"abcd", [ended(1009)]),
    "a length of 2^63": (bytes([0x82, 0xff]) + struct.pack(">Q", 1 << 63) + b"abcd", [ended(1002)]),
    "125 in 16 bits": (frame(TEXT, b"x" * 125, form=16), [ended(1002)]),
    "0 in 16 bits": (frame(TEXT, b"", form=16), [ended(1002)]),
    "125 in 64 bits": (frame(TEXT, b"x" * 125, form=64), [ended(1002)]),
    "1000 in 64 bits": (frame(TEXT, b"x" * 1000, form=64), [ended(1002)]),
    "a frame that is not masked": (frame(TEXT, b"abc", mask=False), [ended(1002)]),
    "an empty frame that is not masked": (frame(TEXT, mask=False), [ended(1002)]),
    "a ping that is not masked": (frame(PING, b"abc", mask=False), [ended(1002)]),
    "a mask of zeros": (bytes([0x81, 0x83, 0, 0, 0, 0]) + b"abc", [echo(TEXT, b"abc")]),
    **{f"reserved bits {bits} of {name}": (frame(kind, b"abc", rsv=bits), [ended(1002)])
       for bits in range(1, 8) for name, kind in (("text", TEXT), ("ping", PING), ("close", CLOSE))},
    **{f"reserved opcode {opcode}": (frame(opcode, b"abc"), [ended(1002)])
       for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    **{f"reserved opcode {opcode} after an echo": (
        frame(TEXT, b"abc") + frame(opcode), [echo(TEXT, b"abc"), ended(1002)])
       for opcode in (3, 11)},
    # --- fragments
    "two fragments": (b"".join(split(TEXT, b"hello", 2)), [echo(TEXT, b"hello")]),
    "fragments of one byte": (b"".join(split(BINARY, b"hello", 1, 2, 3, 4)), [echo(BINARY, b"hello")]),
    "empty fragments": (b"".join(split(TEXT, b"hi", 0, 0, 1, 1, 2, 2)), [echo(TEXT, b"hi")]),
    "only empty fragments": (b"".join(split(BINARY, b"", 0, 0)), [echo(BINARY, b"")]),
    "fragments that just fit": (b"".join(split(TEXT, b"y" * LIMIT, 4000, 4095)), [echo(TEXT, b"y" * LIMIT)]),
    "fragments that do not fit": (b"".join(split(TEXT, b"y" * (LIMIT + 1), 4000, 4096)), [ended(1009)]),
    "a continuation of nothing": (frame(0, b"abc"), [ended(1002)]),
    "a continuation of nothing, not final": (frame(0, b"abc", fin=False), [ended(1002)]),
    "a continuation after a whole message": (
        frame(TEXT, b"abc") + frame(0, b"d"), [echo(TEXT, b"abc"), ended(1002)]),
    "a text within a text": (frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), [ended(1002)]),
    "a binary within a text": (frame(TEXT, b"a", fin=False) + frame(BINARY, b"b"), [ended(1002)]),
    "two messages at once": (frame(TEXT, b"a") + frame(BINARY, b"b"), [echo(TEXT, b"a"), echo(BINARY, b"b")]),
    "a hundred messages at once": (b"".join(frame(TEXT, b"%d" % i) for i in range(100)),
                                   [echo(TEXT, b"%d" % i) for i in range(100)]),
    # --- control frames
    "an empty ping": (frame(PING), [(PONG, b"")]),
    "a ping of 125 bytes": (frame(PING, b"p" * 125), [(PONG, b"p" * 125)]),
    "a ping of bytes that are no text": (frame(PING, b"\0\xff\xfe"), [(PONG, b"\0\xff\xfe")]),
    "ten pings at once": (b"".join(frame(PING, b"%d" % i) for i in range(10)),
                          [(PONG, b"%d" % i) for i in range(10)]),
    "a ping of 126 bytes": (frame(PING, b"p" * 126), [ended(1002)]),
    "a ping of 70000 bytes": (frame(PING, b"p" * 70000), [ended(1002)]),
    "a close of 126 bytes": (frame(CLOSE, b"\x03\xe8" + b"p" * 124), [ended(1002)]),
    "a ping in fragments": (frame(PING, b"a", fin=False), [ended(1002)]),
    "a close in fragments": (frame(CLOSE, fin=False), [ended(1002)]),
    "a pong nobody asked for": (frame(PONG, b"x") + frame(PING, b"y"), [(PONG, b"y")]),
    "an empty pong": (frame(PONG) + frame(PING, b"y"), [(PONG, b"y")]),
    "a pong that is no text, after a text": (
        frame(TEXT, b"a") + frame(PONG, b"\xff\xfe") + frame(TEXT, b"b"), [echo(TEXT, b"a"), echo(TEXT, b"b")]),
    "a ping between fragments": (
        frame(TEXT, b"a", fin=False) + frame(PING, b"p") + frame(0, b"b"), [(PONG, b"p"), echo(TEXT, b"ab")]),
    "pings that are no text between fragments": (
        frame(TEXT, "ä".encode()[:1], fin=False) + frame(PING, b"\xff") + frame(PONG, b"\xfe")
        + frame(0, "ä".encode()[1:]), [(PONG, b"\xff"), echo(TEXT, "ä".encode())]),
    "a close between fragments": (frame(TEXT, b"a", fin=False) + close(1000), [ended(1000)]),
    # --- UTF-8
    "a text of all lengths": (frame(TEXT, GOOD_TEXT), [echo(TEXT, GOOD_TEXT)]),
    **{f"a text cut at byte {at}": (b"".join(split(TEXT, GOOD_TEXT, at)), [echo(TEXT, GOOD_TEXT)])
       for at in range(1, len(GOOD_TEXT))},
    "a text byte by byte": (b"".join(split(TEXT, GOOD_TEXT, *range(1, len(GOOD_TEXT)))), [echo(TEXT, GOOD_TEXT)]),
    "a byte order mark": (frame(TEXT, BOM + b"a"), [echo(TEXT, BOM + b"a")]),
    "the last character": (frame(TEXT, "\U0010ffff\ufffe\uffff\0".encode()),
                           [echo(TEXT, "\U0010ffff\ufffe\uffff\0".encode())]),
    **{f"no UTF-8: {bad.hex()}": (frame(TEXT, b"ab" + bad + b"cd"), [ended(1007)]) for bad in (
        b"\x80", b"\xbf", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xe0\x9f\xbf", b"\xf0\x80\x80\xaf",
        b"\xf0\x8f\xbf\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf8",
        b"\xfc\x80\x80\x80\x80\xaf", b"\xfe", b"\xff", b"\xc3\x28", b"\xe2\x28\xa1", b"\xe2\x82\x28")},
    **{f"a text that ends in {bad.hex()}": (frame(TEXT, b"ab" + bad), [ended(1007)])
       for bad in (b"\xc3", b"\xe2\x82", b"\xf0\x9d\x84", b"\xf0")},
    "a last fragment that is empty leaves a character unfinished": (
        frame(TEXT, b"a\xc3", fin=False) + frame(0), [ended(1007)]),
    "a second fragment that is no UTF-8": (
        frame(TEXT, b"a\xc3", fin=False) + frame(0, b"\x28", fin=False) + frame(0, b"abcd"), [ended(1007)]),
    "bytes that are no text": (frame(BINARY, b"\xff\xc0\x80"), [echo(BINARY, b"\xff\xc0\x80")]),
    # --- closing
    "a close without code": (close(), [(CLOSE, b"")]),
    **{f"close {code}": (close(code), [ended(code)])
       for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4401,
                    4999)},
    **{f"close {code} is none": (close(code), [ended(1002)])
       for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 9999, 65535)},
    "a close with half a code": (frame(CLOSE, b"\x03"), [ended(1002)]),
    "a close with a reason": (close(1000, GOOD_TEXT), [ended(1000)]),
    "a close with the longest reason": (close(1000, b"r" * 123), [ended(1000)]),
    "a close whose reason is no UTF-8": (close(1000, b"ab\xff"), [ended(1007)]),
    "a close whose reason ends within a character": (close(1000, b"ab\xc3"), [ended(1007)]),
    "nothing after a close": (close(1000) + frame(TEXT, b"late") + frame(PING, b"late"), [ended(1000)]),
    "two closes": (close(1000) + close(1001), [ended(1000)]),
    "an echo, then a close": (frame(TEXT, b"a") + close(1000), [echo(TEXT, b"a"), ended(1000)]),
}


@pytest.fixture(scope="module")
def wires(connect):
    """A WebSocket for each case, to which that was sent: all have the daemon's attention at once."""
    opened = {}
    for name, (sent, _) in CASES.items():
        opened[name] = connect()
        opened[name].send(sent)
    return opened


@pytest.mark.parametrize("name", CASES)
def test_exchange(wires, name):
    """What is sent gets exactly what RFC 6455 says, and after a close the connection ends."""
    _, expected = CASES[name]
    wire = wires[name]
    for answer in expected:
        assert wire.read() == answer
    if expected[-1][0] == CLOSE:
        began = time.monotonic()
        assert wire.read() is None
        assert time.monotonic() - began < 2
    else:
        wire.send(frame(PING, b"still here"))
        assert wire.read() == (PONG, b"still here")


@pytest.mark.parametrize("name", [n for n in CASES if len(CASES[n][0]) < 600][::7])
def test_byte_by_byte(connect, name):
    """Frames may come in pieces of any size."""
    sent, expected = CASES[name]
    wire = connect()
    for i in range(len(sent)):
        try:
            wire.send(sent[i:i + 1])
        except OSError:
            break
        if i % 8 == 0:
            time.sleep(0.001)
    for answer in expected:
        assert wire.read() == answer
