"""The fault proxy: without a fault it changes nothing, and each fault is seen by a client."""
import hashlib
import http.client
import http.server
import socket
import socketserver
import struct
import threading
import time

import proxy as faults
import pytest
from talk import Http, Postgres

BLOCK = bytes(range(256)) * 4096  # 1 MiB


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (b"one", b"two" * 1000):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(BLOCK)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(BLOCK)

    do_HEAD = do_GET

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(hashlib.sha256(body).hexdigest())
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["tcp", "unix"])
def relay(request, server, tmp_path):
    path = str(tmp_path / "relay") if request.param == "unix" else None
    relay = faults.Proxy(server.server_address, Http, path)
    yield relay
    relay.close()


class Client(http.client.HTTPConnection):
    def __init__(self, relay):
        super().__init__("localhost", timeout=10)
        self.relay = relay

    def connect(self):
        if self.relay.path:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(self.relay.path)
        else:
            self.sock = socket.create_connection(self.relay.address)
        self.sock.settimeout(10)

    def ask(self, method="GET", path="/", body=None):
        self.request(method, path, body)
        answer = self.getresponse()
        return answer.status, answer.read()


def test_changes_nothing(relay, server):
    """Answers with and without a body, of known and unknown length, on one connection."""
    client = Client(relay)
    for _ in range(3):
        assert client.ask() == (200, BLOCK)
        assert client.ask("HEAD") == (200, b"")
        assert client.ask(path="/chunked") == (200, b"one" + b"two" * 1000)
        assert client.ask("PUT", body=BLOCK) == (200, b"")
    assert server.seen == [hashlib.sha256(BLOCK).hexdigest()] * 3
    assert relay.counts["connections"] == 1 and not relay.faults


def test_latency(relay):
    """The answer is late."""
    with relay.harm(faults.Latency(0.5, times=1)) as fault:
        began = time.monotonic()
        assert Client(relay).ask() == (200, BLOCK)
        assert 0.5 <= time.monotonic() - began < 5 and fault.struck == 1


def test_bandwidth(relay):
    """A megabyte at two megabytes a second takes half a second."""
    with relay.harm(faults.Bandwidth(2 << 20)):
        began = time.monotonic()
        assert Client(relay).ask() == (200, BLOCK)
        assert 0.4 <= time.monotonic() - began < 5


def test_stall(relay):
    """Nothing comes until the fault is lifted; then all does."""
    client = Client(relay)
    with relay.harm(faults.Stall()) as fault:
        client.request("GET", "/")
        client.sock.settimeout(0.3)
        with pytest.raises(socket.timeout):
            client.sock.recv(1)
        assert fault.struck == 1
    client.sock.settimeout(10)
    assert client.getresponse().read() == BLOCK


@pytest.mark.parametrize("fault,error", [(faults.Reset, ConnectionResetError),
                                         (faults.Truncate, http.client.IncompleteRead)])
def test_cut_after(relay, fault, error):
    """The connection is reset, or ends, after so many bytes; a Unix socket knows no reset."""
    if relay.path:
        error = http.client.IncompleteRead
    client = Client(relay)
    with relay.harm(fault(after=100000, times=1)) as fault, pytest.raises(
            (error, http.client.IncompleteRead)):
        client.ask()
    assert fault.struck == 1 and relay.counts["bytes", "down"] == 100000
    assert Client(relay).ask() == (200, BLOCK)


def test_refuse(relay):
    """Nobody listens, and open connections end; afterwards all is as before."""
    client = Client(relay)
    assert client.ask() == (200, BLOCK)
    relay.refuse()
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        client.ask()
    with pytest.raises((ConnectionRefusedError, FileNotFoundError)):
        Client(relay).ask()
    relay.accept()
    assert Client(relay).ask() == (200, BLOCK)


def test_cut_now(relay):
    """All open connections end at once."""
    client = Client(relay)
    client.ask()
    assert relay.cut() == 1
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        client.ask()


def test_status(relay):
    """Another status, twice; the third answer is the server's."""
    with relay.harm(faults.Status(503, times=2)) as fault:
        client = Client(relay)
        assert [client.ask()[0] for _ in range(3)] == [503, 503, 200]
        assert fault.struck == 2


def test_flip(relay, server):
    """One bit of an answer's body, or of a request's."""
    with relay.harm(faults.Flip(at=70000, times=1)):
        _, body = Client(relay).ask()
    assert [i for i in range(len(BLOCK)) if body[i] != BLOCK[i]] == [70000]
    assert body[70000] ^ BLOCK[70000] == 1
    with relay.harm(faults.Flip(at=5, times=1, way=faults.UP)):
        Client(relay).ask("PUT", body=BLOCK)
    changed = BLOCK[:5] + bytes([BLOCK[5] ^ 1]) + BLOCK[6:]
    assert server.seen == [hashlib.sha256(changed).hexdigest()]


def test_swallow(relay, server):
    """The request arrives whole, its answer never; other methods are answered."""
    with relay.harm(faults.Swallow(times=1)) as fault:
        assert Client(relay).ask() == (200, BLOCK)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            Client(relay).ask("PUT", body=BLOCK)
        assert fault.struck == 1
    assert server.seen == [hashlib.sha256(BLOCK).hexdigest()]


def test_server_away(tmp_path):
    """Without a server the client's connection ends."""
    relay = faults.Proxy(str(tmp_path / "nobody"))
    with socket.create_connection(relay.address) as client:
        client.settimeout(10)
        try:
            assert client.recv(1) == b""
        except ConnectionResetError:
            pass
    relay.close()
    assert relay.counts["unreachable"] == 1


# --- PostgreSQL's messages ------------------------------------------------------------------------

def message(kind, *parts):
    body = b"".join(p + b"\0" if isinstance(p, bytes) else struct.pack(">H", p) for p in parts)
    return kind + struct.pack(">I", len(body) + 4) + body


STARTUP = struct.pack(">II", 8 + 1, 196608) + b"\0"
SSL = struct.pack(">II", 8, 80877103)
SIMPLE = [message(b"Q", b"commit;")]
EXECUTE = message(b"E", b"", 0, 0)
EXTENDED = [message(b"P", b"s1", b"COMMIT", 0), message(b"B", b"", b"s1", 0, 0, 0), EXECUTE]
OTHER = [message(b"Q", b"SELECT 'COMMIT'"), message(b"P", b"s2", b"SELECT 1", 0),
         message(b"B", b"", b"s2", 0, 0, 0), EXECUTE]
DONE = message(b"C", b"COMMIT")


@pytest.mark.parametrize("step", [1, 7, 100000])
def test_postgres_pieces(step):
    """However the bytes arrive, the messages are the same, and nothing is lost."""
    talk = Postgres()
    stream = SSL + STARTUP + b"".join(OTHER + SIMPLE + EXTENDED)
    kinds, out = [], b""
    for start in range(0, len(stream), step):
        for kind, piece in talk.split("up", stream[start:start + step]):
            kinds.append((kind, talk.commits(kind, piece)))
            out += piece
    assert out + talk.rest("up") == stream
    assert kinds == [("", False), ("", False), ("Q", False), ("P", False), ("B", False),
                     ("E", False), ("Q", True), ("P", False), ("B", False), ("E", True)]
    assert [p for _, p in talk.split("down", b"N" + DONE)] == [b"N", DONE]


@pytest.mark.parametrize("query", [SIMPLE, EXTENDED], ids=["simple", "extended"])
@pytest.mark.parametrize("what", ["answer", "request", "late"])
def test_lost_commit(tmp_path, query, what):
    """The server has seen COMMIT, or has not, or sees it late; the client gets no answer."""
    arrived = []

    class Session(socketserver.BaseRequestHandler):
        def handle(self):
            got = b""
            while data := self.request.recv(65536):
                got += data
                arrived.append((time.monotonic(), data))
                if b"".join(query) in got:
                    self.request.sendall(DONE)

    path = str(tmp_path / "server")
    with socketserver.ThreadingUnixStreamServer(path, Session) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        relay = faults.Proxy(path, Postgres)
        with relay.harm(faults.LoseCommit(what, seconds=0.5, times=1)) as fault:
            with socket.create_connection(relay.address) as client:
                client.settimeout(10)
                client.sendall(STARTUP + b"".join(query))
                try:
                    assert client.recv(100) == b""
                except ConnectionResetError:
                    pass
                ended = time.monotonic()
            assert fault.struck == 1
            time.sleep(0.8 if what == "late" else 0.2)
        seen = b"".join(data for _, data in arrived)
        assert seen == STARTUP + b"".join(query if what != "request" else query[:-1])
        assert what != "late" or arrived[-1][0] - ended > 0.3
        relay.close()
        server.shutdown()
