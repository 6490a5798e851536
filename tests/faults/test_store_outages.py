"""An S3 server that is away, silent, slow, or lies: 503 in time, nothing wrong is stored or served."""
import contextlib
import json
import os
import signal
import time
import uuid

import checker
import pytest
from service import FULL
from shapes import box_stl
from hurt import Hurt, small_disk
from load import Load, all_well, bad, ok
from minio_server import BUCKET
from proxy import Flip, Latency, Reset, Stall, Status, Swallow, Truncate
from world import PARTS, UNKNOWN, Caller, digest

FAULT_SECONDS = 6 if FULL else 2
TIME_LIMIT = 5


@pytest.fixture(scope="module")
def hurt():
    stack = Hurt(store="s3")
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def caller(hurt):
    return Caller(hurt, hurt.token("alice", org="acme"))


@pytest.fixture(autouse=True)
def calm(caller):
    """The store is asked again as ever: an earlier test may have made it look away."""
    deadline = time.monotonic() + 15
    while caller.upload("0", "calm.txt", b"calm")[0] != 200:
        assert time.monotonic() < deadline, "the store does not recover"
        time.sleep(0.1)


@pytest.fixture
def part(caller):
    return caller.create("part.txt")


@pytest.fixture
def load(hurt, caller):
    """As many clients as there are workers: none waits for another before it is served."""
    return Load(hurt, caller.token, clients=4)


# --- the server is away -------------------------------------------------------------------------

class Refused:
    """Nobody listens."""

    def __init__(self, hurt):
        self.hurt = hurt

    def __enter__(self):
        self.hurt.s3.refuse()

    def __exit__(self, *_):
        self.hurt.s3.accept()


class Killed(Refused):
    """MinIO dies, and comes back with its data."""

    def __enter__(self):
        self.hurt.minio.kill()

    def __exit__(self, *_):
        self.hurt.minio.start()


class Frozen(Refused):
    """MinIO takes connections and says nothing."""

    def __enter__(self):
        self.hurt.minio.kill(signal.SIGSTOP)

    def __exit__(self, *_):
        self.hurt.minio.kill(signal.SIGCONT)


def harm(fault):
    return lambda hurt: hurt.s3.harm(fault())


OUTAGES = {
    "refused": Refused, "killed": Killed, "frozen": Frozen,
    "hung": harm(Stall), "deaf": harm(lambda: Stall(way="up")),
    "500": harm(lambda: Status(500)), "503": harm(lambda: Status(503)),
    "403": harm(lambda: Status(403)), "307": harm(lambda: Status(307)),
    "reset": harm(Reset), "reset in the head": harm(lambda: Reset(after=50)),
    "cut in the head": harm(lambda: Truncate(after=50)),
}


# One of each sort; full runs take all.
SHORT = ("killed", "frozen", "503", "reset")


@pytest.mark.parametrize("outage", OUTAGES if FULL else SHORT)
def test_away(hurt, caller, load, outage):
    """Only 503 within 5 s, what needs no store goes on, and all is well 5 s after it ends."""
    with load:
        load.wait_for(ok, 8)
        with OUTAGES[outage](hurt):
            begun = time.monotonic()
            load.wait_for(bad, 4, since=begun)
            time.sleep(FAULT_SECONDS)
            over = time.monotonic()
        back = time.monotonic()
        load.wait_for(ok, 30, since=back + 5)
    print(f"{outage}: longest {load.longest():.2f} s, well after {load.recovered(back):.2f} s")
    load.judge(TIME_LIMIT)
    assert load.recovered(back) <= 5
    during = [each for each in load.seen if begun + 0.5 < each[0] and each[1] < over]
    assert not [each for each in during if each[2] in ("list", "get") and each[3] != 200]
    assert not [each for each in during if each[2] in ("read", "upload") and each[3] == 200]
    all_well(hurt, caller)


def test_silent_with_a_queue(hurt, caller):
    """More clients than workers: who waits behind those who meet the silence does not wait again."""
    with Load(hurt, caller.token, clients=16) as load:
        load.wait_for(ok, 16)
        with Frozen(hurt):
            load.wait_for(bad, 4, since=time.monotonic())
            time.sleep(FAULT_SECONDS)
        back = time.monotonic()
        load.wait_for(ok, 30, since=back + 5)
    print(f"queue: longest {load.longest():.2f} s, well after {load.recovered(back):.2f} s")
    load.judge(TIME_LIMIT)
    assert load.recovered(back) <= 5


def test_slow(hurt, caller, load):
    """Half a second more for each answer is no outage."""
    with load, hurt.s3.harm(Latency(0.3)):
        load.wait_for(ok, 40)
    load.judge(TIME_LIMIT, also=(200,))
    assert {status for _, _, _, status, *_ in load.seen} == {200}


def test_slow_removals_hold_up_no_job(hurt, caller, part):
    """A job starts while the collector waits for a store that takes its time to remove each object."""
    names = [f"slow{i}.bin" for i in range(16)]
    assert {caller.upload(part, name, b"x")[0] for name in names} == {200}
    assert {caller.delete(part, name)[0] for name in names} == {200}
    hurt.sql("UPDATE object_tombstone SET due_at = now() + interval '1 hour'")
    with hurt.s3.harm(Latency(0.4)) as fault:
        hurt.sql("UPDATE object_tombstone SET due_at = now()")
        deadline = time.monotonic() + 15
        while not fault.struck:
            assert time.monotonic() < deadline, "the collector does not begin"
            time.sleep(0.01)
        job = f"FROM job WHERE part_id = '{caller.create('meanwhile.stl', box_stl(), 'cad')}'"
        while not hurt.sql(f"SELECT claimed_at {job}"):
            assert time.monotonic() < deadline + 15, "the job does not start"
            time.sleep(0.01)
        left = hurt.sql("SELECT count(*) FROM object_tombstone")
    assert float(hurt.sql(f"SELECT extract(epoch FROM claimed_at - created_at) {job}")) < 1.5
    assert left != "0", "the collector had ended before"
    hurt.settle()


# --- single faults are mended by another try ------------------------------------------------------

def came_in_parts(hurt, name):
    """By the ETag that MinIO gives an object."""
    key = hurt.sql(f"SELECT object_key FROM asset WHERE basename = '{name}'")
    return "-" in hurt.minio.client().head_object(Bucket=BUCKET, Key=key)["ETag"]


@pytest.mark.parametrize("fault", [
    lambda: Status(503, times=1), lambda: Status(500, times=2), lambda: Reset(times=1),
    lambda: Truncate(after=30, times=1), lambda: Swallow(times=1), lambda: Swallow(times=2),
    lambda: Flip(way="up", times=1)],
    ids=["503", "500 twice", "reset", "cut", "answer lost", "answer lost twice", "bit"])
@pytest.mark.parametrize("size", [1000, PARTS], ids=["whole", "parts"])
def test_one_fault(hurt, caller, part, fault, size):
    """An upload that meets one is 200 and whole, or 503 and nothing; nothing is left behind."""
    content = os.urandom(size)
    with hurt.s3.harm(fault()) as fault:
        status, _, body = caller.upload(part, f"{uuid.uuid4().hex}.bin", content)
    assert fault.struck >= 1
    # Other bytes than were signed are the one thing that another try may not be for.
    assert status == 200 or (status == 503 and isinstance(fault, Flip)), hurt.logs()
    if status == 200:
        name = next(iter(json.loads(body)["assets"].values()))["basename"]
        assert digest(caller.read(part, name)[2]) == digest(content)
        assert came_in_parts(hurt, name) == (size == PARTS)
    hurt.settle()
    checker.check(hurt)


def test_bytes_that_change(hurt, caller, part):
    """Uploads whose bytes change on their way are 503, and nothing of them is stored."""
    with hurt.s3.harm(Flip(way="up")) as fault:
        for size in (1, 1000, PARTS):
            status, headers, _ = caller.upload(part, f"flip{size}.bin", os.urandom(size))
            assert status == 503 and headers["Retry-After"]
    assert fault.struck >= 3
    assert hurt.sql("SELECT count(*) FROM asset WHERE basename LIKE 'flip%'") == "0"
    time.sleep(1.5)
    hurt.settle()
    checker.check(hurt)


# --- downloads --------------------------------------------------------------------------------------

@pytest.mark.parametrize("fault", [Reset, Truncate])
@pytest.mark.parametrize("after", [0, 100, 3000, 300_000, (3 << 20) - 1])
def test_download_cut(hurt, caller, part, fault, after):
    """A download that is cut on its way from the store never ends as a clean 200."""
    content = os.urandom(3 << 20)
    assert caller.upload(part, "cut.bin", content, overwrite=True)[0] == 200
    with hurt.s3.harm(fault(after=after)) as fault:
        try:
            status, headers, body = caller.read(part, "cut.bin")
            assert status == 503 and headers["Retry-After"], (status, len(body))
        except UNKNOWN:
            pass
    assert fault.struck >= 1
    time.sleep(1.2)
    assert caller.read(part, "cut.bin")[2] == content


def test_cut_picture_is_not_kept(hurt, caller):
    """A picture that was cut on its way into nginx's cache is fetched again."""
    part = caller.create("picture.stl", box_stl(), "cad")
    hurt.settle()
    path = f"/api/v1/part/{part}/thumbnail-file/"
    with hurt.s3.harm(Truncate(after=1500)) as fault:
        for _ in range(3):
            try:
                assert caller.ask("GET", path)[0] == 503
            except UNKNOWN:
                pass
    assert fault.struck >= 1
    status, headers, body = caller.ask("GET", path)
    assert status == 200 and headers["ETag"] == f'"{digest(body)}"'
    with hurt.s3.harm(Reset()) as fault:
        assert caller.ask("GET", path)[2] == body
    assert fault.struck == 0, "the second download has asked the store"


def test_kept_picture_while_away(hurt, caller):
    """While the store is known to be silent, kept pictures are there and others are 503 at once."""
    paths = [f"/api/v1/part/{caller.create(name, box_stl(), 'cad')}/thumbnail-file/"
             for name in ("kept.stl", "other.stl")]
    hurt.settle()
    picture = caller.ask("GET", paths[0])[2]
    with Frozen(hurt):
        assert caller.upload("0", "lost.bin", b"lost")[0] == 503
        began = time.monotonic()
        status, headers, body = caller.ask("GET", paths[0])
        assert status == 200 and body == picture and headers["ETag"] == f'"{digest(body)}"'
        status, headers, body = caller.ask("GET", paths[1])
        assert status == 503 and headers["Retry-After"], body
        assert time.monotonic() - began < 1
    deadline = time.monotonic() + TIME_LIMIT
    while caller.ask("GET", paths[1])[0] != 200:
        assert time.monotonic() < deadline, "the store does not recover"
        time.sleep(0.1)


def test_analysis_of_changed_bytes(hurt, caller):
    """A CAD whose bytes change on their way to the job is not analysed; the next try is."""
    name = uuid.uuid4().hex.encode()
    right = caller.create("right.stl", box_stl(name=name), "cad")
    hurt.settle()
    # The exponent's last bit of the first corner, in a file of other content.
    with hurt.s3.harm(Flip(at=84 + 12 + 2, times=1)) as fault:
        wrong = caller.create("wrong.stl", box_stl(name=name[::-1]), "cad")
        deadline = time.monotonic() + 20
        while not fault.struck and time.monotonic() < deadline:
            time.sleep(0.01)
        assert fault.struck == 1
    hurt.settle()
    figures = [hurt.sql(f"SELECT results FROM asset WHERE part_id = '{part}'")
               for part in (right, wrong)]
    assert figures[0] == figures[1] != "{}"


# --- its disk ---------------------------------------------------------------------------------------

@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_disk_full():
    """A store without room refuses; what was stored before is whole, and deleting makes room."""
    with contextlib.ExitStack() as disks:
        stack = Hurt(grace=0, store="s3", prepare=lambda folder: disks.enter_context(
            small_disk(f"{folder}/minio", 64)))
        try:
            caller = Caller(stack, stack.token("alice"))
            kept = []
            # To the brim: where more than a twentieth is free, MinIO keeps what is deleted for minutes.
            for size in (5, 1):
                answer = (200,)
                while answer[0] == 200:
                    began, name = time.monotonic(), f"{len(kept)}.bin"
                    answer = caller.upload("0", name, bytes(size << 20))
                    if answer[0] == 200:
                        kept.append((json.loads(answer[2])["part_id"], name, size))
                assert answer[0] == 507, stack.logs()
                assert time.monotonic() - began <= TIME_LIMIT
            assert len(kept) > 3
            for part, name, size in kept:
                assert caller.read(part, name)[2] == bytes(size << 20)
            for part, name, _ in kept[:3]:
                assert caller.delete(part, name)[0] == 200
            stack.collect()
            # MinIO frees what it has deleted a moment later.
            deadline = time.monotonic() + 20
            while caller.upload("0", "again.bin", bytes(5 << 20))[0] != 200:
                assert time.monotonic() < deadline, "there is no room after a delete"
                time.sleep(0.2)
            checker.check(stack)
        finally:
            stack.close()
