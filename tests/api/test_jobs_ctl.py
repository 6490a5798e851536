"""fileapictl jobs: the queue seen and changed by hand."""
import json
import os
import signal
import struct
import uuid

import pytest
from processes import alive, until
from shapes import relief_stl

OWN = {"FILEAPI_JOBS_DRAIN": "1"}
CAD = "process_and_store_CAD"
REPORT = "write_and_store_analysis_results_XLS"


@pytest.fixture
def one(machine):
    return machine()


def ask(stack, *words):
    done = stack.ctl("jobs", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(stack, *words):
    done = stack.ctl("jobs", *words)
    assert done.returncode == 1 and done.stdout == "", done
    return done.stderr


def listed(stack, *words):
    return [json.loads(line) for line in ask(stack, "list", "--json", *words).splitlines()]


def job_of(stack, part, task=CAD):
    return stack.sql(f"SELECT job_id FROM job WHERE part_id = '{part}' AND task = '{task}'"
                     " ORDER BY created_at DESC LIMIT 1").replace("-", "")


def test_list_and_its_filters(own, user, unsupervised):
    """Open jobs, or all, by state, task, part and organization; as a table and as JSON lines."""
    part = user.upload(name="listed.stl")["part_id"]
    other = own.user("bob", org="umbrella").upload(name="o.stl")["part_id"]
    line, = listed(own, "--part", part)
    assert line["job"] == job_of(own, part) and line["part"] == part
    assert (line["state"], line["task"], line["organization"]) == ("queued", CAD, "acme")
    assert (line["priority"], line["attempt"], line["crashes"], line["error"]) == (
        "waited for", 0, 0, None)
    assert [j["part"] for j in listed(own, "--organization", "umbrella")] == [other]
    assert listed(own, "--state", "failed") == [] and listed(own, "--task", "other") == []
    assert {j["state"] for j in listed(own, "--all")} == {"queued"}
    assert len(listed(own, "--limit", "1")) == 1
    # Without a word it lists, as ever; how long each waits may differ by then.
    bare, spelt = ([row.split()[:5] for row in ask(own, *words).splitlines()] for words in ([], ["list"]))
    assert bare == spelt and line["job"] in ask(own, "--all")
    for wrong in (["--part", "x"], ["--limit", "x"], ["--nothing"], ["more"]):
        assert refused(own, "list", *wrong)


def test_show(own, user, one):
    """Everything about one: attempts, owner, timing, events."""
    part = user.upload(name="shown.stl")["part_id"]
    assert user.wait(part) == "finished"
    job = job_of(own, part)
    shown = json.loads(ask(own, "show", job, "--json"))
    assert shown["state"] == "finished" and shown["attempt"] == 1
    assert shown["machine"].endswith("@one") and shown["pid"] > 0
    times = [shown[t] for t in ("created", "claimed", "begun", "ended")]
    assert times == sorted(times) and all(t.endswith("Z") for t in times)
    assert [e["event"] for e in shown["events"]] == ["progress"] * 3 + ["finished"]
    text = ask(own, "show", job)
    assert "attempt       1\ncrashes       0\n" in text and "event         {" in text
    assert "no id" in refused(own, "show", "x")
    assert "there is no job" in refused(own, "show", uuid.uuid4().hex)


def test_cancel_and_retry(own, user, one):
    """A cancelled job is told and its part says so; retried, it does its work after all."""
    until(lambda: not listed(own))
    os.kill(one.pid, signal.SIGSTOP)
    part = user.upload(name="both.stl")["part_id"]
    job = job_of(own, part)
    told = user.events(lambda e: e["event"] == "cancelled" and e["part_id"] == part,
                       lambda: ask(own, "cancel", job))
    assert told[-1]["job"] == CAD and told[-1]["id"]
    stage = user.assets(part)["both.stl"]["asset_stat"]["choices"]["cad_analysis"]
    assert stage["error"]["message"] == "The work was cancelled by the operator."
    assert user.get(f"/api/v1/part/{part}/").json()["status"] == "failed"
    assert "the job has ended: cancelled" in refused(own, "cancel", job)
    assert ask(own, "retry", job).strip() == job
    assert user.get(f"/api/v1/part/{part}/").json()["status"] == "processing"
    os.kill(one.pid, signal.SIGCONT)
    assert user.wait(part) == "finished"
    assert user.get(f"/api/v1/part/{part}/").json()["status"] == "ready"
    assert "has finished" in refused(own, "retry", job)
    assert "there is no such job" in refused(own, "retry", uuid.uuid4().hex)
    assert "takes the ids" in refused(own, "retry")


def test_a_cancelled_report_is_as_if_nobody_had_asked(own, user, one):
    """Its stage fails not, its event names no asset, and it is not retried beside another one."""
    until(lambda: not listed(own))
    os.kill(one.pid, signal.SIGSTOP)
    part = user.upload(name="unasked.stl")["part_id"]
    user.get(f"/api/v1/part/{part}/analysis-results-file/")
    job = job_of(own, part, REPORT)
    told = user.events(lambda e: e["event"] == "cancelled" and e["part_id"] == part,
                       lambda: ask(own, "cancel", job))
    assert told[-1]["job"] == REPORT and "asset_id" not in told[-1]
    user.get(f"/api/v1/part/{part}/analysis-results-file/")
    assert job_of(own, part, REPORT) != job and "another open job of this task" in refused(own, "retry", job)
    ask(own, "cancel", job_of(own, part, REPORT))
    os.kill(one.pid, signal.SIGCONT)
    assert user.wait(part) == "finished"
    stage = user.assets(part)["unasked.stl"]["asset_stat"]["choices"]["analysis_report"]
    assert not stage["finished"] and not stage["error"]["error_raised"]
    assert user.get(f"/api/v1/part/{part}/").json()["status"] == "ready"


def test_a_job_that_lost_its_file_is_not_retried(own, user, one):
    """A failed analysis of a CAD that another has replaced stays what it is."""
    part = user.upload(b"solid nothing\nendsolid\n", name="old.stl")["part_id"]
    assert user.wait(part) == "failed"
    job = job_of(own, part)
    user.upload(name="new.stl", part=part)
    assert user.wait(part) == "finished"
    assert "no longer the part's CAD" in refused(own, "retry", job)


def test_cancel_stops_the_process(own, user, one):
    """The process of a running job ends within two seconds."""
    part = user.upload(content=waves(), name="slow.stl")["part_id"]
    until(lambda: own.sql(f"SELECT state FROM job WHERE part_id = '{part}'"
                          " AND begun_at IS NOT NULL") == "running", pause=0.005)
    pid = own.sql(f"SELECT pid FROM job WHERE part_id = '{part}'")
    assert "is running" in refused(own, "retry", job_of(own, part))
    ask(own, "cancel", job_of(own, part))
    assert until(lambda: not alive(pid)) <= 2
    assert user.wait(part) == "cancelled"


def waves():
    """Facets that touch at no edge: they take long for their number."""
    side = 200
    facets = bytearray()
    for y in range(side):
        for x in range(side):
            h = (x * 7 + y * 13) % 11
            facets += struct.pack("<12fH", 0, 0, 0, x, y, h, x + 1, y, h, x, y + 1, h, 0)
    return os.urandom(40).hex().encode() + struct.pack("<I", side * side) + bytes(facets)


def test_drain(own, user, one):
    """The machine takes nothing more; what does not end in time is handed back, uncounted."""
    part = user.upload(relief_stl(), name="slow.stl")["part_id"]
    one.find("fileapi-job")
    name = own.sql("SELECT machine FROM job_machine WHERE machine LIKE '%@one'")
    assert "no fileapi-jobs runs on" in refused(own, "drain", "--machine", "elsewhere")
    assert ask(own, "drain", "--machine", name).strip() == f"{name} is drained"
    assert own.sql(f"SELECT state, crashes FROM job WHERE part_id = '{part}'") == "queued|0"
    later = user.upload(name="later.stl")["part_id"]
    until(lambda: len(one.lines("job_handed_back")) == 1)
    assert {j["state"] for j in listed(own)} == {"queued"}
    assert ask(own, "drain", "--machine", name, "--resume").strip() == f"{name} takes jobs"
    assert user.wait(part) == user.wait(later) == "finished"
    assert refused(own, "drain", "now") and refused(own, "nothing")
