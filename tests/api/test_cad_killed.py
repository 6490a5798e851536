"""How fileapi-cad ends, and what follows: a foreign kill is tried again, a limit is the file's."""
import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest
from processes import children_of, named

OWN = {"FILEAPI_JOB_ATTEMPTS": "2"}


def find_cad(stack, part, timeout=30):
    """The pid of the part's fileapi-cad, as soon as it is one; None when the job has ended."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        state, pid = stack.sql(f"SELECT state, pid FROM job WHERE part_id = '{part}'").split("|")
        if state not in ("queued", "running"):
            return None
        if state == "running" and (found := named(children_of(pid), "fileapi-cad")):
            return found[0]
    raise AssertionError(f"no fileapi-cad within {timeout} s")


def error_of(user, part, name):
    stages = user.assets(part)[name]["asset_stat"]["choices"].values()
    return [stage["error"] for stage in stages if stage["error"]["error_raised"]]


def test_killed_once(own, user, helpers):
    """A foreign SIGKILL of fileapi-cad is a crash: the next attempt finishes the job."""
    part = user.upload(helpers.relief_stl(400), name="once.stl")["part_id"]
    os.kill(find_cad(own, part), signal.SIGKILL)
    assert user.wait(part) == "finished"
    assert own.sql(f"SELECT crashes FROM job WHERE part_id = '{part}'") == "1"
    assert error_of(user, part, "once.stl") == []


def test_killed_every_time(own, user, helpers):
    """After the last attempt the part says what has happened, and does not blame the file."""
    # Not the content of before, which may be known by now.
    part = user.upload(helpers.relief_stl(400), name="always.stl")["part_id"]
    kills = 0
    while (pid := find_cad(own, part)) is not None:
        try:
            os.kill(pid, signal.SIGKILL)
            kills += 1
            while Path(f"/proc/{pid}").exists():
                time.sleep(0.01)
        except ProcessLookupError:
            pass
    assert kills == 2 and user.wait(part) == "failed"
    assert error_of(user, part, "always.stl") == [{
        "message": "The work was tried 2 times and did not end: the analysis was stopped from "
                   "outside, perhaps for want of memory.",
        "error_raised": True,
        "recommmended_user_action": "Try again later; if it happens again, tell the support the "
                                    "part's id."}]


def test_the_limit_of_computing_time(own, user, helpers):
    """The limit sends SIGXCPU before SIGKILL, and SIGXCPU ends the job at once, with the reason."""
    part = user.upload(helpers.relief_stl(400), name="slow.stl")["part_id"]
    pid = find_cad(own, part)
    os.kill(pid, signal.SIGSTOP)
    limits = dict((line[:26].strip(), line[26:].split()[:2])
                  for line in Path(f"/proc/{pid}/limits").read_text().splitlines())
    os.kill(pid, signal.SIGXCPU)
    os.kill(pid, signal.SIGCONT)
    soft, hard = map(int, limits["Max cpu time"])
    assert 60 <= soft < hard, limits
    assert user.wait(part) == "failed"
    assert own.sql(f"SELECT crashes FROM job WHERE part_id = '{part}'") == "0"
    error, = error_of(user, part, "slow.stl")
    assert error["message"] == "The analysis takes more computing time than is allowed."


def test_the_limit_of_memory(own, sanitized, tmp_path, helpers):
    """An analysis that meets its memory limit says so: the file is the reason."""
    if sanitized:
        pytest.skip("AddressSanitizer needs more address space than any limit leaves")
    (tmp_path / "big.stl").write_bytes(helpers.relief_stl(400))
    done = subprocess.run(
        [Path(own.env["FILEAPI_BIN"], "fileapi-cad"), "--in", tmp_path / "big.stl", "--metrics",
         tmp_path / "m.json", "--progress", tmp_path / "steps"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (26 << 20, 26 << 20)),
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 3, done
    assert "error\tcad_analysis\tThe analysis takes more memory than is allowed.\tExport" in (
        tmp_path / "steps").read_text()
