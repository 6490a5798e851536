"""Clients that upload, overwrite, delete and read, and what each name may hold therefore.

A name (slot) belongs to one client, so its history is a sequence.  After an answer it holds what the
answer says; after none it may hold the old or the new, whole, and is not written again.
"""
import hashlib
import http.client
import json
import random
import socket
import ssl
import threading
import time
import urllib.parse
import uuid

from shapes import box_stl

SIZES = [0, 1, 5000, 120_000, 1_500_000]
PARTS = 17 << 20  # is sent to an S3 server in parts, by the setting of Hurt
UNKNOWN = (OSError, http.client.HTTPException)  # no answer came, or not all of it


def digest(content):
    return hashlib.sha256(content).hexdigest()


class Caller:
    """HTTP without retries: an answer is whole, or there is none."""

    def __init__(self, stack, token):
        self.url = urllib.parse.urlsplit(stack.url)
        self.address = stack.front.address
        self.tls = ssl.create_default_context(cafile=stack.ca)
        self.token = token

    def ask(self, method, path, body=None, more=None, timeout=40):
        """Status, headers and body; one of UNKNOWN when they did not come."""
        connection = http.client.HTTPSConnection(self.url.hostname, self.url.port, timeout=timeout)
        raw = socket.create_connection(self.address, timeout=timeout)
        try:
            connection.sock = self.tls.wrap_socket(raw, server_hostname=self.url.hostname)
            headers = {"Authorization": f"Bearer {self.token}", **(more or {})}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()
            raw.close()

    def upload(self, part, name, content, kind="misc", overwrite=False, more=None):
        form = b"".join(b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % field
                        for field in ((b"asset_type", kind.encode()),
                                      (b"overwrite", b"true" if overwrite else b"false")))
        form += (b'--B\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n'
                 b'%s\r\n--B--\r\n' % (name.encode(), content))
        return self.ask("POST", f"/api/v1/part/{part}/assets/", form,
                        {"Content-Type": "multipart/form-data; boundary=B", **(more or {})})

    def create(self, name, content=b"new", kind="misc"):
        """A new part with this file; its id."""
        status, _, body = self.upload("0", name, content, kind)
        assert status == 200, body
        return json.loads(body)["part_id"]

    def read(self, part, name):
        return self.ask("GET", f"/api/v1/part/{part}/assets/?basename={name}")

    def delete(self, part, name):
        return self.ask("DELETE", f"/api/v1/part/{part}/assets/?basename={name}")


class Slot:
    """A name in a part, and what it may hold: SHA-256s, None for nothing."""

    def __init__(self, part, name, kind):
        self.part, self.name, self.kind = part, name, kind
        self.allowed = {None}
        self.settled = True  # what it holds is known
        self.history = [(time.monotonic(), self.allowed)]

    def may(self, *more):
        """From now on it may hold these too."""
        self.allowed = self.allowed | set(more)
        self.history.append((time.monotonic(), self.allowed))

    def holds(self, sha256):
        self.allowed = {sha256}
        self.history.append((time.monotonic(), self.allowed))

    def between(self, began, ended):
        """What a reader may have seen in that time."""
        seen = set()
        for i, (since, allowed) in enumerate(self.history):
            until = self.history[i + 1][0] if i + 1 < len(self.history) else float("inf")
            if since <= ended and until >= began:
                seen |= allowed
        return seen

    def __repr__(self):
        return f"{self.part}/{self.name} {self.allowed}"


class World:
    """All names of a run, what was found wrong, and how much was done."""

    def __init__(self, stack, token, seed):
        self.stack, self.token, self.seed = stack, token, seed
        self.slots = []
        self.wrong = []
        self.done = {"answered": 0, "unknown": 0, "read": 0}
        self.stop = threading.Event()
        self.shared = Caller(stack, token).create(f"{uuid.uuid4().hex}.txt")

    def run(self, clients, readers, meanwhile):
        """Clients and readers work until `meanwhile` has returned."""
        crew = [Client(self, i) for i in range(clients)] + [Reader(self, i) for i in range(readers)]
        for member in crew:
            member.start()
        try:
            meanwhile()
        finally:
            self.stop.set()
            for member in crew:
                member.join(90)
        assert not any(member.is_alive() for member in crew), "a client hangs"

    def verify(self):
        """Every name holds what it may, by download."""
        caller = Caller(self.stack, self.token)
        for slot in list(self.slots):
            if slot.part is None:
                slot.part = self.stack.sql(
                    f"SELECT replace(part_id::text, '-', '') FROM asset WHERE basename = '{slot.name}'")
            if slot.part:
                answer = caller.read(slot.part, slot.name)
                self.wrong += examine(slot, answer, slot.allowed)
                if answer[0] >= 500:
                    self.wrong.append(f"{slot}: status {answer[0]} at rest")
            elif None not in slot.allowed:
                self.wrong.append(f"{slot}: its part is lost")

    def remove(self):
        """Deletes all parts of the run; afterwards nothing of it is there."""
        caller = Caller(self.stack, self.token)
        for part in {self.shared, *(slot.part for slot in self.slots if slot.part)}:
            status, _, body = caller.ask("DELETE", f"/api/v1/part/{part}/")
            assert status in (200, 404), (status, body)


def examine(slot, answer, allowed):
    """What is wrong with the answer of a download."""
    status, headers, body = answer
    if status >= 500 and status != 500:
        return []
    if status == 404:
        return [] if None in allowed else [f"{slot}: lost, {body[:200]}"]
    if status != 200:
        return [f"{slot}: status {status} {body[:200]}"]
    if digest(body) not in allowed:
        return [f"{slot}: {len(body)} bytes of {digest(body)}, allowed is {allowed}"]
    if headers["ETag"] != f'"{digest(body)}"':
        return [f"{slot}: ETag {headers['ETag']} of {digest(body)}"]
    return []


class Member(threading.Thread):
    def __init__(self, world, number, role):
        super().__init__(daemon=True)
        self.world = world
        self.random = random.Random(f"{world.seed}/{role}/{number}")
        self.caller = Caller(world.stack, world.token)

    def run(self):
        try:
            while not self.world.stop.is_set():
                self.step()
        except Exception as error:  # pylint: disable=broad-except
            self.world.wrong.append(f"{type(self).__name__}: {error!r}")


class Reader(Member):
    """Sees whole files only, old or new."""

    def __init__(self, world, number):
        super().__init__(world, number, "reader")

    def step(self):
        slots = [slot for slot in self.world.slots if slot.part]
        if not slots:
            time.sleep(0.01)
            return
        slot = self.random.choice(slots[-12:])
        began = time.monotonic()
        try:
            answer = self.caller.read(slot.part, slot.name)
        except UNKNOWN:
            time.sleep(0.02)
            return
        self.world.done["read"] += 1
        self.world.wrong += examine(slot, answer, slot.between(began, time.monotonic()))


class Client(Member):
    """Writes to a part of its own and to one that all share, a name at a time."""

    def __init__(self, world, number):
        super().__init__(world, number, "client")
        self.part = None
        self.slots = []

    def step(self):
        if self.part is None:
            self.create_part()
            return
        known = [slot for slot in self.slots if slot.settled]
        full = [slot for slot in known if slot.allowed != {None}]
        actions = [self.create] * 3
        if full:
            actions += [self.overwrite] * 4 + [self.duplicate, self.delete, self.delete]
        if any(slot.kind == "cad" and slot.part == self.part for slot in full):
            actions += [self.delete_cad]
        if len(self.slots) > 6:
            actions += [self.delete_part]
        self.random.choice(actions)(full)

    # --- what it does ---

    def create_part(self):
        slot = Slot(None, f"{uuid.uuid4().hex}.stl", "cad")
        self.world.slots.append(slot)
        answer = self.put(slot, box_stl(), part="0")
        if answer:
            self.part = slot.part = json.loads(answer)["part_id"]
            self.slots.append(slot)

    def create(self, _):
        kind = self.random.choice(["misc", "misc", "cad"])
        part = self.world.shared if kind == "misc" and self.random.random() < 0.5 else self.part
        slot = Slot(part, uuid.uuid4().hex + (".stl" if kind == "cad" else ".bin"), kind)
        self.world.slots.append(slot)
        self.slots.append(slot)
        self.put(slot, self.content(kind))

    def overwrite(self, full):
        slot = self.random.choice(full)
        self.put(slot, self.content(slot.kind), overwrite=True)

    def duplicate(self, full):
        """A name that is taken stays as it is, whatever the answer."""
        slot = self.random.choice(full)
        self.write([slot], lambda: self.caller.upload(slot.part, slot.name, b"twice"), 409)

    def delete(self, full):
        slot = self.random.choice(full)
        slot.may(None)
        self.write([slot], lambda: self.caller.delete(slot.part, slot.name), 200,
                   lambda: slot.holds(None))

    def delete_cad(self, _):
        self.delete_all([slot for slot in self.slots
                         if slot.kind == "cad" and slot.part == self.part], "upload-file/")

    def delete_part(self, _):
        mine = [slot for slot in self.slots if slot.part == self.part]
        self.delete_all(mine, "")
        self.slots = [slot for slot in self.slots if slot not in mine]
        self.part = None

    # --- how ---

    def content(self, kind):
        if kind == "cad":
            return box_stl()
        several = self.world.stack.minio and self.random.random() < 0.06
        size = PARTS if several else self.random.choice(SIZES)
        return self.random.randbytes(size) + uuid.uuid4().bytes

    def put(self, slot, content, part=None, overwrite=False):
        new = digest(content)
        slot.may(new)
        return self.write([slot], lambda: self.caller.upload(part or slot.part, slot.name, content,
                                                             slot.kind, overwrite),
                          200, lambda: slot.holds(new))

    def delete_all(self, slots, path):
        for slot in slots:
            slot.may(None)
        self.write(slots, lambda: self.caller.ask("DELETE", f"/api/v1/part/{self.part}/{path}"),
                   200, lambda: [slot.holds(None) for slot in slots])

    def write(self, slots, ask, expected, then=lambda: None):
        """The answer's body, when it came and says that it is done."""
        try:
            status, headers, body = ask()
        except UNKNOWN:
            status = None
        if status == expected:
            self.world.done["answered"] += 1
            then()
            return body
        self.world.done["unknown"] += 1
        for slot in slots:
            slot.settled = False
        if status is not None and status not in (502, 503, 504):
            self.world.wrong.append(f"{slots}: answer {status} {body[:300]}"
                                    f" (request id {headers['X-Request-Id']})")
        time.sleep(0.05)
        return None
