"""Many requests about one thing at once: one order of them explains all answers."""
import json
import threading
import time
import uuid

import checker
import pytest
from service import FULL
from shapes import box_stl
from world import Caller, digest

ROUNDS = 20 if FULL else 3


@pytest.fixture(scope="module")
def caller(hurt):
    return Caller(hurt, hurt.token("alice", org="acme"))


def together(asks):
    """All at once; (begun, ended, status, body) of each."""
    start, results = threading.Barrier(len(asks)), [None] * len(asks)

    def run(i):
        start.wait()
        began = time.monotonic()
        status, _, body = asks[i]()
        results[i] = (began, time.monotonic(), status, body)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(asks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert None not in results, "a request has failed"
    return results


def statuses(results):
    return sorted(status for _, _, status, _ in results)


def well(hurt):
    hurt.settle()
    checker.check(hurt)


@pytest.mark.parametrize("kind", ["misc", "cad"])
def test_equal_uploads(hurt, caller, kind):
    """50 uploads of one name without overwrite: one is stored, 49 are told that it exists."""
    part = caller.create("first.txt")
    contents = [box_stl() for _ in range(50)]
    results = together([lambda c=content: caller.upload(part, "same.stl", c, kind)
                        for content in contents])
    assert statuses(results) == [200] + [409] * 49
    winner = next(i for i, result in enumerate(results) if result[2] == 200)
    assert caller.read(part, "same.stl")[2] == contents[winner]
    assert json.loads(next(r[3] for r in results if r[2] == 409))["detail"] == \
        "Asset already exists."
    well(hurt)


@pytest.mark.parametrize("kind", ["misc", "cad"])
def test_equal_overwrites(hurt, caller, kind):
    """50 overwrites of one name: all succeed, one that ended last is there, the rest is collected."""
    part = caller.create("first.txt")
    contents = [box_stl() for _ in range(50)]
    results = together([lambda c=content: caller.upload(part, "same.stl", c, kind, True)
                        for content in contents])
    assert statuses(results) == [200] * 50
    held = caller.read(part, "same.stl")[2]
    assert held in contents
    winner = results[contents.index(held)]
    later = [result for result in results if result[0] > winner[1]]
    assert not later, "requests that began after the winner's end have lost"
    row = hurt.sql(f"SELECT encode(sha256, 'hex') FROM asset WHERE part_id = '{part}'"
                   " AND basename = 'same.stl'")
    assert row == digest(held)
    well(hurt)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_delete_part_against_uploads(hurt, caller, round_):
    """DELETE of a part against 20 uploads to it: an upload is before it or is 404; nothing is left."""
    part = caller.create("first.stl", box_stl(), "cad")
    asks = [lambda i=i: caller.upload(part, f"{i % 10}.stl", box_stl(), "cad" if i % 2 else "misc",
                                      overwrite=True) for i in range(20)]
    asks.insert(round_ % 20, lambda: caller.ask("DELETE", f"/api/v1/part/{part}/"))
    results = together(asks)
    deleted = results.pop(round_ % 20)
    assert deleted[2] == 200, deleted
    assert set(statuses(results)) <= {200, 404}, results
    assert not [r for r in results if r[2] == 200 and r[0] > deleted[1]]
    assert not [r for r in results if r[2] == 404 and r[1] < deleted[0]]
    assert hurt.sql(f"SELECT count(*) FROM asset WHERE part_id = '{part}'") == "0"
    assert caller.ask("GET", f"/api/v1/part/{part}/")[0] == 404
    if round_ == ROUNDS - 1:
        well(hurt)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_delete_asset_against_overwrites(hurt, caller, round_):
    """DELETE of an asset against overwrites and readers: what is there at the end is one of them."""
    part = caller.create("name.bin", b"old")
    contents = [uuid.uuid4().bytes * 5000 for _ in range(8)]
    asks = [lambda c=content: caller.upload(part, "name.bin", c, overwrite=True)
            for content in contents]
    asks += [lambda: caller.delete(part, "name.bin")] * 2
    asks += [lambda: caller.read(part, "name.bin")] * 8
    results = together(asks)
    assert statuses(results[:8]) == [200] * 8
    assert set(statuses(results[8:10])) <= {200, 404}
    for _, _, status, body in results[10:]:
        assert status == 404 or (status == 200 and body in [b"old", *contents]), (status, len(body))
    status, _, body = caller.read(part, "name.bin")
    assert status == 404 or body in contents
    if round_ == ROUNDS - 1:
        well(hurt)
