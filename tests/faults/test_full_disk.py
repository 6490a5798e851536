"""Full disks: 507 at once, and the space is free again with the answer."""
import contextlib
import json
import os
import threading
import time

import checker
import pytest
from hurt import Hurt, small_disk
from world import Caller

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")


def used(folder):
    """Bytes in use; an inode that was freed may be counted a moment longer."""
    deadline = time.monotonic() + 1
    while True:
        info = os.statvfs(folder)
        bytes_used = (info.f_blocks - info.f_bfree) * info.f_frsize
        if bytes_used == 0 or time.monotonic() > deadline:
            return bytes_used
        time.sleep(0.01)


def upload(caller, megabytes, name="big.bin"):
    began = time.monotonic()
    answer = caller.upload("0", name, bytes(megabytes << 20))
    return answer, time.monotonic() - began


def assert_full(answer, seconds):
    status, headers, body = answer
    assert status == 507, (status, body[:200])
    assert headers["Content-Type"] == "application/problem+json"
    problem = json.loads(body)
    assert problem["detail"] == "Insufficient storage." and problem["status"] == 507
    assert seconds <= 5


@pytest.fixture(scope="module")
def small():
    """A stack whose spool holds 4 MiB."""
    with contextlib.ExitStack() as disks:
        stack = Hurt(spool="spool", prepare=lambda folder: disks.enter_context(
            small_disk(f"{folder}/spool", 4)))
        yield stack
        stack.close()


def test_spool(small):
    """A file that does not fit is 507; nothing of it is left, and smaller ones go on."""
    caller = Caller(small, small.token("alice"))
    for _ in range(3):
        assert_full(*upload(caller, 6))
        assert used(small.env["FILEAPI_SPOOL"]) == 0
        answer, _ = upload(caller, 2)
        assert answer[0] == 200, answer
        assert used(small.env["FILEAPI_SPOOL"]) == 0
    assert small.sql("SELECT count(*) FROM asset WHERE size > 2 << 20") == "0"
    small.settle()
    checker.check(small)


def test_spool_shared(small):
    """Uploads at once that do not all fit: each is 200 or 507, and then there is room for all."""
    caller = Caller(small, small.token("alice"))
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(upload(caller, 2)[0][0]))
               for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 12 and set(answers) <= {200, 507}, answers
    assert used(small.env["FILEAPI_SPOOL"]) == 0
    assert upload(caller, 2)[0][0] == 200


def test_front(small):
    """nginx's own folder for bodies is full: 507 too, its space is freed, and it goes on."""
    caller = Caller(small, small.token("alice"))
    with small_disk(f"{small.folder}/tmp/client", 1) as disk:
        for _ in range(3):
            assert_full(*upload(caller, 2))
            assert used(disk) == 0
    assert upload(caller, 2)[0][0] == 200


def test_store():
    """The store is full: 507; what was stored before is whole, and after a delete there is room."""
    with contextlib.ExitStack() as disks:
        stack = Hurt(grace=0, prepare=lambda folder: disks.enter_context(
            small_disk(f"{folder}/store", 6)))
        try:
            caller = Caller(stack, stack.token("alice"))
            answer, _ = upload(caller, 3, "first.bin")
            assert answer[0] == 200
            part = json.loads(answer[2])["part_id"]
            for _ in range(3):
                assert_full(*upload(caller, 4))
            assert caller.read(part, "first.bin")[2] == bytes(3 << 20)
            assert caller.delete(part, "first.bin")[0] == 200
            stack.collect()
            assert upload(caller, 4)[0][0] == 200
            checker.check(stack)
        finally:
            stack.close()
