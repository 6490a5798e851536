"""The queue: who is next, what is one job, and what goes when it is over."""
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from database import Session
from processes import alive, until

# One job at a time, so that their order is one.
OWN = {"FILEAPI_JOB_SLOTS": "1", "FILEAPI_JOB_KEEP": "2592000"}
NO_FACETS = b"solid nothing\nendsolid\n"  # whose job has hardly more to do than to be claimed
CAD = "process_and_store_CAD"
REPORT = "write_and_store_analysis_results_XLS"


@contextmanager
def paused(stack):
    """Nothing is claimed meanwhile."""
    pid = int(stack.status()["fileapi-jobs"])
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def order(stack, parts):
    """The parts in the order their CAD was claimed."""
    listed = "', '".join(parts)
    until(lambda: stack.sql("SELECT count(*) FROM job WHERE state IN ('queued', 'running')") == "0",
          120, 0.2)
    return [p.replace("-", "") for p in stack.sql(
        f"SELECT part_id FROM job WHERE part_id IN ('{listed}') AND task = '{CAD}'"
        " ORDER BY claimed_at").split()]


def test_one_organization_s_many_jobs_hold_nobody_back(own, user):
    """The one job of another organization is next but one, however many were there before."""
    other = own.user("bob", org="tiny")
    with paused(own):
        many = [user.upload(NO_FACETS, name=f"m{i}.stl")["part_id"] for i in range(15)]
        one = other.upload(NO_FACETS, name="one.stl")["part_id"]
    assert order(own, [*many, one]).index(one) <= 1


def test_lanes_take_turns(own, user):
    """Of two organizations with as many jobs each is served every second time."""
    other = own.user("bob", org="tiny")
    with paused(own):
        first = [user.upload(NO_FACETS, name=f"a{i}.stl")["part_id"] for i in range(8)]
        second = [other.upload(NO_FACETS, name=f"b{i}.stl")["part_id"] for i in range(8)]
    taken = order(own, first + second)
    assert [p for p in taken if p in first] == first and [p for p in taken if p in second] == second
    assert all((p in first) == (i % 2 == 0) for i, p in enumerate(taken))


def test_what_somebody_waits_for_comes_before_bulk(own, user):
    """Beyond twenty an account's jobs are bulk: a colleague's one job goes before them, and bulk gets
    its share of one in five."""
    colleague = own.user("carol", org="acme")
    with paused(own):
        many = [user.upload(NO_FACETS, name=f"m{i}.stl")["part_id"] for i in range(28)]
        one = colleague.upload(NO_FACETS, name="one.stl")["part_id"]
        bulk = own.sql(f"SELECT part_id FROM job WHERE state = 'queued' AND priority = 1").split()
    assert len(bulk) == 8
    bulk = {p.replace("-", "") for p in bulk}
    taken = order(own, [*many, one])
    before = taken[:taken.index(one)]
    assert len(before) <= 26 and sum(p in bulk for p in before) <= 6, before
    # Waiting on bulk is never without end.
    assert any(p in bulk for p in taken[:6])


def test_a_report_that_is_waited_for_brings_its_cad_forward(own, user):
    """Asking for the report of a bulk CAD makes both waited for."""
    colleague = own.user("carol", org="acme")
    with paused(own):
        parts = [user.upload(NO_FACETS, name=f"m{i}.stl")["part_id"] for i in range(22)]
        assert own.sql(f"SELECT priority FROM job WHERE part_id = '{parts[-1]}'") == "1"
        colleague.get(f"/api/v1/part/{parts[-1]}/analysis-results-file/")
        assert own.sql(f"SELECT DISTINCT priority FROM job WHERE part_id = '{parts[-1]}'") == "0"
    order(own, parts)
    assert colleague.wait(parts[-1], REPORT) == "finished"


def test_a_hundred_requests_are_one_job(own, user, helpers):
    """A hundred requests for one report: one job, a hundred equal answers."""
    part = user.upload(name="popular.stl")["part_id"]
    user.wait(part)
    callers = [helpers.Api(own, user.token) for _ in range(10)]
    with paused(own):
        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(
                lambda i: callers[i % 10].get(f"/api/v1/part/{part}/analysis-results-file/"),
                range(100)))
    assert {(a.status_code, a.text) for a in answers} == {
        (200, '"Celery worker for storing analysis result file started."')}
    assert user.wait(part, REPORT) == "finished"
    assert own.sql(f"SELECT count(*) FROM job WHERE part_id = '{part}' AND task = '{REPORT}'") == "1"
    assert own.log_sql(f"SELECT count(*) FROM event WHERE part_id = '{part}'"
                       f" AND body ->> 'task' = '{REPORT}'") == "1"


@pytest.mark.parametrize("report", (False, True), ids=("nobody", "a report"))
def test_the_end_of_a_job_wakes_who_has_waited_for_it(own, user, report):
    """Supervisors are notified of an end when it lets another job begin, and not otherwise."""
    with Session(own.env) as listener:
        with paused(own):
            part = user.upload(name="end.stl")["part_id"]
            if report:
                user.get(f"/api/v1/part/{part}/analysis-results-file/")
            listener.run("LISTEN fileapi_job")
        assert user.wait(part) == "finished"
        assert not report or user.wait(part, REPORT) == "finished"
        # What an end has to tell is told after it.
        pids = own.sql(f"SELECT pid FROM job WHERE part_id = '{part}'").split()
        until(lambda: not any(map(alive, pids)))
        told = listener.run("SELECT 1")
    assert sum('"fileapi_job"' in line for line in told) == report, told


def test_a_superseded_analysis_is_told(own, user):
    """A CAD that takes over cancels the open analysis, with an event that is kept and sent."""
    made = {}

    def replace():
        with paused(own):
            made.update(user.upload(name="first.stl"))
            user.upload(name="second.stl", part=made["part_id"])

    def is_end(event):
        return event.get("task") == CAD and event["part_id"] == made.get("part_id")

    events = [e for e in user.events(is_end, replace) if e["part_id"] == made.get("part_id")]
    cancelled = [e for e in events if e["event"] == "cancelled"]
    first, = made["assets"]
    assert [(e["job"], e["asset_id"]) for e in cancelled] == [(CAD, first)]
    assert cancelled[0]["id"] < events[-1]["id"]
    assert own.sql(f"SELECT string_agg(state, ' ' ORDER BY created_at) FROM job"
                   f" WHERE part_id = '{made['part_id']}'") == "cancelled finished"


def test_stages_are_told_as_they_end(own, user):
    """The end of a stage is an event that is kept, the start and percentages are not."""
    made = {}
    events = user.events(
        lambda e: e.get("task") == CAD and e["part_id"] == made.get("part_id"),
        lambda: made.update(user.upload(name="stages.stl")))
    mine = [e for e in events if e["part_id"] == made["part_id"]]
    kept = [(e["stage"], e["percent"]) for e in mine if e["event"] == "progress" and "id" in e]
    assert kept == [("cad_analysis", 100), ("visualization", 100), ("thumbnail", 100)]
    assert all(e["percent"] < 100 for e in mine if "id" not in e)
    ids = [e["id"] for e in mine if "id" in e]
    assert ids == sorted(ids)


def test_what_is_over_goes(new_stack):
    """Rows of ended jobs are dropped after FILEAPI_JOB_KEEP, open ones stay."""
    stack = new_stack(FILEAPI_JOB_KEEP="1")
    user = stack.user("alice")
    part = user.upload(name="old.stl")["part_id"]
    until(lambda: stack.sql("SELECT count(*) FROM event WHERE body ->> 'task' IS NOT NULL") == "1")
    with paused(stack):
        user.upload(name="new.stl")
        stack.sql("UPDATE job SET not_before = now() + interval '1 hour' WHERE state = 'queued'")
    until(lambda: stack.sql(f"SELECT count(*) FROM job WHERE part_id = '{part}'") == "0")
    assert stack.sql("SELECT state FROM job") == "queued"
    assert user.get(f"/api/v1/part/{part}/thumbnail-file/").status_code == 200


def test_a_full_notification_queue_fails_nothing(new_stack, failpoints):
    """While every NOTIFY fails (54000) uploads and jobs succeed, only later told, and children keep
    their locks."""
    stack = new_stack(FILEAPI_FAILPOINTS="db.notify=error,job.started=stall")
    user = stack.user("alice")
    part = user.upload(name="unheard.stl")["part_id"]
    # It stalls for 5 s before its first stage; two notifications have failed by then.
    assert user.wait(part) == "finished"
    assert user.get(f"/api/v1/part/{part}/analysis-results-file/").status_code == 200
    assert user.wait(part, REPORT) == "finished"
    assert stack.sql("SELECT sum(crashes), max(attempt) FROM job") == "0|1"
    assert "54000" in Path(stack.env["FILEAPI_LOGS"], "fileapi.log").read_text()
    log = Path(stack.env["FILEAPI_LOGS"], "fileapi-jobs.log").read_text()
    assert "54000" in log and not [line for line in map(json.loads, log.splitlines())
                                   if line["event"] == "job_dead"]
    # The daemon looks at the table by itself.
    task = {e.get("task") for e in user.events(lambda e: e.get("task") == REPORT,
                                               query="&last_event_id=0")}
    assert task == {None, CAD, REPORT}
