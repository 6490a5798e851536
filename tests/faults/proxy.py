"""A relay that does harm when told to: between any client and server, over TCP or Unix sockets.

    proxy = Proxy(("127.0.0.1", 9000), Http)        # or a socket's path; Postgres; Raw
    with proxy.harm(Status(503, times=2)) as fault:
        ...                                         # the client talks to proxy.address
    assert fault.struck == 2

Without a fault it changes nothing.  A fault sees the pieces into which the protocol divides what
passes (talk.py): it changes a piece, delays it, or raises Cut.  It strikes `times` times, or always.
Everything runs in one thread with an event loop of its own; the methods are for the test's threads.
"""
import asyncio
import collections
import contextlib
import socket
import struct
import threading

from talk import Http, Postgres, Raw  # noqa: F401  (for those who import this module)

UP, DOWN = "up", "down"  # to the server, to the client


class Cut(Exception):
    """Ends the connection after these last bytes: with a reset, or as if all had been said."""

    def __init__(self, last=b"", reset=True):
        super().__init__("cut")
        self.last = last
        self.reset = reset


class Fault:
    """One kind of harm in one direction."""

    way = DOWN

    def __init__(self, times=None, way=None):
        self.left = float("inf") if times is None else times
        self.struck = 0
        self.way = way or self.way
        self.lifted = asyncio.Event()

    def strikes(self):
        """True when it strikes now; counts it."""
        if self.left < 1 or self.lifted.is_set():
            return False
        self.left -= 1
        self.struck += 1
        return True

    async def apply(self, link, kind, piece):
        raise NotImplementedError


class Latency(Fault):
    """Each piece comes that much later."""

    def __init__(self, seconds, **options):
        super().__init__(**options)
        self.seconds = seconds

    async def apply(self, link, kind, piece):
        if self.strikes():
            await asyncio.sleep(self.seconds)
        return piece


class Bandwidth(Fault):
    """Not more than so many bytes a second."""

    def __init__(self, bytes_a_second, **options):
        super().__init__(**options)
        self.rate = bytes_a_second

    async def apply(self, link, kind, piece):
        if not self.strikes():
            return piece
        step = max(1, self.rate // 20)
        for start in range(0, len(piece), step):
            await link.send(self.way, piece[start:start + step])
            await asyncio.sleep(step / self.rate)
        return b""


class Stall(Fault):
    """Nothing passes until the fault is lifted; then all of it does."""

    async def apply(self, link, kind, piece):
        if self.strikes():
            await self.lifted.wait()
        return piece


class _After(Fault):
    """Strikes where `after` bytes of a connection have passed."""

    reset = True

    def __init__(self, after=0, **options):
        super().__init__(**options)
        self.after = after

    async def apply(self, link, kind, piece):
        passed = link.passed[self.way]
        if passed + len(piece) <= self.after or not self.strikes():
            return piece
        raise Cut(piece[:max(0, self.after - passed)], self.reset)


class Reset(_After):
    """The connection is reset after so many bytes."""


class Truncate(_After):
    """The connection ends after so many bytes, as if that were all."""

    reset = False


class Status(Fault):
    """Another status in the head of an HTTP answer; what follows stays."""

    def __init__(self, status, **options):
        super().__init__(**options)
        self.status = status

    async def apply(self, link, kind, piece):
        if kind != "head" or piece.split(b" ")[1].startswith(b"1") or not self.strikes():
            return piece  # 100 Continue is no answer
        version, _, rest = piece.split(b" ", 2)
        return b"%s %d %s" % (version, self.status, rest)


class Flip(Fault):
    """One bit of an HTTP body is another, `at` bytes from its start."""

    def __init__(self, at=0, **options):
        super().__init__(**options)
        self.at = at

    async def apply(self, link, kind, piece):
        place = self.at - link.talk.body_passed[self.way]
        if kind != "body" or not 0 <= place < len(piece) or not self.strikes():
            return piece
        return piece[:place] + bytes([piece[place] ^ 1]) + piece[place + 1:]


class Swallow(Fault):
    """The request reaches the server; of its answer comes nothing but the end of the connection."""

    def __init__(self, methods=(b"PUT", b"POST", b"DELETE"), **options):
        super().__init__(**options)
        self.methods = methods

    async def apply(self, link, kind, piece):
        if kind == "head" and link.talk.method in self.methods and self.strikes():
            raise Cut()
        return piece


class LoseCommit(Fault):
    """PostgreSQL's COMMIT gets lost: "answer" comes back never, "request" never arrives, and "late"
    arrives when the client has been told long ago that its connection is gone."""

    def __init__(self, what, seconds=1, **options):
        super().__init__(way=DOWN if what == "answer" else UP, **options)
        self.what = what
        self.seconds = seconds

    async def apply(self, link, kind, piece):
        recognise = link.talk.ends_commit if self.way == DOWN else link.talk.commits
        if not recognise(kind, piece) or not self.strikes():
            return piece
        if self.what == "late":
            link.drop(DOWN)
            await asyncio.sleep(self.seconds)
            await link.send(UP, piece)
            await asyncio.sleep(self.seconds)
        raise Cut()


class Link:
    """A client's connection and the one to the server that belongs to it."""

    def __init__(self, proxy, client, server):
        self.proxy = proxy
        self.talk = proxy.protocol()
        self.readers = {UP: client[0], DOWN: server[0]}
        self.writers = {UP: server[1], DOWN: client[1]}
        self.passed = {UP: 0, DOWN: 0}

    async def send(self, way, data):
        self.writers[way].write(data)
        self.passed[way] += len(data)
        self.proxy.counts["bytes", way] += len(data)
        await self.writers[way].drain()

    def drop(self, way, reset=True):
        """Ends the connection at whose end `way` leads."""
        writer = self.writers[way]
        link = writer.get_extra_info("socket")
        if reset and link is not None and link.fileno() >= 0:
            if link.family != socket.AF_UNIX:
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        else:
            writer.close()

    async def pump(self, way):
        """Relays in one direction until that side has said all."""
        while data := await self.readers[way].read(65536):
            for kind, piece in self.talk.split(way, data):
                for fault in list(self.proxy.faults):
                    if fault.way == way:
                        piece = await self.strike(fault, kind, piece)
                if piece:
                    await self.send(way, piece)
                self.talk.sent(way, kind, piece)
        rest = self.talk.rest(way)
        if rest:
            await self.send(way, rest)
        if self.writers[way].can_write_eof():
            self.writers[way].write_eof()

    async def strike(self, fault, kind, piece):
        before = fault.struck
        try:
            return await fault.apply(self, kind, piece)
        except Cut as cut:
            if cut.last:
                await self.send(fault.way, cut.last)
            raise
        finally:
            if fault.struck > before:
                self.proxy.counts[type(fault).__name__] += 1

    async def run(self):
        pumps = [asyncio.ensure_future(self.pump(way)) for way in (UP, DOWN)]
        reset = False
        try:
            await asyncio.gather(*pumps)
        except Cut as cut:
            reset = cut.reset
        except (ConnectionError, OSError):
            reset = True
        finally:
            for pump in pumps:
                pump.cancel()
            self.drop(UP, reset)
            self.drop(DOWN, reset)


class Proxy:
    """Listens at .address (host and port, or a socket's path) and relays to `target`."""

    def __init__(self, target, protocol=Raw, path=None):
        self.target = target
        self.protocol = protocol
        self.path = path
        self.faults = []
        self.counts = collections.Counter()
        self.links = set()
        self.address = path or ("127.0.0.1", 0)
        self.server = None
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.accept()

    def _do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    async def _connected(self, *client):
        self.counts["connections"] += 1
        try:
            server = await (asyncio.open_unix_connection(self.target)
                            if isinstance(self.target, str)
                            else asyncio.open_connection(*self.target))
        except OSError:
            self.counts["unreachable"] += 1
            client[1].transport.abort()
            return
        link = Link(self, client, server)
        self.links.add(link)
        try:
            await link.run()
        finally:
            self.links.discard(link)

    async def _accept(self):
        if self.path:
            self.server = await asyncio.start_unix_server(self._connected, self.path)
        else:
            self.server = await asyncio.start_server(self._connected, *self.address,
                                                     reuse_address=True)
            self.address = self.server.sockets[0].getsockname()[:2]

    async def _refuse(self):
        self.server.close()
        self.server = None
        self._cut()

    def _cut(self):
        for link in list(self.links):
            self.counts["cut"] += 1
            link.drop(UP)
            link.drop(DOWN)

    def accept(self):
        """Listens (again)."""
        if self.server is None:
            self._do(self._accept())

    def refuse(self):
        """Nobody listens any more, and who was connected is cut off."""
        if self.server is not None:
            self._do(self._refuse())

    def cut(self):
        """Resets all connections that are open now; how many there were."""
        async def cut():
            count = len(self.links)
            self._cut()
            return count
        return self._do(cut())

    @contextlib.contextmanager
    def harm(self, fault):
        """The fault is there while the block runs."""
        async def put():
            self.faults.append(fault)

        async def lift():
            self.faults.remove(fault)
            fault.lifted.set()

        self._do(put())
        try:
            yield fault
        finally:
            self._do(lift())

    def close(self):
        self.refuse()

        async def rest():
            others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        self._do(rest())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()
