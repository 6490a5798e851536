"""COMMITs that get lost between worker and PostgreSQL: the client is told what is true."""
import json
import uuid

import checker
import pytest
from service import FULL
from shapes import box_stl
from proxy import LoseCommit
from world import Caller, digest

TIMES = {"answer": 50, "request": 50 if FULL else 10, "late": 20 if FULL else 5}
# lost -> the answer, and whether the change is there
TRUTH = {"answer": (200, True), "request": (503, False), "late": (200, True)}


@pytest.fixture(scope="module")
def caller(hurt):
    return Caller(hurt, hurt.token("alice", org="acme"))


@pytest.fixture(scope="module")
def part(caller):
    return caller.create("shared.txt")


def lose(hurt, what, ask):
    """The answer to a request whose COMMIT gets lost."""
    with hurt.database.harm(LoseCommit(what, seconds=0.3, times=1)) as fault:
        status, headers, body = ask()
    assert fault.struck == 1, "no COMMIT was seen"
    assert status == TRUTH[what][0], (status, body)
    if status == 503:
        assert headers["Retry-After"] and json.loads(body)["status"] == 503
        assert headers["Content-Type"] == "application/problem+json"
    return TRUTH[what][1]


def held(caller, part, name):
    """The SHA-256 that a name holds; None for nothing."""
    status, _, body = caller.read(part, name)
    assert status in (200, 404), (status, body)
    return digest(body) if status == 200 else None


@pytest.mark.parametrize("what", TRUTH)
def test_upload_overwrite_delete(hurt, caller, part, what):
    """An upload, an overwrite, a delete: after 200 it is done, after 503 it is not."""
    for i in range(TIMES[what]):
        name = f"{what}{i}.bin"
        old, new = uuid.uuid4().bytes * 1000, uuid.uuid4().bytes * 1000
        done = lose(hurt, what, lambda: caller.upload(part, name, old))
        assert held(caller, part, name) == (digest(old) if done else None)
        if not done:
            assert caller.upload(part, name, old)[0] == 200
        done = lose(hurt, what, lambda: caller.upload(part, name, new, overwrite=True))
        assert held(caller, part, name) == digest(new if done else old)
        done = lose(hurt, what, lambda: caller.delete(part, name))
        assert (held(caller, part, name) is None) == done
    hurt.settle()
    checker.check(hurt)


@pytest.mark.parametrize("what", TRUTH)
def test_parts(hurt, caller, what):
    """A new part by its CAD, its CAD's end, its own end."""
    for i in range(TIMES[what] // 5):
        name = f"{uuid.uuid4().hex}.stl"
        done = lose(hurt, what, lambda: caller.upload("0", name, box_stl(), "cad"))
        found = hurt.sql(f"SELECT part_id FROM asset WHERE basename = '{name}'")
        assert bool(found) == done
        found = found or json.loads(caller.upload("0", name, box_stl(), "cad")[2])["part_id"]
        done = lose(hurt, what, lambda: caller.ask("DELETE", f"/api/v1/part/{found}/upload-file/"))
        assert (held(caller, found, name) is None) == done
        done = lose(hurt, what, lambda: caller.ask("DELETE", f"/api/v1/part/{found}/"))
        assert (hurt.sql(f"SELECT count(*) FROM part WHERE part_id = '{found}'") == "0") == done


def test_key_of_a_lost_commit(hurt, caller, part):
    """An upload whose COMMIT got lost, sent again with its Idempotency-Key, is there once."""
    for what in ("answer", "request"):
        key = {"Idempotency-Key": f'"{uuid.uuid4()}"'}
        name = f"key-{what}.bin"
        lose(hurt, what, lambda: caller.upload(part, name, b"once", more=key))
        status, headers, _ = caller.upload(part, name, b"once", more=key)
        assert status == 200
        assert headers.get("Idempotency-Replayed") == ("true" if what == "answer" else None)
