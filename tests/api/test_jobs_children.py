"""Children: what they hold and may use, how they end, and what follows from that."""
import concurrent.futures
import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from machine import hurry
from processes import alive, children_of, named, state_of, until

OWN = {"FILEAPI_JOB_ATTEMPTS": "2"}
CAD = "process_and_store_CAD"
SIMPLER = "Export the part again, with fewer facets, and upload it anew."
WAIT = "Try again later; if it happens again, tell the support the part's id."


def find(machine, program, part=None):
    """The one child that works, or its parser, stopped as soon as it is there."""
    found = []

    def there():
        jobs = machine.jobs() + [p for p in named(children_of(machine.pid), "fileapi-job")
                                 if named(children_of(p), "fileapi-cad")]
        for job in jobs:
            cads = named(children_of(job), "fileapi-cad")
            if cads:
                found.append(cads[0] if program == "fileapi-cad" else job)
                return True
        return False

    until(there, pause=0.002)
    os.kill(found[0], signal.SIGSTOP)
    return found[0]


def crashes(own, part):
    return own.sql(f"SELECT crashes FROM job WHERE part_id = '{part}'")


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
    pid = find(one, program)
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
        pid = find(one, "fileapi-cad")
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
    pid = find(one, "fileapi-cad")
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
    cad = find(one, "fileapi-cad")
    assert Path(f"/proc/{cad}/environ").read_bytes() == b""
    # It may have been stopped while it looked at itself through a descriptor of the moment.
    os.kill(cad, signal.SIGCONT)
    until(lambda: sorted(map(int, os.listdir(f"/proc/{cad}/fd"))) == list(range(9)), pause=0.002)


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
    assert one.process.poll() is None and not one.jobs()


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
        assert [user.wait(p) for p in parts] == ["finished"] * 2
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


# --- the spare -----------------------------------------------------------------------------------

def test_the_spare_takes_the_next_job(own, user, machine):
    """The process that waits gets the job, and another waits after it."""
    one = machine()
    until(lambda: named(children_of(one.pid), "fileapi-job"))
    spare, = named(children_of(one.pid), "fileapi-job")
    assert user.wait(user.upload(name="fast.stl")["part_id"]) == "finished"
    started, = one.lines("job_started")
    assert (started["pid"], started["spare"]) == (spare, 1)
    until(lambda: [p for p in named(children_of(one.pid), "fileapi-job") if p != spare])


def test_jobs_that_come_together_have_a_spare_each(own, user, machine):
    """As many spares wait as are wanted, but no more than there are slots, and each takes one job."""
    one = machine(FILEAPI_JOB_SPARE="3", FILEAPI_JOB_SLOTS="2")
    until(lambda: len(named(children_of(one.pid), "fileapi-job")) == 2)
    spares = sorted(named(children_of(one.pid), "fileapi-job"))
    os.kill(one.pid, signal.SIGSTOP)
    parts = [user.upload(name=f"both{i}.stl")["part_id"] for i in range(2)]
    os.kill(one.pid, signal.SIGCONT)
    assert [user.wait(part) for part in parts] == ["finished"] * 2
    assert sorted(line["pid"] for line in one.lines("job_started")) == spares
    until(lambda: len(named(children_of(one.pid), "fileapi-job")) == 2)


def test_without_a_spare_a_fresh_child_works(own, user, machine):
    """A spare that has died, or is not wanted, costs a job its start but nothing else."""
    one = machine()
    until(lambda: named(children_of(one.pid), "fileapi-job"))
    os.kill(named(children_of(one.pid), "fileapi-job")[0], signal.SIGKILL)
    part = user.upload(name="fresh.stl")["part_id"]
    assert user.wait(part) == "finished" and crashes(own, part) == "0"
    one.stop()
    two = machine("two", FILEAPI_JOB_SPARE="0")
    assert user.wait(user.upload(name="none.stl")["part_id"]) == "finished"
    assert [line["spare"] for line in two.lines("job_started")] == [0]


def test_a_broken_spare_hands_its_job_on(own, user, machine):
    """A spare that takes a job and cannot begin it: a fresh child does, and no crash is counted."""
    script = ('#!/bin/bash\n[ "$1" != --spare ] || { read -r _ <&3 || exit 0; exit 75; }\n'
              f'exec -a fileapi-job {own.env["FILEAPI_LIBEXEC"]}/fileapi-job "$@"\n')
    one = machine(programs={"fileapi-job": script})
    time.sleep(0.5)
    part = user.upload(name="broken.stl")["part_id"]
    assert user.wait(part) == "finished"
    assert own.sql(f"SELECT crashes, attempt FROM job WHERE part_id = '{part}'") == "0|1"
    assert [line["spare"] for line in one.lines("job_started")] == [0]


def test_a_spare_leaves_with_its_supervisor(machine):
    """The end of its pipe makes it leave, however the supervisor has ended."""
    for end in ("kill", "stop"):
        one = machine(f"leaving-{end}")
        until(lambda: named(children_of(one.pid), "fileapi-job"))
        spare, = named(children_of(one.pid), "fileapi-job")
        getattr(one, end)()
        until(lambda: not alive(spare), 5)


# --- watching ------------------------------------------------------------------------------------

def test_a_dead_child_is_noticed_at_once(own, user, machine, helpers):
    """By the supervisor that watches it, own child or adopted, within a second; no zombie stays."""
    one = machine()
    for turn in range(20 if helpers.FULL else 4):
        part = user.upload(helpers.relief_stl(), name="dead.stl")["part_id"]
        job = find(one, "fileapi-job")
        if turn % 2:
            one.kill()
            one.start()
        os.killpg(job, signal.SIGKILL)
        assert until(lambda: crashes(own, part) == "1", 5) <= 1.0
        hurry(own, part)
        assert user.wait(part) == "finished"
        # The row is there before the process has gone, and that before it has been waited for.
        until(lambda: "Z" not in [state_of(p) for p in children_of(one.pid)], 2)


def test_the_dead_of_a_dead_machine_are_found(own, user, machine, helpers):
    """Supervisor and child die; another machine's supervisor finds the job within 15 s of its claim."""
    one = machine("gone")
    part = user.upload(helpers.relief_stl(), name="gone.stl")["part_id"]
    job = find(one, "fileapi-job")
    one.kill()
    os.killpg(job, signal.SIGKILL)
    gone = 0 if helpers.FULL else 8
    own.sql(f"UPDATE job SET claimed_at = claimed_at - interval '{gone} s' WHERE state = 'running'")
    machine("heir")
    assert until(lambda: crashes(own, part) == "1", 20) <= 15 - gone
    hurry(own, part)
    assert user.wait(part) == "finished"


def test_one_supervisor_a_machine(own, machine):
    """A second of the same name would watch the same children: it does not start."""
    machine("same")
    second = machine("same")
    assert second.process.wait(20) == 1
    assert "another fileapi-jobs runs as" in second.lines("start")[-1]["detail"]


def test_a_stopped_machine_does_no_double_work(own, user, machine, helpers):
    """All of a machine stands still mid-job and goes on: one result, told once.  Its attempt goes on,
    unless it stood still inside a transaction, which the server ends: then another machine's does."""
    one = machine("frozen")
    part = user.upload(helpers.relief_stl(), name="frozen.stl")["part_id"]
    job = find(one, "fileapi-job")
    cads = named(children_of(job), "fileapi-cad")
    for stop in (one.pid, *cads):
        os.kill(stop, signal.SIGSTOP)
    two = machine("awake")
    if not helpers.FULL:
        # As old as those that must hold their lock.
        own.sql("UPDATE job SET claimed_at = claimed_at - interval '10 s' WHERE state = 'running'")
    time.sleep(60 if helpers.FULL else 5)
    attempt, state = own.sql(f"SELECT attempt, state FROM job WHERE part_id = '{part}'").split("|")
    assert (attempt, state) in (("1", "running"), ("2", "queued"), ("2", "running"),
                                ("2", "finished"), ("1", "queued"))
    for each in (*cads, job, one.pid):
        os.kill(each, signal.SIGCONT)
    assert user.wait(part) == "finished"
    until(lambda: not alive(job))
    ended = [line["attempt"] for m in (one, two) for line in m.lines("job_finished")]
    assert ended == [int(own.sql(f"SELECT attempt FROM job WHERE part_id = '{part}'"))]
    assert own.log_sql(f"SELECT count(*) FROM event WHERE part_id = '{part}'"
                       " AND body ->> 'task' IS NOT NULL") == "1"


def test_a_machine_that_stands_still_for_too_long_is_given_up(own, user, machine, helpers):
    """Beyond any attempt's time another machine does the work; the first one's is refused."""
    one = machine("asleep")
    part = user.upload(helpers.relief_stl(), name="asleep.stl")["part_id"]
    job = find(one, "fileapi-job")
    cads = named(children_of(job), "fileapi-cad")
    for stop in (one.pid, *cads):
        os.kill(stop, signal.SIGSTOP)
    # A transaction that is open the server would have ended long before.
    while own.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fileapi-job'"
                  " AND state LIKE 'idle in transaction%'") != "0":
        os.kill(job, signal.SIGCONT)
        time.sleep(0.005)
        os.kill(job, signal.SIGSTOP)
    own.sql("UPDATE job SET claimed_at = now() - interval '2 days' WHERE state = 'running'")
    machine("awake")
    assert user.wait(part) == "finished"
    key = f"SELECT object_key FROM derived_file WHERE part_id = '{part}' ORDER BY kind"
    made = own.sql(key)
    for each in (*cads, job, one.pid):
        os.kill(each, signal.SIGCONT)
    until(lambda: not alive(job))
    assert own.sql(key) == made
    assert own.sql(f"SELECT attempt, state FROM job WHERE part_id = '{part}'") == "2|finished"
    assert own.log_sql(f"SELECT count(*) FROM event WHERE part_id = '{part}'"
                       " AND body ->> 'task' IS NOT NULL") == "1"


def test_the_database_s_restart_interrupts_no_job(own, user, machine, helpers):
    """Sessions and locks are gone for a moment: children that live are not taken for dead."""
    one = machine("patient")
    part = user.upload(helpers.relief_stl(), name="restart.stl")["part_id"]
    cad = find(one, "fileapi-cad")
    machine("hasty")
    own.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'fileapi-job%'")
    time.sleep(14)
    os.kill(cad, signal.SIGCONT)
    assert user.wait(part) == "finished"
    assert own.sql(f"SELECT attempt, crashes FROM job WHERE part_id = '{part}'") == "1|0"
