"""The sandbox as an operator meets it: on by default, told by health, off when asked for."""
import os
import subprocess
import time
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def open_stack(helpers):
    stack = helpers.make_stack(FILEAPI_SANDBOX="off")
    yield stack
    stack.stop()


def health(stack):
    return subprocess.run([Path(stack.env["FILEAPI_BIN"]) / "fileapictl", "health"],
                          env={**os.environ, **stack.env}, capture_output=True, text=True)


def test_health(stack, open_stack):
    """fileapictl health says whether parsers are boxed."""
    boxed, unboxed = health(stack), health(open_stack)
    assert boxed.returncode == unboxed.returncode == 0, (boxed, unboxed)
    assert "sandbox ok" in boxed.stdout
    assert "sandbox OFF" in unboxed.stdout


def test_off(open_stack, helpers):
    """Without the sandbox a part is analysed all the same."""
    user = helpers.Api(open_stack, open_stack.token("alice"))
    part = user.upload(helpers.box_stl(), name="box.stl")["part_id"]
    assert user.wait(part) == "finished"


def seen(stack):
    """What /proc says of a fileapi-cad of this build once it is in the box: (no-new-privs, session)."""
    program = (Path(stack.env["FILEAPI_BIN"]) / "fileapi-cad").resolve()
    deadline = time.monotonic() + 30
    found = None
    while found is None and time.monotonic() < deadline:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if (folder / "exe").resolve() != program:
                    continue
                fields = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
                session = (folder / "stat").read_text().rsplit(")", 1)[1].split()[3]
                # Before it enters the box it is seen for a moment too.
                if int(fields["Seccomp"]) == 2:
                    found = int(fields["NoNewPrivs"]), session == folder.name
            except (OSError, ValueError):
                continue
    return found


def test_on(stack, helpers):
    """While a file is parsed, its process has a filter, no new privileges and a session of its own."""
    user = helpers.Api(stack, stack.token("boxed"))
    part = user.upload(helpers.relief_stl(400), name="large.stl")["part_id"]
    assert seen(stack) == (1, True)
    assert user.wait(part, timeout=60) == "finished"
