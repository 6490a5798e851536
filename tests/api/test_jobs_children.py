"""Children: what they hold and may use, how they end, and what follows from that."""
import concurrent.futures
import contextlib
import os
import signal
import threading
from pathlib import Path

import pytest
from machine import crashes, hurry
from processes import alive, children_of, named, until

OWN = {"FILEAPI_JOB_ATTEMPTS": "2"}
CAD = "process_and_store_CAD"
SIMPLER = "Export the part again, with fewer facets, and upload it anew."
WAIT = "Try again later; if it happens again, tell the support the part's id."


def error_of(user, part, name):
    stages = user.assets(part)[name]["asset_stat"]["choices"].values()
    return [(e["message"], e["recommmended_user_action"])
            for e in (stage["error"] for stage in stages) if e["error_raised"]]


# (program, signal) -> the sentence when it has failed at once; None: it is tried again
ENDS = {
    ("fileapi-job", signal.SIGKILL): None,
    ("fileapi-job", signal.SIGSEGV): None,
    ("fileapi-job", signal.SIGXCPU): "The work takes more computing time than is allowed.",
    ("fileapi-job", signal.SIGXFSZ): "The results would be larger than is allowed.",
    ("fileapi-cad", signal.SIGKILL): None,
    ("fileapi-cad", signal.SIGSEGV): "The analysis stopped at this file.",
    ("fileapi-cad", signal.SIGABRT): "The analysis stopped at this file.",
    ("fileapi-cad", signal.SIGXCPU): "The analysis takes more computing time than is allowed.",
    ("fileapi-cad", signal.SIGXFSZ): "The model to view would be larger than is allowed.",
}


@pytest.mark.parametrize("program,number", ENDS, ids=lambda value: getattr(value, "name", value))
def test_each_end_has_its_own_consequence(own, user, machine, program, number, sanitized, helpers):
    """What comes from outside is tried again; a limit or a fault at this file ends the job at once,
    with the reason and what to do."""
    if sanitized and number == signal.SIGSEGV:
        pytest.skip("AddressSanitizer has a handler of its own, which may wait for what it interrupted")
    one = machine()
    part = user.upload(helpers.relief_stl(), name="end.stl")["part_id"]
    pid = one.find(program)
    os.kill(pid, number)
    with contextlib.suppress(ProcessLookupError):  # it may be gone already
        os.kill(pid, signal.SIGCONT)
    sentence = ENDS[program, number]
    if sentence is None:
        hurry(own, part)
        assert user.wait(part) == "finished"
        assert crashes(own, part) == "1" and error_of(user, part, "end.stl") == []
    else:
        assert user.wait(part) == "failed"
        assert crashes(own, part) == "0"
        assert error_of(user, part, "end.stl") == [(sentence, SIMPLER)]
    assert own.log_sql(f"SELECT count(*) FROM event WHERE part_id = '{part}'"
                       " AND body ->> 'event' IN ('finished', 'failed')") == "1"


def test_the_wall_clock(own, user, machine, helpers):
    """An analysis that stands still is ended by the clock and tried again, then told as such."""
    one = machine(FILEAPI_JOB_TIMEOUT="1")
    part = user.upload(helpers.relief_stl(), name="still.stl")["part_id"]
    for attempt in range(2):
        pid = one.find("fileapi-cad")
        until(lambda: not alive(pid), 5)
        if attempt == 0:
            hurry(own, part)
    assert user.wait(part) == "failed"
    (message, action), = error_of(user, part, "still.stl")
    assert message == ("The work was tried 2 times and did not end: the analysis took longer than is"
                       " allowed.")
    assert action == f"Try again later, or {SIMPLER[0].lower()}{SIMPLER[1:]}"


def test_limits_grow_with_the_file(own, user, machine, sanitized, helpers):
    """Memory, computing time, files and file size are limited, by the size of the input."""
    if sanitized:
        pytest.skip("AddressSanitizer needs more address space than any limit leaves")
    one = machine(FILEAPI_CAD_MEMORY="2G")
    user.upload(helpers.relief_stl(), name="limits.stl")
    pid = one.find("fileapi-cad")
    parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])

    def limits(pid):
        lines = Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
        return {line[:26].strip(): line[26:].split()[0] for line in lines}

    parser, job = limits(pid), limits(parent)
    os.kill(pid, signal.SIGKILL)
    # 9 MB: 8 MiB and a bit.
    assert int(parser["Max address space"]) == (768 + 8 * 128) << 20
    assert int(parser["Max cpu time"]) == 120 + 8 * 4
    assert int(parser["Max file size"]) == (64 + 8 * 8) << 20
    assert int(parser["Max open files"]) == 32 and int(parser["Max core file size"]) == 0
    assert int(job["Max address space"]) == (512 + 8) << 20
    assert int(job["Max cpu time"]) == 30 + 8 and int(job["Max open files"]) == 128


def test_a_child_inherits_nothing(own, user, machine, helpers):
    """A spare holds its pipe, the log and what it has opened itself, leads a session, and the parser
    has its files alone and no environment."""
    one = machine()
    until(lambda: named(children_of(one.pid), "fileapi-job"))
    spare, = named(children_of(one.pid), "fileapi-job")

    def targets(pid):
        links = {}
        for fd in os.listdir(f"/proc/{pid}/fd"):
            links[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
        return links

    # Connected, it waits on its pipe.
    until(lambda: any("socket" in t for t in targets(spare).values()))
    held, parents = targets(spare), set(targets(one.pid).values())
    assert held.pop(0) == held.pop(1) == "/dev/null" and held.pop(2) == str(one.log)
    assert held.pop(3).startswith("pipe:")
    assert not set(held.values()) & {t for t in parents if t.startswith(("socket", "pipe"))}
    fields = Path(f"/proc/{spare}/stat").read_text().rsplit(")", 1)[1].split()
    assert int(fields[3]) == spare, "it leads no session"
    user.upload(helpers.relief_stl(), name="fds.stl")
    cad = one.find("fileapi-cad")
    assert Path(f"/proc/{cad}/environ").read_bytes() == b""
    # It may have been stopped while it looked at itself through a descriptor of the moment.
    os.kill(cad, signal.SIGCONT)
    until(lambda: sorted(map(int, os.listdir(f"/proc/{cad}/fd"))) == list(range(9)), pause=0.002)


# What it makes goes to descriptors: 4 the figures, 5 the model; 7 is for what it says.
SCRIPTS = {
    "nothing at all": "exit 0",
    "an end with a status": "exit 3",
    "nonsense": "printf 'hello\\n' >&7; sleep 20",
    "a stage out of order": "printf 'begin\\tthumbnail\\n' >&7; sleep 20",
    "a stage twice": "printf 'begin\\tcad_analysis\\nbegin\\tcad_analysis\\n' >&7; sleep 20",
    "an end without an output": "printf 'begin\\tcad_analysis\\nend\\tcad_analysis\\n' >&7; sleep 20",
    "a percentage of 900": "printf 'begin\\tcad_analysis\\npercent\\tcad_analysis\\t900\\n' >&7; sleep 20",
    "no UTF-8": "printf 'begin\\tcad_analysis\\nerror\\tcad_analysis\\t\\377\\t\\n' >&7; sleep 20",
    "a control character": "printf 'begin\\tcad_analysis\\nerror\\tcad_analysis\\t\\033c\\t\\n' >&7; sleep 20",
    "a line without end": "head -c 100000 /dev/zero | tr '\\0' x >&7; sleep 20",
    "a failure": "printf 'begin\\tcad_analysis\\nfailed\\tcad_analysis\\tno paper\\n' >&7; sleep 20",
    "figures that are none": "head -c 100 /dev/zero >&4; printf 'begin\\tcad_analysis\\nend\\tcad_analysis\\n' >&7; sleep 20",
    "figures without a box": "printf '{\"volume_mm3\": 1}%99s' >&4;"
                             " printf 'begin\\tcad_analysis\\nend\\tcad_analysis\\n' >&7; sleep 20",
    "a model of another length": "printf '{\"volume_mm3\": 1, \"bounding_box_mm\": {}}%99s' >&4;"
                                 " printf 'glTF\\2\\0\\0\\0\\177%99s' >&5;"
                                 " for stage in cad_analysis visualization; do"
                                 " printf 'begin\\t%s\\nend\\t%s\\n' $stage $stage >&7; done; sleep 20",
    "too much": "printf 'begin\\tcad_analysis\\n' >&7; yes \"$(printf 'percent\\tcad_analysis\\t1')\" >&7",
}


@pytest.mark.parametrize("what", SCRIPTS)
def test_a_parser_is_not_believed(own, user, machine, what):
    """Whatever a parser says in place of what it should, the job ends soon and says so."""
    one = machine(programs={"fileapi-cad": f"#!/bin/bash\nPATH=/usr/bin:/bin\n{SCRIPTS[what]}\n"})
    part = user.upload(name="odd.stl")["part_id"]
    hurry(own, part)
    assert user.wait(part, timeout=15) == "failed"
    (message, action), = error_of(user, part, "odd.stl")
    assert message.startswith("The work was tried 2 times and did not end: ") and action == WAIT
    assert one.process.poll() is None
    until(lambda: not one.jobs())  # the row is there before the process has gone


def test_percentages_are_few(own, user, machine):
    """A parser that tells its percentage all the time is heard four times a second."""
    script = ("#!/bin/bash\nPATH=/usr/bin:/bin\nprintf 'begin\\tcad_analysis\\n' >&7\n"
              "while ((SECONDS < 3)); do printf 'percent\\tcad_analysis\\t50\\n' >&7; sleep 0.001;"
              " done\nprintf 'error\\tcad_analysis\\tThat was it.\\tGo on.\\n' >&7\n")
    machine(programs={"fileapi-cad": script})
    made = {}
    events = user.events(
        lambda e: e["event"] == "failed" and e["part_id"] == made.get("part_id"),
        lambda: made.update(user.upload(name="chatty.stl")))
    times = [e["time"] for e in events if e.get("percent") == 50]
    assert len(times) >= 4

    def second(text):
        clock = text.split("T")[1].rstrip("Z").split(":")
        return int(clock[0]) * 3600 + int(clock[1]) * 60 + float(clock[2])

    assert all(second(b) - second(a) >= 0.24 for a, b in zip(times, times[1:])), times


POISONED = """#!/bin/bash
PATH=/usr/bin:/bin
[ "$(head -c 6 /proc/self/fd/3)" != poison ] || { kill -ABRT $PPID; exit; }
exec %s/fileapi-cad "$@"
"""


def test_a_poison_file_holds_up_nobody(own, user, machine, helpers):
    """A file that kills its child three times ends as failed and says why.  Jobs of its organization
    and of another end meanwhile in their usual time, though there is one slot for all of them."""
    one = machine(programs={"fileapi-cad": POISONED % own.env["FILEAPI_LIBEXEC"]},
                  FILEAPI_JOB_SLOTS="1", FILEAPI_JOB_ATTEMPTS="3")
    others = (user, own.user("bob", org="umbrella"))

    def beside():
        parts = [other.upload(name="beside.stl")["part_id"] for other in others]
        assert [(other.wait(p), error_of(other, p, "beside.stl")) for other, p in zip(others, parts)] \
            == [("finished", [])] * 2
        return max(float(own.sql("SELECT extract(epoch FROM ended_at - created_at) FROM job"
                                 f" WHERE part_id = '{p}'")) for p in parts)

    def go_on():
        while not ended.is_set():
            took.append(beside())

    usual = max(beside() for _ in range(3))
    ended, took = threading.Event(), []
    part = user.upload(helpers.box_stl(name=b"poison"), name="poison.stl")["part_id"]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        meanwhile = pool.submit(go_on)
        try:
            for crash, pause in enumerate((2, 8), 1):
                until(lambda: crashes(own, part) == str(crash))
                wait = float(own.sql("SELECT extract(epoch FROM not_before - claimed_at) FROM job"
                                     f" WHERE part_id = '{part}'"))
                # An attempt takes a moment until it crashes.
                assert pause * 0.75 < wait <= pause * 1.25 + 2
            hurry(own, part)
            assert user.wait(part) == "failed"
        finally:
            ended.set()
        meanwhile.result()
    assert error_of(user, part, "poison.stl") == [
        ("The work was tried 3 times and did not end: its process crashed.", WAIT)]
    assert [line["attempt"] for line in one.lines("job_crashed")] == [1, 2, 3]
    assert own.log_sql(f"SELECT body ->> 'event' FROM event WHERE part_id = '{part}'") == "failed"
    assert max(took) <= 3 * usual + 0.5, (usual, took)


def test_who_connects_is_told_how_far_it_is(own, user, machine, tmp_path):
    """A job under way is told to a new socket with its stage and the percentage told last."""
    tmp_path.chmod(0o777)
    machine(programs={"fileapi-cad": (
        "#!/bin/bash\nPATH=/usr/bin:/bin\nprintf 'begin\\tcad_analysis\\n' >&7; sleep 0.3\n"
        "printf 'percent\\tcad_analysis\\t37\\n' >&7\n"
        f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done\n"
        "printf 'error\\tcad_analysis\\tThat was it.\\tGo on.\\n' >&7\n")})
    part = user.upload(name="under_way.stl")["part_id"]
    told = user.events(lambda e: e["part_id"] == part and e.get("percent") == 37)
    if "state" not in told[-1]:
        told = user.events(lambda e: e["part_id"] == part)
    (tmp_path / "go").touch()
    assert told[-1].items() >= {"event": "progress", "job": CAD, "state": "running",
                                "stage": "cad_analysis", "percent": 37}.items()
    assert user.wait(part) == "failed"
