"""fileapictl store migrate: every owned object arrives whole, whatever interrupts, whoever uploads."""
import asyncio
import os
import random
import re
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

import pytest
import sides
from database import Session
from objects import Bucket

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))
import proxy as faults  # noqa: E402

PARTS = re.compile(r"(\d+) objects \((\d+) bytes\) copied, (\d+) were there.*, (\d+) are gone by now,"
                   r" (\d+) failed")


@pytest.fixture
def pair(quiet, minio):
    """A directory and a bucket, both empty, and rows of neither."""
    pair = {kind: sides.Rig(quiet, kind, minio) for kind in ("directory", "s3")}
    for rig in pair.values():
        rig.clean()
    return pair


@pytest.fixture
def relay(pair):
    """Between fileapictl and the bucket's server."""
    url = urllib.parse.urlsplit(pair["s3"].env["AWS_ENDPOINT_URL_S3"])
    relay = faults.Proxy((url.hostname, url.port), faults.Http)
    yield relay
    relay.close()


def migrate(rig, to, *arguments, status=0, **env):
    """(copied, there, gone, failed), and all that was said; `rig` holds the bucket's settings."""
    done = rig.ctl("store", "migrate", "--to", to, *arguments, **env)
    assert done.returncode == status, done.stdout + done.stderr
    copied, _, *rest = map(int, PARTS.search(done.stdout).groups())
    return (copied, *rest), done.stdout + done.stderr


def assert_same(stack, side, extra=frozenset()):
    """The other store has exactly what rows own, byte for byte, by a reader that is not fileapi."""
    assert side.names() == set(sides.owned(stack)) | extra
    sides.assert_whole(stack, side)


@pytest.mark.parametrize("to", ["s3", "directory"])
def test_killed_and_resumed(quiet, pair, to):
    """Killed twice in the middle and started again, it copies the rest once and all of it whole."""
    source = pair["directory" if to == "s3" else "s3"]
    target, env = pair[to], pair["s3"]
    chance = random.Random(5)
    total = 1000  # some are left when the second kill strikes, also where it comes late
    source.fill(total, content=lambda i: chance.randbytes(chance.choice((0, 1, 1000, 70000))))
    before = source.side.names()
    source.tombstone(source.object(), 60)
    source.intent(source.object(), 60)
    for wanted in (100, 250):
        with subprocess.Popen(**env.command("store", "migrate", "--to", to)) as process:
            deadline = time.monotonic() + 60
            while len(target.side.names()) < wanted:
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.01)
            process.kill()
    there = len(target.side.names())
    assert wanted <= there < total
    result, told = migrate(env, to)
    assert result == (total - there, there, 0, 0)
    assert_same(quiet, target.side)
    assert migrate(env, to, "--verify")[0] == (0, total, 0, 0)
    assert source.side.names() >= before and len(source.side.names()) == total + 2
    assert "run this command again" in told.lower() and "fileapictl fsck --repair" in told


class AtOnce(faults.Fault):
    """No fault but a little time: how many requests are on their way together, at most."""

    def __init__(self):
        super().__init__(way=faults.UP)
        self.now = self.most = 0

    async def apply(self, link, kind, piece):
        if kind == "head" and piece.startswith(b"PUT "):
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.05)
            self.now -= 1
        return piece


def test_several_at_a_time(quiet, pair, relay):
    """As many objects are on their way as was asked for, and no more; every key is someone's share."""
    pair["directory"].fill(100)
    at = {"AWS_ENDPOINT_URL_S3": "http://%s:%d" % relay.address}
    for number in (1, 5):
        for name in pair["s3"].side.names():
            pair["s3"].side.delete(name)
        with relay.harm(AtOnce()) as seen:
            assert migrate(pair["s3"], "s3", "--parallel", str(number), **at)[0] == (100, 0, 0, 0)
        assert seen.most == number
        assert_same(quiet, pair["s3"].side)


def test_store_away_in_the_middle(quiet, pair, relay):
    """One that finds the store away ends them all, with how far they came; the next run copies the rest."""
    source, target = pair["directory"], pair["s3"]
    source.fill(200)
    command = target.command("store", "migrate", "--to", "s3",
                             AWS_ENDPOINT_URL_S3="http://%s:%d" % relay.address)
    with relay.harm(faults.Latency(0.05)), \
            subprocess.Popen(**command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while len(target.side.names()) < 30:
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.01)
        relay.refuse()
        relay.cut()
        told = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert re.search(r"after \d+ of 200 objects", told) and "HINT: run it again" in told, told
    there = len(target.side.names())
    assert 30 <= there < 200
    assert migrate(target, "s3")[0] == (200 - there, there, 0, 0)
    assert_same(quiet, target.side)


def test_bad_bytes_do_not_travel(quiet, pair):
    """What is not as its row says is named and not copied; a bad copy is replaced by a good one."""
    source, target = pair["directory"], pair["s3"]
    source.fill(6)
    keys = sorted(source.side.names())
    good = source.side.get(keys[0])
    source.side.put(keys[0], b"?" + good[1:])
    missing = source.side.get(keys[1])
    source.side.delete(keys[1])
    result, told = migrate(target, "s3", status=1)
    assert result == (4, 0, 0, 2)
    assert f"not copied: object {keys[0]}: its bytes are not those" in told
    assert f"not copied: object {keys[1]}: " in told and "fsck --verify" in told
    source.side.put(keys[0], good)
    source.side.put(keys[1], missing)
    target.side.put(keys[2], target.side.get(keys[2]) + b"longer")
    target.side.put(keys[3], b"?" + target.side.get(keys[3])[1:])
    assert migrate(target, "s3")[0] == (3, 3, 0, 0)
    assert migrate(target, "s3", "--verify")[0] == (1, 5, 0, 0)
    assert_same(quiet, target.side)


def test_a_bad_copy_is_kept_when_there_is_no_better(quiet, pair):
    """Nothing is removed from the target unless the source has proved to have the right bytes."""
    source, target = pair["directory"], pair["s3"]
    source.fill(1)
    (key,) = source.side.names()
    source.side.put(key, b"spoilt")
    target.side.put(key, b"spoilt, too")
    assert migrate(target, "s3", status=1)[0] == (0, 0, 0, 1)
    assert target.side.get(key) == b"spoilt, too"


def test_foreign_names_stay(quiet, pair):
    """Other names in the target are no copies, and are left alone."""
    source, target = pair["directory"], pair["s3"]
    source.fill(2)
    (first, _) = sorted(source.side.names())
    target.side.put(first + "0", b"mine")
    target.side.put(first[:-1], b"mine")
    assert migrate(target, "s3")[0] == (2, 0, 0, 0)
    assert_same(quiet, target.side, {first + "0", first[:-1]})


def test_while_the_service_runs(new_stack, helpers, minio):
    """Uploads, overwrites and deletions go on; the last pass leaves what rows own, and no more."""
    stack = new_stack(FILEAPI_STORE_GRACE="0")
    ended, failures = threading.Event(), []
    source = stack.objects
    if isinstance(source, Bucket):
        to, rig = "directory", sides.Rig(stack, "dir")
        rig.env = {}
    else:
        to, rig = "s3", sides.Rig(stack, "s3", minio)
        rig.clean()

    def work(user, seed):
        chance, part = random.Random(seed), "0"
        while not ended.is_set():
            answer = user.post(chance.randbytes(100), kind="misc", part=part,
                               name=f"{chance.randrange(20)}.bin", overwrite="true")
            if answer.status_code != 200:
                failures.append(helpers.told(answer))
                return
            part = answer.json()["part_id"]

    try:
        sides.fill(stack, source.put, 1000)
        users = [threading.Thread(target=work, args=(stack.user(f"u{i}"), i))
                 for i in range(3)]
        for each in users:
            each.start()
        results = [migrate(rig, to)[0] for _ in range(3)]
        ended.set()
        for each in users:
            each.join()
        assert not failures, failures[0]
        assert all(failed == 0 for *_, failed in results) and results[0][0] >= 1000
        migrate(rig, to)
        sides.assert_whole(stack, rig.side)
        # What was replaced between two passes is left over there, for fsck to name.
        assert rig.side.names() >= set(sides.owned(stack))
    finally:
        ended.set()


def test_refusals(quiet, pair):
    """Wrong arguments, no settings, another user or migration: a sentence that says what to do."""
    rig = pair["s3"]
    assert "takes --to s3 or --to directory" in rig.ctl("store", "migrate").stderr
    assert "at most 32" in rig.ctl("store", "migrate", "--to", "s3", "--parallel", "33").stderr
    assert "takes migrate" in rig.ctl("store").stderr
    done = rig.ctl("store", "migrate", "--to", "s3", AWS_ENDPOINT_URL_S3="")
    assert done.returncode == 1 and "HINT: give AWS_ENDPOINT_URL_S3" in done.stderr
    (user, root) = (quiet.env["FILEAPI_STORE"], "/")
    if os.geteuid() == 0 and os.stat(user).st_uid != os.stat(root).st_uid:
        done = rig.ctl("store", "migrate", "--to", "directory", FILEAPI_STORE=root)
        assert done.returncode == 1 and "run the command as the service's user" in done.stderr
    done = rig.ctl("store", "migrate", "--to", "s3", AWS_ENDPOINT_URL_S3="http://127.0.0.1:9")
    assert done.returncode == 1 and "the store to copy to" in done.stderr
    done = rig.ctl("store", "migrate", "--to", "directory", FILEAPI_STORE="/nowhere")
    assert done.returncode == 1 and "HINT: create it for the service's user" in done.stderr
    with Session(quiet.env) as other:
        other.run("SELECT pg_advisory_lock(20816, 2)")
        done = rig.ctl("store", "migrate", "--to", "s3")
    assert done.returncode == 1 and "HINT: let it end" in done.stderr
