"""fileapictl gc: what nobody owns goes, what somebody owns stays, whatever fails."""
import random
import signal
import threading
import time
from pathlib import Path

import pytest
import sides
from database import Session
from processes import until


def collected(rig, *arguments, status=0, **env):
    done = rig.ctl("gc", *arguments, **env)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_only_what_is_due(rig):
    """Due tombstones and ended intents are removed with their objects; all else stays."""
    rig.fill(5)
    owned = rig.side.names()
    gone, stays = [rig.object() for _ in range(4)], [rig.object() for _ in range(2)]
    absent = [sides.new_key(), sides.new_key()]
    rig.tombstone(gone[0], -1)
    rig.tombstone(gone[1], -1)
    rig.tombstone(absent[0], -1)
    rig.tombstone(stays[0], 60)
    rig.intent(gone[2], -1)
    rig.intent(gone[3], -1)
    rig.intent(absent[1], -1)
    rig.intent(stays[1], 60)
    assert "6 objects are due, 3 of them from uploads" in collected(rig, "--dry-run")
    assert rig.side.names() == owned | {*gone, *stays} and len(rig.named("object_intent")) == 4
    told = collected(rig)
    assert "6 objects removed, 3 unfinished uploads given up" in told
    assert rig.side.names() == owned | set(stays)
    assert rig.named("object_tombstone") == {stays[0]}
    assert rig.named("object_intent") == {stays[1]}


def test_limit(rig):
    """--limit is the number of objects removed, not about it."""
    keys = [rig.object() for _ in range(5)]
    for key in keys:
        rig.tombstone(key, -1)
    assert "3 objects removed" in collected(rig, "--limit", "3")
    assert len(rig.side.names()) == 2 == len(rig.named("object_tombstone"))
    assert "takes a number above 0" in collected(rig, "--limit", "0", status=1)


def test_an_owner_keeps_its_object(rig):
    """A tombstone or an ended intent of an object that a row owns removes nothing."""
    rig.fill(3)
    owned = sorted(rig.side.names())
    rig.tombstone(owned[0], -1)
    rig.intent(owned[1], -1)
    other = rig.object()
    rig.tombstone(other, -1)
    told = collected(rig, status=1)
    assert f"1 objects could not be removed; the last: object {owned[0]}: a row owns it" in told
    assert sorted(rig.side.names()) == owned


def test_names_that_begin_alike(rig):
    """A key is the whole key: names it begins, or that begin it, are somebody else's."""
    key = rig.object()
    alike = {key[:-1], key + "0", key + ".bak", key[:20]}
    for name in alike:
        rig.side.put(name, b"mine")
    rig.tombstone(key, -1)
    abandoned = rig.object()
    rig.intent(abandoned, -1)
    rig.side.put(abandoned + "0", b"mine")
    collected(rig)
    assert rig.side.names() == alike | {abandoned + "0"}


def test_one_that_cannot_be_removed(quiet):
    """It stops no other, waits longer each time, says why, and goes when it can."""
    rig = sides.Rig(quiet, "dir")
    rig.clean()
    stuck, others = sides.new_key(), [rig.object() for _ in range(250)]
    # A folder in its place cannot be unlinked.
    rig.side.put(stuck + "/x", b"")
    rig.tombstone(stuck, -9)
    for key in others:
        rig.tombstone(key, -1)
    told = collected(rig, status=1)
    assert "after" not in told and f"remove object {stuck}" in told
    assert rig.side.names() == {stuck + "/x"}

    def row():
        return quiet.sql("SELECT attempts, extract(epoch FROM due_at - now())::int,"
                         " error LIKE '%remove object%' FROM object_tombstone").split("|")

    attempts, wait, why = row()
    assert (attempts, why) == ("1", "t") and 5 <= int(wait) <= 10
    collected(rig, status=1)
    attempts, wait, why = row()
    assert (attempts, why) == ("2", "t") and 15 <= int(wait) <= 20
    rig.side.delete(stuck + "/x")
    (rig.side.root / stuck).rmdir()
    assert "1 objects removed" in collected(rig)
    assert rig.named("object_tombstone") == set()


def test_store_away(quiet, minio):
    """A store that is away ends the cycle with a sentence, and is held against no object."""
    rig = sides.Rig(quiet, "s3", minio)
    rig.clean()
    key = rig.object()
    rig.tombstone(key, -1)
    collected(rig, status=1, AWS_ENDPOINT_URL_S3="http://127.0.0.1:9")
    assert quiet.sql("SELECT attempts FROM object_tombstone") == "0"
    assert "1 objects removed" in collected(rig)


def test_one_at_a_time(rig):
    """While another session has the collector's lock, gc says so, does nothing, and is content."""
    key = rig.object()
    rig.tombstone(key, -1)
    with Session(rig.stack.env) as other:
        other.run("SELECT pg_advisory_lock(20816, 1)")
        assert "another collector is at work" in collected(rig)
        assert rig.side.names() == {key}
    assert "1 objects removed" in collected(rig)


@pytest.mark.parametrize("place", ["collect.condemned", "collect.removed"])
def test_killed(rig, failpoints, place):
    """A collector that dies loses nothing and leaves nothing: the next one ends its work."""
    rig.fill(3)
    owned = rig.side.names()
    for seconds in (-1, -1, 60):
        rig.tombstone(rig.object(), seconds)
        rig.intent(rig.object(), seconds)
    done = rig.ctl("gc", FILEAPI_FAILPOINTS=f"{place}=kill")
    assert done.returncode == -signal.SIGKILL
    named = rig.named("object_tombstone") | rig.named("object_intent")
    assert rig.side.names() <= owned | named and len(named) == 6
    collected(rig)
    named = rig.named("object_tombstone") | rig.named("object_intent")
    assert rig.side.names() == owned | named and len(named) == 2
    sides.assert_whole(rig.stack, rig.side)


def test_an_upload_that_comes_too_late(new_stack, helpers, failpoints):
    """An upload whose intent was collected while it ran is refused, and nothing of it is left."""
    stack = new_stack(FILEAPI_FAILPOINTS="object.stored=stall")
    user = stack.user("alice")
    answers = []
    late = threading.Thread(target=lambda: answers.append(user.post(b"x", kind="misc")))
    late.start()
    until(lambda: stack.sql("SELECT count(*) FROM object_intent") != "0", 4)
    stack.sql("UPDATE object_intent SET deadline = now()")
    assert stack.ctl("gc").returncode == 0
    late.join()
    helpers.assert_problem(answers[0], 503, "Service temporarily unavailable.")
    assert stack.sql("SELECT count(*) FROM asset") == "0"
    assert stack.objects.names() == set()


def test_jobs_collect_too(new_stack):
    """fileapi-jobs runs the same cycle by itself and logs how many it removed."""
    stack = new_stack(FILEAPI_STORE_GRACE="1")
    user = stack.user("alice")
    part = user.upload(b"1", kind="misc", name="a.txt")["part_id"]
    user.upload(b"2", kind="misc", name="a.txt", part=part, overwrite="true")
    until(lambda: len(stack.objects.names()) == 1)
    log = Path(stack.env["FILEAPI_LOGS"], "fileapi-jobs.log")
    until(lambda: '"event":"collected","objects":1,"abandoned":0,"failed":0' in log.read_text())


def test_race_against_uploads(new_stack, helpers):
    """1,000 uploads, overwrites and deletions at 1 s grace against collector and fsck without pause:
    no live object is removed, no difference is reported that is none."""
    stack = new_stack(FILEAPI_STORE_GRACE="1")
    side = stack.objects
    ended, problems, runs = threading.Event(), [], {"gc": 0, "fsck": 0}

    def repeat(*arguments):
        while not ended.is_set():
            done = stack.ctl(*arguments)
            runs[arguments[0]] += 1
            if done.returncode:
                problems.append(done.stdout + done.stderr)

    def upload(user, count, seed):
        chance, part = random.Random(seed), "0"
        for i in range(count):
            name = f"{chance.randrange(8)}.txt"
            answer = user.post(b"%d %d" % (seed, i), kind="misc", part=part, name=name,
                               overwrite="true")
            if answer.status_code != 200:
                problems.append(helpers.told(answer))
                return
            part = answer.json()["part_id"]
            if chance.random() < 0.2:
                user.call("DELETE", f"/api/v1/part/{part}/assets/", params={"basename": name})

    try:
        users = [stack.user(f"user{i}") for i in range(4)]
        others = [threading.Thread(target=repeat, args=a) for a in
                  [("gc",), ("fsck", "--verify")]]
        uploads = [threading.Thread(target=upload, args=(u, 250, i)) for i, u in enumerate(users)]
        for each in others + uploads:
            each.start()
        for each in uploads:
            each.join()
        ended.set()
        for each in others:
            each.join()
        assert not problems, problems[0]
        print(runs)
        assert runs["gc"] > 5 and runs["fsck"] > 5
        sides.assert_whole(stack, side)
        time.sleep(1.1)
        until(lambda: stack.ctl("gc").returncode == 0 and side.names() == set(sides.owned(stack)))
    finally:
        ended.set()
