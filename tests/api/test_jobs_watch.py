"""Supervisors and their children: spares that wait for a job, and who notices that one is dead."""
import os
import signal
import time

from machine import crashes, hurry
from processes import alive, children_of, named, state_of, until

OWN = {"FILEAPI_JOB_ATTEMPTS": "2"}


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


# --- slots ---------------------------------------------------------------------------------------

def test_as_many_jobs_as_slots(own, user, machine):
    """A machine has as many jobs under way as slots; each that ends lets one begin, but none before
    its time, though it is the first of the queue."""
    early, *parts = [user.upload(name=f"slot{i}.stl")["part_id"] for i in range(4)]
    own.sql(f"UPDATE job SET not_before = now() + interval '1 hour' WHERE part_id = '{early}'")
    one = machine(programs={"fileapi-cad": "#!/bin/bash\nexec /usr/bin/sleep 60\n"}, FILEAPI_JOB_SLOTS="2")

    def running():
        return {p.replace("-", "") for p in own.sql("SELECT part_id FROM job WHERE state = 'running'").split()}

    for under_way in parts[:2], parts[1:], parts[2:]:
        until(lambda: running() == set(under_way))
        time.sleep(0.3)
        assert running() == set(under_way)
        if under_way != parts[2:]:
            assert user.call("DELETE", f"/api/v1/part/{under_way[0]}/").ok
    own.sql(f"UPDATE job SET not_before = now() WHERE part_id = '{early}'; NOTIFY fileapi_job")
    until(lambda: running() == {early, parts[2]})
    for part in early, parts[2]:
        assert user.call("DELETE", f"/api/v1/part/{part}/").ok
    until(lambda: not one.jobs())


# --- watching ------------------------------------------------------------------------------------

def ends_told(own, part):
    """How many events tell that the part's task has ended."""
    return own.log_sql(f"SELECT count(*) FROM event WHERE part_id = '{part}'"
                       " AND body ->> 'task' IS NOT NULL")


def freeze(machine, job):
    """All of a machine whose one job is stopped already stands still; the processes."""
    cads = named(children_of(job), "fileapi-cad")
    for each in (machine.pid, *cads):
        os.kill(each, signal.SIGSTOP)
    return *cads, job, machine.pid


def thaw(still):
    for each in still:
        os.kill(each, signal.SIGCONT)


def test_a_dead_child_is_noticed_at_once(own, user, machine, helpers):
    """By the supervisor that watches it, own child or adopted, within a second; no zombie stays."""
    one = machine()
    for turn in range(20 if helpers.FULL else 4):
        part = user.upload(helpers.relief_stl(), name="dead.stl")["part_id"]
        job = one.find("fileapi-job")
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
    job = one.find("fileapi-job")
    one.kill()
    os.killpg(job, signal.SIGKILL)
    gone = 0 if helpers.FULL else 8
    own.sql(f"UPDATE job SET claimed_at = claimed_at - interval '{gone} s' WHERE state = 'running'")
    machine("heir")
    assert until(lambda: crashes(own, part) == "1", 20) <= 15 - gone
    hurry(own, part)
    assert user.wait(part) == "finished"


def test_a_stopped_machine_does_no_double_work(own, user, machine, helpers):
    """All of a machine stands still mid-job and goes on: one result, told once.  Its attempt goes on,
    unless it stood still inside a transaction, which the server ends: then another machine's does."""
    one = machine("frozen")
    part = user.upload(helpers.relief_stl(), name="frozen.stl")["part_id"]
    job = one.find("fileapi-job")
    still = freeze(one, job)
    two = machine("awake")
    if not helpers.FULL:
        # As old as those that must hold their lock.
        own.sql("UPDATE job SET claimed_at = claimed_at - interval '10 s' WHERE state = 'running'")
    time.sleep(60 if helpers.FULL else 5)
    attempt, state = own.sql(f"SELECT attempt, state FROM job WHERE part_id = '{part}'").split("|")
    assert (attempt, state) in (("1", "running"), ("2", "queued"), ("2", "running"),
                                ("2", "finished"), ("1", "queued"))
    thaw(still)
    assert user.wait(part) == "finished"
    until(lambda: not alive(job))
    ended = [line["attempt"] for m in (one, two) for line in m.lines("job_finished")]
    assert ended == [int(own.sql(f"SELECT attempt FROM job WHERE part_id = '{part}'"))]
    assert ends_told(own, part) == "1"


def test_a_machine_that_stands_still_for_too_long_is_given_up(own, user, machine, helpers):
    """Beyond any attempt's time another machine does the work; the first one's is refused."""
    one = machine("asleep")
    part = user.upload(helpers.relief_stl(), name="asleep.stl")["part_id"]
    job = one.find("fileapi-job")
    still = freeze(one, job)
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
    thaw(still)
    until(lambda: not alive(job))
    assert own.sql(key) == made
    assert own.sql(f"SELECT attempt, state FROM job WHERE part_id = '{part}'") == "2|finished"
    assert ends_told(own, part) == "1"


def test_the_database_s_restart_interrupts_no_job(own, user, machine, helpers):
    """Sessions and locks are gone for a moment: children that live are not taken for dead."""
    one = machine("patient")
    part = user.upload(helpers.relief_stl(), name="restart.stl")["part_id"]
    cad = one.find("fileapi-cad")
    machine("hasty")
    own.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'fileapi-job%'")
    time.sleep(14)
    os.kill(cad, signal.SIGCONT)
    assert user.wait(part) == "finished"
    assert own.sql(f"SELECT attempt, crashes FROM job WHERE part_id = '{part}'") == "1|0"
