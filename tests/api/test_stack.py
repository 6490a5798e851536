"""scripts/stack: where it lives, what it finds, and what a failed start leaves."""
import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

PROGRAMS = ["fileapi", "fileapi-cad", "fileapi-job", "fileapi-jobs", "fileapi-keys", "fileapi-ws",
            "fileapictl"]


@pytest.fixture
def hidden(helpers, tmp_path):
    """A folder for root alone, with a build tree and a stack in it, as in a clone below /root."""
    if os.geteuid() != 0:
        pytest.skip("only root's stack runs as another user")
    os.chmod(tmp_path, 0o700)
    build = Path(os.environ.get("FILEAPI_BUILD", helpers.ROOT / "build"))
    for program in PROGRAMS:
        shutil.copy(build / program, tmp_path / program)
    shutil.copytree(build / "docs", tmp_path / "docs")
    yield tmp_path
    place = tmp_path / "stack/elsewhere"
    if place.exists():
        shutil.rmtree(Path(place.read_text().strip()).parent)


def test_a_folder_that_the_user_cannot_reach(helpers, hidden):
    """The stack then lives elsewhere, and every command finds it by the folder that was named."""
    stack = helpers.Stack(hidden / "stack", FILEAPI_BUILD=str(hidden))
    try:
        place = Path(stack.env["FILEAPI_DIR"])
        assert not place.is_relative_to(hidden)
        assert place.stat().st_uid != 0 and place.parent.stat().st_mode & 0o777 == 0o750
        user = stack.user("alice")
        assert user.wait(user.upload()["part_id"]) == "finished"
        # Programs that run are replaced, and the stack stays where it is.
        stack.run("start")
        assert stack.run("env").count(str(place)) and "-" not in stack.status().values()
    finally:
        stack.stop()
    assert set(stack.status().values()) == {"-"}


def test_a_path_without_sbin(new_stack):
    """An ordinary user's PATH, which lacks nginx's folder, is enough."""
    stack = new_stack(PATH="/usr/local/bin:/usr/bin:/bin")
    assert stack.status()["nginx"] != "-"


def test_a_start_while_postgres_stops(new_stack):
    """One that was told to stop, and has not yet, is replaced when it has."""
    stack = new_stack()
    old = int(stack.status()["postgres"])
    os.kill(old, signal.SIGSTOP)
    os.kill(old, signal.SIGINT)
    threading.Timer(1, os.kill, (old, signal.SIGCONT)).start()
    stack.run("start")
    assert stack.status()["postgres"] not in ("-", str(old))
    assert stack.user("alice").get("/api/v1/part/").status_code == 200


def test_a_start_that_fails_leaves_nothing_running(helpers, tmp_path):
    """When nginx cannot listen, what was started before it is stopped again."""
    os.chmod(tmp_path, 0o755)
    stack = [helpers.ROOT / "scripts/stack"]
    folder = ["--dir", str(tmp_path / "stack")]
    for parent in list(tmp_path.parents)[:2]:
        os.chmod(parent, 0o755)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run([*stack, "start", *folder, "--port", port], capture_output=True,
                              env={**os.environ, **helpers.Stack.common}, text=True, timeout=120)
    assert done.returncode == 1 and "nginx did not start" in done.stderr, done.stderr
    told = subprocess.run([*stack, "status", *folder], capture_output=True, text=True).stdout
    assert set(line.split()[1] for line in told.splitlines()) == {"-"}, told
    assert not (tmp_path / "stack/postgres/postmaster.pid").exists()
