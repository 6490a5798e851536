"""fileapictl fsck: every difference between rows and objects is named, and nothing else."""
import json
import os
import subprocess
import sys

import pytest
import sides
from sides import DAY


def run(rig, *arguments, status=1, **env):
    """The differences as {(kind, object): line}, and the summary."""
    done = rig.ctl("fsck", "--json", *arguments, **env)
    assert done.returncode == status, done.stdout + done.stderr
    *lines, summary = [json.loads(line) for line in done.stdout.splitlines()]
    return {(line["difference"], line["object"]): line for line in lines}, summary


def test_clean(rig):
    """Rows and objects that agree, uploads under way and tombstones included: exit status 0."""
    rig.fill(20)
    rig.intent(rig.object(), 60)
    rig.intent(sides.new_key(), 60)
    rig.tombstone(rig.object(), 60)
    rig.tombstone(sides.new_key(), -1)
    done = rig.ctl("fsck", "--verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "22 objects, 20 of them owned" in done.stdout and "no differences" in done.stdout


@pytest.fixture
def broken(rig):
    """One difference of every kind; {kind: object}."""
    rig.part = rig.fill(9)
    keys = sorted(rig.side.names())
    rig.side.delete(keys[0])
    rig.side.delete(keys[8])
    rig.side.put(keys[1], b"longer than it was")
    rig.side.put(keys[2], rig.side.get(keys[2])[:-1] + b"!")
    rig.tombstone(keys[3], 60)
    rig.intent(keys[4], 60)
    rig.stack.sql("INSERT INTO derived_file (part_id, kind, object_key, size, sha256) SELECT"
                  " part_id, 'report', object_key, size, sha256 FROM asset"
                  f" WHERE object_key = '{keys[5]}'")
    foreign = [keys[6] + "0", keys[6][:-1], "readme.txt", keys[6].upper().replace("/", "-")]
    for name in foreign:
        rig.side.put(name, b"mine")
    orphans = [rig.object(age=1.1 * DAY), rig.object(age=400 * DAY)]
    rig.object(age=0.9 * DAY)
    rig.object(age=0)
    return {"lost": {keys[0], keys[8]}, "size": {keys[1]}, "content": {keys[2]},
            "contradiction": {keys[3], keys[4]}, "shared": {keys[5]}, "orphan": set(orphans),
            "foreign": set(foreign)}


def test_every_difference_is_named(rig, broken):
    """Each kind by its name and object, owners by part and file name; nothing is changed."""
    names, tombstones = rig.side.names(), rig.named("object_tombstone")
    found, summary = run(rig, "--verify")
    assert set(found) == {(kind, key) for kind, keys in broken.items() for key in keys}
    for kind, keys in broken.items():
        assert summary[kind] == len(keys)
    assert summary["young"] == 2 and summary["repaired"] == 0
    (lost, _) = sorted(broken["lost"])
    (owner,) = found["lost", lost]["owners"]
    assert owner["part_id"] == rig.part and owner["basename"].startswith("file ")
    (shared,) = broken["shared"]
    assert [sorted(o) for o in found["shared", shared]["owners"]] == [
        ["basename", "part_id", "size"], ["derived", "part_id", "size"]]
    assert rig.side.names() == names and rig.named("object_tombstone") == tombstones
    # Without --verify no bytes are read.
    found, summary = run(rig)
    assert summary["content"] == 0 and ("content", *broken["content"]) not in found


def test_in_words(rig, broken):
    """The lines for people name the same, and say what the operator can do."""
    done = rig.ctl("fsck", "--verify")
    assert done.returncode == 1
    for kind, keys in broken.items():
        for key in keys:
            assert any(line.startswith(f"{kind:13} {key}") for line in done.stdout.splitlines()), key
    assert f'asset "file ' in done.stdout and f"of part {rig.part}" in done.stdout
    assert "HINT: --repair buries orphans" in done.stderr
    told = rig.ctl("fsck", "--repair").stdout
    lost = next(line for line in told.splitlines() if line.startswith("lost"))
    assert "restore the object from a backup of the store, or upload the file again" in lost


def test_an_object_that_cannot_be_read(quiet):
    """It is named with the reason, and the check goes on."""
    rig = sides.Rig(quiet, "dir")
    rig.clean()
    rig.fill(2)
    key = min(rig.side.names())
    (rig.side.root / key).chmod(0)
    found, summary = run(rig, "--verify")
    assert "Permission denied" in found["content", key]["detail"] and summary["content"] == 1


def test_a_name_does_not_steer_the_terminal(quiet):
    """Whatever somebody else has put into the store."""
    rig = sides.Rig(quiet, "dir")
    rig.clean()
    rig.side.put("\x1b[2J\x7f", b"")
    assert "foreign       \\x1b[2J\\x7f (0 bytes)" in rig.ctl("fsck").stdout


def test_repair(rig, broken):
    """--repair buries orphans and frees owners of contradictions; it removes no object."""
    names = rig.side.names()
    found, summary = run(rig, "--repair", FILEAPI_STORE_GRACE="0")
    assert rig.side.names() == names
    assert rig.named("object_tombstone") == broken["orphan"] and not rig.named("object_intent")
    for key in broken["orphan"]:
        assert found["orphan", key]["repair"] == "has a tombstone now and is removed when it is due"
    left = run(rig)[1]
    assert (left["orphan"], left["contradiction"]) == (0, 0)
    assert rig.ctl("gc").returncode == 0
    assert rig.side.names() == names - broken["orphan"]


def test_repair_is_capped(rig):
    """A run repairs at most so many, says how many are left, and what that may mean."""
    orphans = {rig.object() for _ in range(7)}
    done = rig.ctl("fsck", "--repair", "--limit", "5")
    assert done.returncode == 1 and done.stdout.count("left for the next run") == 2
    assert "2 repairs are left: a run makes at most 5" in done.stderr
    assert "a database and a store that do not belong together" in done.stderr
    assert len(rig.named("object_tombstone")) == 5
    run(rig, "--repair")
    assert rig.named("object_tombstone") == orphans
    run(rig, status=0)


def test_the_young_are_not_judged(rig):
    """An object without a row is an orphan only when its key is more than a day old."""
    orphan, young = rig.object(age=DAY + 60), rig.object(age=DAY - 60)
    found, summary = run(rig, "--repair")
    assert set(found) == {("orphan", orphan)} and summary["young"] == 1
    assert rig.named("object_tombstone") == {orphan} and young in rig.side.names()


def test_could_not_run(quiet, minio):
    """Exit status 2 with a sentence when a side cannot be read; never a list of losses."""
    rig = sides.Rig(quiet, "s3", minio)
    rig.clean()
    rig.fill(3)
    for env in ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"},
                {"FILEAPI_S3_BUCKET": "another-bucket"}, {"PGHOST": "/nowhere"}):
        done = rig.ctl("fsck", "--repair", **env)
        assert done.returncode == 2 and "lost" not in done.stdout, done.stdout + done.stderr
        assert done.stderr.startswith("fileapictl fsck: ") and "\nHINT: " in done.stderr
    assert rig.ctl("fsck", "--nonsense").returncode == 2


@pytest.mark.parametrize("kind, query", [("thumbnail", ""), ("thumbnail_256", "?size=256")])
def test_lost_derived_files_are_made_again(new_stack, kind, query):
    """--repair queues the job that makes a lost picture or report anew, where the CAD is there."""
    stack = new_stack(FILEAPI_STORE_GRACE="0")
    user, side = stack.user("alice"), stack.objects
    part, hopeless = (user.upload()["part_id"] for _ in range(2))
    assert user.wait(part) == user.wait(hopeless) == "finished"
    path = f"/api/v1/part/{part}/thumbnail-file/{query}"
    picture = user.get(path).content
    keys = {p: stack.sql(f"SELECT object_key FROM derived_file WHERE kind = '{kind}'"
                         f" AND part_id = '{p}'") for p in (part, hopeless)}
    cad = stack.sql(f"SELECT object_key FROM asset WHERE part_id = '{hopeless}'")
    for key in (*keys.values(), cad):
        side.delete(key)
    done = stack.ctl("fsck", "--repair", "--json")
    lines = {line.get("object"): line for line in map(json.loads, done.stdout.splitlines())}
    assert lines[keys[part]]["repair"] == "a job makes it anew"
    assert "the CAD is lost too" in lines[keys[hopeless]]["repair"]
    assert "upload the file again" in lines[cad]["repair"]
    assert user.wait(part) == "finished"
    assert user.get(path).content == picture
    assert stack.sql(f"SELECT status FROM part WHERE part_id = '{part}'") == "ready"


def test_after_a_restore(new_stack):
    """A dump restored beside a newer store: what was removed since is lost, what came is young."""
    stack = new_stack(FILEAPI_STORE_GRACE="0")
    pg = {"env": {**os.environ, **stack.env}, "check": True, "capture_output": True}
    user, side = stack.user("alice"), stack.objects
    part = user.upload(b"stays", kind="misc", name="stays.txt")["part_id"]
    user.upload(b"goes", kind="misc", name="goes.txt", part=part)
    goes = stack.sql("SELECT object_key FROM asset WHERE basename = 'goes.txt'")
    dump = subprocess.run(["pg_dump", "-Fc", "-U", "postgres"], **pg).stdout
    user.call("DELETE", f"/api/v1/part/{part}/assets/", params={"basename": "goes.txt"})
    user.upload(b"new", kind="misc", name="new.txt", part=part)
    assert stack.ctl("gc").returncode == 0 and goes not in side.names()
    subprocess.run(["pg_restore", "--clean", "-U", "postgres", "-d", "fileapi"], input=dump, **pg)
    done = stack.ctl("fsck", "--json")
    *lines, summary = map(json.loads, done.stdout.splitlines())
    assert [(d["difference"], d["object"]) for d in lines] == [("lost", goes)]
    assert lines[0]["owners"] == [{"part_id": part, "basename": "goes.txt", "size": 4}]
    assert summary["young"] == 1 and summary["owned"] == 1


MEASURE = """import resource, subprocess, sys
done = subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(done.returncode)"""


def test_memory_is_constant(quiet, helpers, sanitized):
    """Many objects (--full: 100,000) are checked, all of them lost too, in 64 MiB."""
    if sanitized:
        pytest.skip("AddressSanitizer's memory is no measure")
    count = 100000 if helpers.FULL else 20000
    rig = sides.Rig(quiet, "dir")
    rig.clean()
    rig.fill(count)
    for status, first in ((0, "objects"), (1, "difference")):
        command = rig.command("fsck", "--json")
        done = subprocess.run([sys.executable, "-c", MEASURE, *map(str, command.pop("args"))],
                              **command, capture_output=True, text=True)
        assert done.returncode == status, done.stderr
        assert json.loads(done.stdout.splitlines()[0])[first] in (count, "lost")
        assert int(done.stderr.split()[-1]) <= 64 * 1024
        assert json.loads(done.stdout.splitlines()[-1])["lost"] == status * count
        for name in rig.side.names():
            rig.side.delete(name)
