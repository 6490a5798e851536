"""Who listens for events: a fileapi-ws of the tests' own, users of it, and what their sockets bring."""
import asyncio
import json
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest
import websockets
from processes import Program

LATE = 10  # seconds until something that should have come counts as lost


class Daemon(Program):
    """A daemon of the tests' own beside a stack's: its database can be taken away."""

    program, ready = "fileapi-ws", "listening"

    def __init__(self, stack, folder, **environment):
        self.socket = folder / "ws.sock"
        self.server = folder / ".s.PGSQL.5432"
        super().__init__(stack, folder / "ws.log", FILEAPI_WS_SOCKET=str(self.socket),
                         FILEAPI_DATABASE_DIRECT=f"host={folder}", **environment)
        self.come_back()
        self.start()

    def cut(self):
        """The database connection, by the server."""
        self.stack.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                       " WHERE application_name = 'fileapi-ws'")

    def go_away(self):
        """The database: no way to connect, and no connection any more."""
        self.server.unlink()
        self.cut()

    def come_back(self):
        self.server.symlink_to(Path(self.stack.env["PGHOST"], self.server.name))

    def open(self, query="", path="/ws/echo/", **options):
        return websockets.unix_connect(str(self.socket), f"ws://localhost{path}?{query}",
                                       close_timeout=1, **options)


class User:
    """Someone whose sockets and events a test deals with; nobody else has the name."""

    def __init__(self, stack, **options):
        self.stack = stack
        self.subject = f"user-{uuid.uuid4()}"
        self.token = stack.token(self.subject, **options)
        self.query = f"Bearer={self.token}"

    @property
    def account(self):
        return self.stack.sql(f"SELECT account_id FROM account WHERE subject = '{self.subject}'")

    def happen(self, count=1, announce=True):
        """Keeps events as a job does; their ids."""
        mark = uuid.uuid4()
        self.stack.sql(
            "INSERT INTO event_outbox (part_id, body, recipients) SELECT gen_random_uuid(),"
            f" json_build_object('event', 'finished', 'number', n, 'mark', '{mark}'),"
            f" ARRAY['{self.account}'::uuid] FROM generate_series(1, {count}) AS n ORDER BY n")
        self.stack.sql("SELECT event_publish(1000)")
        ids = self.stack.sql(f"SELECT event_id FROM event WHERE body ->> 'mark' = '{mark}'"
                             " ORDER BY (body ->> 'number')::int")
        if announce:
            self.stack.sql("NOTIFY fileapi_event")
        return [int(line) for line in ids.splitlines()]


async def take(socket, count=1):
    """The next messages, as JSON."""
    return [json.loads(await asyncio.wait_for(socket.recv(), LATE)) for _ in range(count)]


async def is_silent(socket, seconds=0.3):
    try:
        await asyncio.wait_for(socket.recv(), seconds)
    except asyncio.TimeoutError:
        return True
    return False


async def ending(socket):
    """The code a socket is closed with, after whatever else comes."""
    try:
        while True:
            await asyncio.wait_for(socket.recv(), LATE)
    except websockets.ConnectionClosed:
        return socket.close_code


async def refusal(daemon, query="", path="/ws/echo/", origin=None, subprotocols=(), **headers):
    """The status a handshake is refused with; None when it is not."""
    lines = [f"GET {path}?{query} HTTP/1.1", "Host: localhost", "Upgrade: websocket",
             "Connection: Upgrade", "Sec-WebSocket-Version: 13",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    lines += [f"Origin: {origin}"] if origin else []
    lines += [f"Sec-WebSocket-Protocol: {', '.join(subprotocols)}"] if subprotocols else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    reader, writer = await asyncio.open_unix_connection(str(daemon.socket))
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    answer = await asyncio.wait_for(reader.readline(), LATE)
    writer.close()
    status = int(answer.split()[1])
    return None if status == 101 else status


@contextmanager
def running(stack, folder, **environment):
    daemon = Daemon(stack, folder, **environment)
    yield daemon
    if daemon.process.poll() is None:
        assert daemon.stop() == 0, daemon.log.read_text()


@pytest.fixture
def daemon(stack, tmp_path):
    with running(stack, tmp_path) as daemon:
        yield daemon


@pytest.fixture
def user(stack):
    return User(stack)
