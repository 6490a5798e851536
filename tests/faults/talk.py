"""What passes through the fault proxy, divided as its protocol divides it.

split(way, data) yields (kind, bytes); together the bytes are the data, later perhaps, never changed.
"""
import struct


class Raw:
    """Bytes without meaning."""

    def split(self, way, data):
        yield "bytes", data

    def sent(self, way, kind, piece):
        """A piece was let through (empty: it was taken out)."""

    def rest(self, way):
        """What a side had begun to say when it ended."""
        return b""


class _Buffered(Raw):
    def __init__(self):
        self.buffers = {"up": b"", "down": b""}

    def rest(self, way):
        rest, self.buffers[way] = self.buffers[way], b""
        return rest


class Http(_Buffered):
    """HTTP/1.1 messages: "head", then "body" pieces, or "chunk" pieces where its length is not known
    beforehand."""

    def __init__(self):
        super().__init__()
        self.left = {"up": 0, "down": 0}  # bytes of body to come; None: until a chunk of none
        self.body_passed = {"up": 0, "down": 0}
        self.methods = []  # asked and not yet answered
        self.method = None  # of the answer that passes

    def split(self, way, data):
        self.buffers[way] += data
        while buffer := self.buffers[way]:
            if self.left[way] is None:
                length, kind = self._chunk(way, buffer), "chunk"
            elif self.left[way] > 0:
                length, kind = min(self.left[way], len(buffer)), "body"
                self.left[way] -= length
            else:
                length, kind = buffer.find(b"\r\n\r\n") + 4, "head"
                if length < 4:
                    return
                self._begin(way, buffer[:length])
            if length == 0:
                return
            self.buffers[way] = buffer[length:]
            yield kind, buffer[:length]

    def sent(self, way, kind, piece):
        if kind == "body":
            self.body_passed[way] += len(piece)

    def _begin(self, way, head):
        first, *lines = head.split(b"\r\n")
        headers = {name.strip().lower(): value.strip()
                   for name, _, value in (line.partition(b":") for line in lines)}
        self.body_passed[way] = 0
        self.left[way] = int(headers.get(b"content-length", 0))
        if b"chunked" in headers.get(b"transfer-encoding", b""):
            self.left[way] = None
        if way == "up":
            self.methods.append(first.split(b" ")[0])
            return
        status = int(first.split(b" ")[1])
        self.method = self.methods[0] if self.methods else None
        if status >= 200 and self.methods:
            self.methods.pop(0)
        if self.method == b"HEAD" or status < 200 or status in (204, 304):
            self.left[way] = 0
        elif b"content-length" not in headers and self.left[way] == 0:
            self.left[way] = 1 << 62  # until the connection ends

    def _chunk(self, way, buffer):
        """The length of the whole chunk at the start of the buffer; 0: it is not there yet."""
        end = buffer.find(b"\r\n")
        if end < 0:
            return 0
        size = int(buffer[:end].split(b";")[0], 16)
        if size > 0:
            length = end + 2 + size + 2
            return length if len(buffer) >= length else 0
        # The last one, and trailers up to an empty line.
        end = buffer.find(b"\r\n\r\n") + 4
        if end < 4:
            return 0
        self.left[way] = 0
        return end


class Postgres(_Buffered):
    """PostgreSQL's messages, version 3.0: the kind is the message's type, "" before the session.

    COMMIT is recognised as simple query and as execution of a prepared statement."""

    SSL, GSS = 80877103, 80877104

    def __init__(self):
        super().__init__()
        self.untyped = True  # the client has not said who it is
        self.bare = 0  # answers of one byte to come
        self.statements = {}  # prepared statement -> whether it is COMMIT
        self.portals = {}
        self.committing = False

    def split(self, way, data):
        self.buffers[way] += data
        while buffer := self.buffers[way]:
            if way == "down" and self.bare > 0:
                self.bare -= 1
                length, kind = 1, ""
            else:
                head = 0 if way == "up" and self.untyped else 1
                if len(buffer) < head + 4:
                    return
                length = head + struct.unpack_from(">I", buffer, head)[0]
                if len(buffer) < length:
                    return
                kind = buffer[:head].decode("latin-1")
            piece = buffer[:length]
            if way == "up":
                self._note(kind, piece)
            self.buffers[way] = buffer[length:]
            yield kind, piece

    def _note(self, kind, piece):
        if kind == "":
            if struct.unpack_from(">I", piece, 4)[0] in (self.SSL, self.GSS):
                self.bare += 1
            else:
                self.untyped = False
        elif kind == "P":
            name, sql = piece[5:].split(b"\0")[:2]
            self.statements[name] = self._is_commit(sql)
        elif kind == "B":
            portal, name = piece[5:].split(b"\0")[:2]
            self.portals[portal] = self.statements.get(name, False)

    @staticmethod
    def _is_commit(sql):
        return sql.strip().rstrip(b";").strip().upper() in (b"COMMIT", b"END", b"COMMIT WORK")

    def commits(self, kind, piece):
        """True for the client's message that commits."""
        return (kind == "Q" and self._is_commit(piece[5:].rstrip(b"\0"))) or (
            kind == "E" and self.portals.get(piece[5:].split(b"\0")[0], False))

    def sent(self, way, kind, piece):
        if way == "up" and piece and self.commits(kind, piece):
            self.committing = True

    def ends_commit(self, kind, piece):
        """True for the server's message that tells what became of COMMIT."""
        ends = self.committing and (kind == "E" or (
            kind == "C" and piece[5:].rstrip(b"\0") in (b"COMMIT", b"ROLLBACK")))
        if ends:
            self.committing = False
        return ends
