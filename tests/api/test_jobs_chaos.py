"""Children, supervisors and the database killed at random moments: every job ends once."""
import json
import os
import random
import signal
import time
from pathlib import Path

import pytest
from processes import alive, children_of, named, state_of, until

OWN = {"FILEAPI_JOB_SLOTS": "2", "FILEAPI_STORE_GRACE": "0"}
OPEN = "SELECT count(*) FROM job WHERE state IN ('queued', 'running')"
# The pauses between attempts are not what is looked at.
NO_PAUSE = "UPDATE job SET not_before = now() WHERE state = 'queued' AND not_before > now()"
SEED = int(os.environ.get("FILEAPI_SEED", random.randrange(1 << 32)))
FULL = os.environ.get("FILEAPI_FULL") == "1"


def try_sql(stack, statement):
    """The answer, or None while the database is away."""
    try:
        return stack.sql(statement)
    except AssertionError:
        return None


def restart_postgres(stack):
    """The stack's start also starts its own supervisor: one of three machines from then on."""
    pid = int(stack.status()["postgres"])
    backends = children_of(pid)
    os.kill(pid, signal.SIGKILL)
    # A new server refuses to start while one of the old server's processes has not noticed.
    until(lambda: not any(alive(p) for p in [pid, *backends]), 60)
    # Where nobody waits for orphans its number stays taken, which a new server takes for life.
    for lock in ("postgres/postmaster.pid", "run/.s.PGSQL.5432.lock"):
        Path(stack.env["FILEAPI_DIR"], lock).unlink(missing_ok=True)
    stack.run("start")


@pytest.mark.timeout(3000 if FULL else 600)
def test_every_job_ends_once(own, user, machine):
    """1,000 jobs and 200 kills (60 and 12 in the short run) on three machines: all are final, each
    was told once, no superseded attempt has written, no zombie stays."""
    jobs, kills = (1000, 200) if FULL else (60, 12)
    chance = random.Random(SEED)
    print(f"FILEAPI_SEED={SEED}")
    parts = [user.upload(name=f"chaos{i}.stl")["part_id"] for i in range(jobs)]
    machines = [machine(name) for name in ("one", "two")]
    counts = {"child": 0, "supervisor": 0, "postgres": 0}
    plan = (["postgres"] * max(1, kills // 25) + ["supervisor"] * (kills // 4))
    plan += ["child"] * (kills - len(plan))
    chance.shuffle(plan)
    try:
        while plan:
            time.sleep(chance.uniform(0, 0.6))
            if try_sql(own, OPEN) == "0":
                parts += [user.upload(name=f"more{i}.stl")["part_id"] for i in range(5)]
            one = chance.choice(machines)
            what = plan[-1]
            if what == "child":
                running = named(children_of(one.pid), "fileapi-job")
                running += [c for p in running for c in named(children_of(p), "fileapi-cad")]
                if not running:
                    continue
                try:
                    os.kill(chance.choice(running), signal.SIGKILL)
                except ProcessLookupError:
                    continue
            elif what == "supervisor":
                one.kill()
                time.sleep(chance.uniform(0, 0.3))
                one.start()
            else:
                restart_postgres(own)
                for each in machines:
                    if each.process.poll() is not None:
                        each.start()
            counts[plan.pop()] += 1
        print(counts)
        until(lambda: try_sql(own, f"{NO_PAUSE}; {OPEN}") == "0", 600, 0.5)
        check(own, parts, machines)
        for one in machines:
            assert one.process.poll() is None
            until(lambda: "Z" not in [state_of(p) for p in children_of(one.pid)], 5)
    except BaseException:
        print(f"FILEAPI_SEED={SEED} {counts}")
        raise


def check(stack, parts, machines):
    """What rows, events, logs and store say is one story."""
    stack.sql("SELECT event_publish(100000)")
    rows = stack.sql("""
        SELECT job_id, state, attempt, crashes, status,
          (SELECT string_agg(body ->> 'event', ' ') FROM event e
           WHERE e.part_id = j.part_id AND body ->> 'event' <> 'progress'),
          (SELECT max(told) FROM (SELECT count(*) AS told FROM event e WHERE e.part_id = j.part_id
            AND body ->> 'event' = 'progress' GROUP BY body ->> 'stage') AS by_stage),
          (SELECT count(*) FROM derived_file d WHERE d.part_id = j.part_id),
          (SELECT count(*) FROM stage JOIN asset USING (asset_id)
           WHERE asset.part_id = j.part_id AND stage.state = 'active')
        FROM job j JOIN part USING (part_id)""").splitlines()
    assert len(rows) == len(parts)
    logs = "".join(m.log.read_text() for m in machines)
    logs += Path(stack.env["FILEAPI_LOGS"], "fileapi-jobs.log").read_text()
    ended = {}
    for line in logs.splitlines():
        if '"job_finished"' in line:
            told = json.loads(line)
            ended.setdefault(told["job_id"], []).append(told["attempt"])
    for row in rows:
        job, state, attempt, crashes, status, news, told, kinds, active = row.split("|")
        assert state == "finished" or (state == "failed" and crashes == "2"), row
        # No attempt but the last has ended the job; it may have died before it could say so.
        assert ended.get(job.replace("-", ""), []) in ([], [int(attempt)]), row
        assert news == state and active == "0", row
        assert (status, kinds) == ("ready", "3") if state == "finished" else status == "failed", row
        # A later attempt makes again, and tells, what an earlier one has put.
        assert int(told or 0) <= int(attempt), row
    # Every object that a row owns is there.
    owned = stack.sql("SELECT object_key FROM asset UNION SELECT object_key FROM derived_file")
    lost = set(owned.split()) - stack.objects.names()
    assert not lost, lost
