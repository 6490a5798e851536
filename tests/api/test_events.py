"""The WebSocket daemon: who gets in, what reaches whom, and how sockets end."""
import asyncio
import os
import resource
import signal
import time
import uuid
from pathlib import Path

import pytest
import websockets
from listeners import (LATE, User, daemon, ending, is_silent, refusal, running, take,  # noqa: F401
                       user)
from processes import until


def test_a_token_opens_the_socket(daemon, user):
    """It may stand in the query, also percent-encoded, or in the header; any path of the three."""
    async def check():
        encoded = "x=1&Bearer=" + "".join(f"%{ord(c):02X}" if c in ".-_" else c for c in user.token)
        assert await refusal(daemon, user.query, path="/ws/echo") is None
        assert await refusal(daemon, encoded, path="/ws/") is None
        assert await refusal(daemon, Authorization=f"bearer {user.token}") is None
        async with daemon.open(user.query, subprotocols=["bearer"]) as socket:
            assert socket.subprotocol == "bearer"
    asyncio.run(check())


def test_without_a_good_token_there_is_no_socket(daemon, user, stack):
    """No name of a subprotocol leads around the check, not even those used inside the daemon."""
    expired = stack.token(user.subject, ttl=-3600)

    async def check():
        for query in ("", "Bearer=", "Bearer=nonsense", f"Bearer={expired}", user.query[:-9]):
            assert await refusal(daemon, query) == 401, query
        for name in ("fileapi", "bearer", "database", "signal"):
            assert await refusal(daemon, subprotocols=[name]) == 401, name
            assert await refusal(daemon, "Bearer=x", subprotocols=[name]) == 401, name
        assert await refusal(daemon, user.query, path="/ws/other/") == 404
    asyncio.run(check())


def test_origins(stack, user, tmp_path):
    """Pages of listed origins may open the socket, others may not; a program is no page."""
    async def check(daemon):
        for origin, status in (("https://a.example", None), ("https://b.example", None),
                               (None, None), ("https://a.example.evil.example", 403),
                               ("https://a.exampl", 403), ("null", 403)):
            assert await refusal(daemon, user.query, origin=origin) == status, origin
    with running(stack, tmp_path,
                 FILEAPI_WS_ORIGINS="https://a.example  https://b.example") as daemon:
        asyncio.run(check(daemon))


def test_echo(daemon, user):
    """What a client sends comes back in its kind, whole, up to 4 KiB; more closes with 1009."""
    async def check():
        async with daemon.open(user.query) as socket:
            for message in ("hällo", b"\0\xff", "", b"", "x" * 4096, b"y" * 4096):
                await socket.send(message)
                assert await asyncio.wait_for(socket.recv(), LATE) == message
            await socket.send(["a" * 1000, "", "b" * 3000, "c" * 96])
            assert await socket.recv() == "a" * 1000 + "b" * 3000 + "c" * 96
        for message in ("x" * 4097, ["x" * 4096, "y"], b"z" * 100000):
            async with daemon.open(user.query) as socket:
                await socket.send(message)
                assert await ending(socket) == 1009
    asyncio.run(check())


def test_a_socket_ends_with_its_token(daemon, stack):
    """A token's end closes the socket with 4401, neither long before nor after."""
    user = User(stack, ttl=2)

    async def check():
        began = time.monotonic()
        async with daemon.open(user.query) as socket:
            assert await ending(socket) == 4401
        assert 0.5 < time.monotonic() - began < 3
    asyncio.run(check())


def test_events_reach_their_recipients(daemon, user, stack):
    """All sockets of the account, no other; progress too."""
    other = User(stack)

    async def check():
        async with daemon.open(user.query) as first, daemon.open(user.query) as second, \
                daemon.open(other.query) as stranger:
            ids = user.happen(3)
            for socket in first, second:
                assert [m["id"] for m in await take(socket, 3)] == ids
            account = user.account.replace("-", "")
            stack.sql(f"SELECT pg_notify('fileapi_progress', '{uuid.uuid4().hex},{account} "
                      "{\"event\":\"progress\",\"percent\":7}')")
            for socket in first, second:
                assert await take(socket) == [{"event": "progress", "percent": 7}]
            assert await is_silent(stranger)
    asyncio.run(check())


def test_replay(daemon, user, stack):
    """Who comes back gets what it missed, in order, each once, and goes on with what is new."""
    async def check():
        async with daemon.open(user.query):
            pass
        ids = user.happen(333)
        user.happen()
        async with daemon.open(f"{user.query}&last_event_id={ids[9]}") as socket:
            more = user.happen(5)
            messages = await take(socket, 323 + 1 + 5)
            assert [m["id"] for m in messages[:323]] == ids[10:]
            assert [m["id"] for m in messages[-5:]] == more
            assert list(messages[0])[:3] == ["id", "event", "number"] and messages[0]["number"] == 11
            assert await is_silent(socket)
        for query in f"&last_event_id={more[-1]}", "&last_event_id=", "&last_event_id=latest", "":
            async with daemon.open(user.query + query) as socket:
                assert await is_silent(socket, 0.1), query
    asyncio.run(check())


def test_replay_while_events_happen(daemon, user):
    """Between what is replayed and what is live nothing is lost and nothing comes twice."""
    async def check():
        async with daemon.open(user.query):
            pass
        ids = user.happen(200)
        loop = asyncio.get_running_loop()
        work = [loop.run_in_executor(None, user.happen, 20) for _ in range(10)]
        async with daemon.open(f"{user.query}&last_event_id={ids[0]}") as socket:
            for new in await asyncio.gather(*work):
                ids += new
            got = [m["id"] for m in await take(socket, len(ids) - 1)]
            assert sorted(got) == sorted(ids[1:])
            assert await is_silent(socket)
    asyncio.run(check())


def test_the_database_goes_away(daemon, user):
    """Sockets stay; what happened meanwhile is delivered once it is back; the log stays short."""
    async def check():
        async with daemon.open(user.query) as socket:
            daemon.go_away()
            await asyncio.sleep(0.2)
            assert await refusal(daemon, user.query) == 503
            ids = user.happen(2)
            spent = cpu_seconds(daemon.process.pid)
            for number in range(200):
                await socket.send(str(number))
                assert await socket.recv() == str(number)
                await asyncio.sleep(0.01)
            assert cpu_seconds(daemon.process.pid) - spent < 0.5
            lines = daemon.log.read_text().splitlines()
            assert len(lines) < 20, lines[-5:]
            daemon.come_back()
            assert [m["id"] for m in await take(socket, 2)] == ids
            more = user.happen(2)
            assert [m["id"] for m in await take(socket, 2)] == more
            assert await is_silent(socket)
    asyncio.run(check())


def test_a_lost_connection(daemon, user):
    """After each loss of its connection the daemon looks at the rows, and listens again."""
    async def check():
        async with daemon.open(user.query) as socket:
            for _ in range(3):
                ids = user.happen(2, announce=False)
                daemon.cut()
                assert [m["id"] for m in await take(socket, 2)] == ids
                ids = user.happen(2)
                assert [m["id"] for m in await take(socket, 2)] == ids
    asyncio.run(check())


@pytest.mark.parametrize("message, count", [("x" * 4096, 1000), ("", 100000)])
def test_a_slow_reader_is_closed(daemon, user, sanitized, message, count):
    """A client that does not read gets 1013 and costs a bounded amount of memory."""
    async def check():
        async with daemon.open(user.query, max_queue=1, read_limit=1024) as socket:
            before = memory_kib(daemon.process.pid)
            try:
                for _ in range(count):
                    await asyncio.wait_for(socket.send(message), LATE)
                told = (1013,)
            except websockets.ConnectionClosed:
                # Who still sends when the daemon waits no longer may lose the frame that says why.
                told = (1013, 1006)
            # AddressSanitizer keeps what is freed for a while.
            assert sanitized or memory_kib(daemon.process.pid) - before < 2048
            assert await ending(socket) in told
        until(lambda: daemon.lines("socket_closed"))
        assert daemon.lines("socket_closed")[0]["code"] == 1013
    asyncio.run(check())


def test_stopping(stack, user, tmp_path):
    """SIGTERM closes sockets with 1001 and ends the daemon soon; the next start serves again."""
    async def check(daemon):
        async with daemon.open(user.query) as first, daemon.open(user.query) as second:
            began = time.monotonic()
            daemon.process.send_signal(signal.SIGTERM)
            assert [await ending(first), await ending(second)] == [1001, 1001]
            assert daemon.process.wait(LATE) == 0 and time.monotonic() - began < 2
    with running(stack, tmp_path) as daemon:
        asyncio.run(check(daemon))
        daemon.start()
        assert asyncio.run(refusal(daemon, user.query)) is None
        # Killed, it leaves its socket behind.
        daemon.process.kill()
        daemon.process.wait()
        assert daemon.socket.exists()
        daemon.start()
        assert asyncio.run(refusal(daemon, user.query)) is None


def test_log(daemon, user):
    """One line at each end of a socket, with the request's id, and never a token."""
    request = "0123456789abcdef"

    async def check():
        async with daemon.open(user.query, extra_headers={"X-Request-Id": request}) as socket:
            await socket.send("hello")
            await socket.recv()
        assert await refusal(daemon, user.query + "x", X_Request_Id=request) == 401
        assert await refusal(daemon, user.query, X_Request_Id=request, path="/ws/x/") == 404
    asyncio.run(check())
    until(lambda: daemon.lines("socket_closed"))
    for event in "socket_opened", "socket_closed", "handshake_refused":
        assert {line["request_id"] for line in daemon.lines(event)} == {request}, event
    assert daemon.lines("socket_closed")[0]["code"] == 1000
    text = daemon.log.read_text()
    assert all(piece not in text for piece in user.token.split(".") + ["Bearer="])


def test_a_thousand_sockets(daemon, user, sanitized):
    """Idle sockets cost little memory (16 KiB at most), and an event reaches all of them at once."""
    resource.setrlimit(resource.RLIMIT_NOFILE,
                       (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

    async def check():
        before = memory_kib(daemon.process.pid)
        sockets = []
        for _ in range(50):
            sockets += await asyncio.gather(*[daemon.open(user.query) for _ in range(20)])
        grown = memory_kib(daemon.process.pid) - before
        ids = user.happen()
        began = time.monotonic()
        for socket in sockets:
            assert [m["id"] for m in await take(socket)] == ids
        print(f"\n1000 sockets: {grown} KiB, event to all in {time.monotonic() - began:.3f} s")
        assert sanitized or grown < 16 * 1024
        await asyncio.gather(*[socket.close() for socket in sockets])
    asyncio.run(check())


def memory_kib(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("FILEAPI_FULL") != "1", reason="waits for 35 s")
def test_a_dead_peer_is_dropped(daemon, user):
    """A client that answers no ping for 10 s is dropped; one that answers stays."""
    async def check():
        async with daemon.open(user.query, ping_interval=None) as alive, \
                daemon.open(user.query, ping_interval=None) as dead:
            dead.transport.pause_reading()
            began = time.monotonic()
            while len(daemon.lines("socket_closed")) == 0 and time.monotonic() - began < 60:
                await asyncio.sleep(0.2)
            assert 30 < time.monotonic() - began < 40
            await alive.send("here")
            assert await alive.recv() == "here"
            dead.transport.abort()
    asyncio.run(check())
