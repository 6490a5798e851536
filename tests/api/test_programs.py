"""Programs that cannot do what they were started for: each says why, and ends."""
import json
import os
import pty
import re
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import pytest
from database import Session
from processes import until
from service import ROOT

DAEMONS = ["fileapi", "fileapi-jobs", "fileapi-ws", "fileapi-keys"]
BUILD = Path(os.environ.get("FILEAPI_BUILD", ROOT / "build"))


@pytest.fixture
def readable():
    """A folder that the stack's user can read."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def run(name, *arguments, **environment):
    """Runs a daemon to its end, which comes soon; what it says on standard error."""
    done = subprocess.run([BUILD / name, *arguments], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done
    return done.stderr


def told(said, event):
    """The one line of a log about an event."""
    line, = [line for line in map(json.loads, said.splitlines()) if line["event"] == event]
    return line


@pytest.mark.parametrize("name", DAEMONS)
def test_arguments_are_refused(name):
    said = run(name, "--workers", "4")
    assert "takes no arguments" in said and "fileapictl options" in said


@pytest.mark.parametrize("name", DAEMONS)
def test_a_wrong_option_is_told(name):
    assert told(run(name, FILEAPI_WORKERS="many"), "options")["detail"] == 'FILEAPI_WORKERS takes number, not "many"'


def test_a_misspelt_option_is_told():
    """With the option that was meant, and without the value, which may be a secret."""
    said = run("fileapi", FILEAPI_DATABSE="password=swordfish", FILEAPI_URL="x", FILEAPI_WORKERS="many",
               FILEAPI_LOG_LEVEL="info")
    assert "option_unknown" not in said  # nothing of it while an option is wrong
    said = run("fileapi", FILEAPI_DATABSE="password=swordfish", FILEAPI_URL="x", FILEAPI_SOCKET="/nowhere/at/all")
    line = told(said, "option_unknown")
    assert (line["name"], line["meant"], line["level"]) == ("FILEAPI_DATABSE", "FILEAPI_DATABASE", "warning")
    assert "swordfish" not in said


@pytest.mark.parametrize("options, detail", [
    ({"FILEAPI_SOCKET_GROUP": "no-such-group"}, 'FILEAPI_SOCKET_GROUP: no group "no-such-group"'),
    ({"FILEAPI_SOCKET": "/nowhere/at/all"}, "listen on /nowhere/at/all: No such file or directory"),
    ({"FILEAPI_SOCKET": "/tmp/" + "x" * 110}, "File name too long"),
])
def test_a_socket_that_cannot_be(tmp_path, options, detail):
    said = run("fileapi", **{"FILEAPI_SOCKET": str(tmp_path / "s"), **options})
    assert detail in told(said, "listen")["detail"]


@pytest.mark.parametrize("options, detail", [
    ({"OIDC_ALGORITHMS": "RS256 HS256"}, 'OIDC_ALGORITHMS: "HS256" is none of ours'),
    ({"OIDC_ALGORITHMS": " "}, "OIDC_ALGORITHMS is empty"),
    ({"OIDC_AUDIENCE": " "}, "OIDC_AUDIENCE is empty"),
    ({"FILEAPI_TOKEN_LEEWAY": "86400"}, "FILEAPI_TOKEN_LEEWAY is above"),
])
def test_wrong_rules_of_tokens(stack, tmp_path, options, detail):
    said = run("fileapi-ws", **{**stack.env, "FILEAPI_WS_SOCKET": str(tmp_path / "s"), **options})
    assert detail in told(said, "start")["detail"]


@pytest.mark.parametrize("name, option, event", [("fileapi", "FILEAPI_SOCKET", "listen"),
                                                 ("fileapi-ws", "FILEAPI_WS_SOCKET", "start")])
def test_a_second_one(stack, name, option, event):
    """It leaves the first one's socket alone."""
    line = told(run(name, **stack.env), event)
    assert line["detail"] == f"another process listens on {stack.env[option]}"
    api = stack.user("alice")
    assert api.get("/readyz").status_code == 200
    assert api.get("/api/v1/events/").status_code == 200


def test_a_second_supervisor(stack):
    """It would watch the same children: it waits 10 s for the session of one that may have been killed,
    and does not start."""
    line = told(run("fileapi-jobs", **stack.env), "start")
    assert "another fileapi-jobs runs as" in line["detail"] and "FILEAPI_JOB_MACHINE" in line["action"]


@pytest.mark.parametrize("name", ["fileapi", "fileapi-ws"])
@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_systemd_is_told(stack, tmp_path, name, abstract):
    """The units are of Type=notify: who never says READY=1 is stopped as one that did not start."""
    address = f"\0fileapi-{uuid.uuid4()}" if abstract else str(tmp_path / "notify")
    options = {"FILEAPI_SOCKET": str(tmp_path / "s"), "FILEAPI_WS_SOCKET": str(tmp_path / "w"),
               "NOTIFY_SOCKET": address.replace("\0", "@")}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(20)
        with subprocess.Popen([BUILD / name], env={**stack.env, **options}, stderr=subprocess.DEVNULL) as process:
            try:
                assert systemd.recv(100) == b"READY=1"
                process.terminate()
                assert systemd.recv(100) == b"STOPPING=1"
                assert process.wait(20) == 0
            finally:
                process.kill()


def test_fileapictl_tells_its_commands():
    asked = subprocess.run([BUILD / "fileapictl", "--help"], capture_output=True, text=True, timeout=60)
    assert asked.returncode == 0 and "  migrate \n" in asked.stdout and not asked.stderr
    for arguments in [], ["nonsense"]:
        done = subprocess.run([BUILD / "fileapictl", *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and done.stderr.endswith(asked.stdout)


@pytest.mark.parametrize("words, says", [
    ("keys", "keys: there is no embedded issuer\nHINT: set FILEAPI_SIGNING_KEY"),
    ("token --sub x", "token: there is no embedded issuer\nHINT: set FILEAPI_SIGNING_KEY"),
    ("FILEAPI_SIGNING_KEY=/nowhere token", "token: --sub is required\n"),
    ("FILEAPI_SIGNING_KEY=/nowhere token --sub x", "token: open /nowhere: No such file or directory\n"),
    ("FILEAPI_SIGNING_KEY=/nowhere token --sub x" + 65 * " --org y", "token: --org comes more than 64 times\n"),
    ("jobs nonsense", 'jobs: no "nonsense": list, show, retry, cancel or drain\n'),
    ("jobs show", "jobs: takes a job's id and perhaps --json\n"),
    ("jobs list --part x", 'jobs: "x" is no id: 32 hex digits\n'),
    ("gc --limit 0", 'gc: --limit takes a number above 0, not "0"\n'),
    ("gc --limit", 'gc: "--limit" is no option, or lacks its argument\n'),
    ("gc --nonsense", 'gc: "--nonsense" is no option, or lacks its argument\n'),
    ("gc nonsense", 'gc: "nonsense" is too much\n'),
], ids=lambda value: value.split(":")[0][:40])
def test_fileapictl_says_what_is_wrong(words, says):
    """In one line, with a hint where there is something to do."""
    given = words.split()
    environment = dict(word.split("=") for word in given if "=" in word)
    done = subprocess.run([BUILD / "fileapictl", *[word for word in given if "=" not in word]],
                          env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.startswith(f"fileapictl {says}"), done


def on_a_terminal(*arguments, **environment):
    """Starts fileapictl on a terminal of its own; the terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(BUILD / "fileapictl", ["fileapictl", *arguments], environment)
    return terminal


def all_of(terminal):
    """What is said on it until its end."""
    said = b""
    try:
        while piece := os.read(terminal, 4096):
            said += piece
    except OSError:
        pass  # how Linux tells the end
    os.close(terminal)
    os.wait()
    return said


def test_nobody_is_asked_for_a_passphrase(tmp_path):
    """A signing key that has one is none."""
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-aes128",
                    "-pass", "pass:secret", "-out", key], check=True, capture_output=True)
    terminal = on_a_terminal("token", "--sub", "x", FILEAPI_SIGNING_KEY=str(key))
    os.write(terminal, b"secret\n")
    assert b"key.pem holds no private key that is P-256" in all_of(terminal)


def test_progress_is_shown_on_a_terminal(stack, alice):
    """Once a second, and nothing of it stays."""
    alice.upload()
    with Session(stack.env) as other:
        other.run("BEGIN")
        other.run("LOCK TABLE asset")
        terminal = on_a_terminal("fsck", "--verify", **stack.env)
        until(lambda: stack.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0")
        time.sleep(1.1)
        other.run("COMMIT")
    assert re.search(rb"\d+ objects, \d+ MB read\r\x1b\[K", all_of(terminal))


def test_the_embedded_issuer_needs_no_fileapi_keys():
    """Its keys must not be replaced by anybody else's."""
    done = subprocess.run([BUILD / "fileapi-keys"], env={"FILEAPI_SIGNING_KEY": "/nowhere"},
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and told(done.stderr, "not_needed")


def test_a_migration_that_fails_leaves_nothing(stack, readable):
    """Not what stood before the fault, and not its name: it is applied when it has been mended."""
    shutil.copytree(stack.env["FILEAPI_SQL"], readable, dirs_exist_ok=True)
    (readable / "9999_broken.sql").write_text("CREATE TABLE half (x integer); SELECT nonsense;")
    done = stack.ctl("migrate", FILEAPI_SQL=str(readable))
    assert done.returncode == 1 and "9999_broken.sql: " in done.stderr and "nonsense" in done.stderr
    assert stack.sql("SELECT to_regclass('half') IS NULL") == "t"
    assert stack.sql("SELECT count(*) FROM schema_migration WHERE version = 9999") == "0"


def test_no_migrations(stack):
    done = stack.ctl("migrate", FILEAPI_SQL="/nowhere")
    assert done.returncode == 1 and "read FILEAPI_SQL /nowhere: No such file" in done.stderr
