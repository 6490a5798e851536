"""scripts/run-job: the frontend's way through a part, and what it tells a person."""
import importlib.machinery
import importlib.util
import os
import socket
import subprocess
import threading
import types

import pytest


@pytest.fixture
def user(stack, alice):
    """The environment that ./quickstart gives to run-job."""
    return {**os.environ, **stack.env, "FILEAPI_TOKEN": alice.token}


@pytest.fixture
def run_job(helpers, user, tmp_path):
    def run(path):
        return subprocess.run([helpers.ROOT / "scripts/run-job", path, tmp_path / "out"], env=user,
                              capture_output=True, text=True, errors="replace", timeout=120)
    return run


def load_run_job(helpers):
    path = str(helpers.ROOT / "scripts/run-job")
    loader = importlib.machinery.SourceFileLoader("run_job", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("run_job", loader))
    loader.exec_module(module)
    return module


def test_the_part_in_words(helpers, run_job, tmp_path):
    """run-job prints verdict, figures and defects, and lists this run's files only."""
    part = tmp_path / "open box.stl"
    part.write_bytes(helpers.box_stl()[:-50])
    (tmp_path / "out").mkdir()
    (tmp_path / "out/older.glb").write_bytes(b"")
    done = run_job(part)
    assert done.returncode == 0, done
    words = " ".join(done.stdout.split())
    for expected in ("The model has 3 open edges; repair it before printing.",
                     "Size L × W × H 13 17 19 mm", "Watertight no", "Open edges 3", "Volume ",
                     "Surface area ", "open edges, one of them at (", "the volume is an estimate.",
                     "holds 11"):
        assert expected in words, (expected, done.stdout)
    assert "older" not in words and "open box_visual.glb" in words


def test_a_closed_part_in_words(helpers, run_job, tmp_path):
    """The figures of a closed box are its own."""
    (tmp_path / "box.stl").write_bytes(helpers.box_stl())
    words = " ".join(run_job(tmp_path / "box.stl").stdout.split())
    for expected in ("The model is closed and can be printed as it is.", "Volume 4199 mm³ 4.2 cm³",
                     "Surface area 1582 mm² 15.82 cm²", "Watertight yes", "Open edges 0"):
        assert expected in words, (expected, words)


def test_a_part_that_is_known(helpers, run_job, tmp_path):
    """The same file a second time is ready without an analysis, and told all the same."""
    (tmp_path / "box.stl").write_bytes(helpers.box_stl(name=b"twice"))
    for _ in range(2):
        done = run_job(tmp_path / "box.stl")
        assert done.returncode == 0 and "Watertight                yes" in done.stdout, done


def test_a_format_that_is_only_stored(run_job, tmp_path):
    """run-job says so at once, instead of waiting for a job that nobody has started."""
    (tmp_path / "part.sat").write_bytes(b"o part\n")
    done = run_job(tmp_path / "part.sat")
    assert done.returncode == 0 and "the file is stored" in done.stdout, done


def test_what_cannot_be_uploaded(helpers, run_job, tmp_path):
    """Each refusal is a sentence that names the reason: no traceback."""
    (tmp_path / "notes.txt").write_bytes(b"hello")
    done = run_job(tmp_path / "notes.txt")
    assert done.returncode == 1 and "422: Invalid user input.\n  file: " in done.stderr, done
    latin = os.fsencode(tmp_path) + b"/gr\xf6\xdfe.stl"
    with open(latin, "wb") as out:
        out.write(helpers.box_stl())
    for path, reason in ((latin, "is not UTF-8"), (tmp_path, "is no regular file")):
        done = run_job(path)
        assert done.returncode == 1 and reason in done.stderr, done
        assert "Traceback" not in done.stderr


def test_pings_are_answered(helpers, monkeypatch):
    """A ping is answered by a masked pong of the same content, also while nobody reads events."""
    module = load_run_job(helpers)
    monkeypatch.setenv("FILEAPI_WS_URL", "wss://localhost/ws")
    got = {}
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        peer, _ = listener.accept()
        with peer:
            head = b""
            while b"\r\n\r\n" not in head:
                head += peer.recv(4096)
            peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x89\x05hello")
            pong = b""
            while len(pong) < 11:
                pong += peer.recv(64)
            got["head"] = pong[:2]
            got["content"] = bytes(b ^ pong[2 + i % 4] for i, b in enumerate(pong[6:]))
            peer.sendall(b'\x81\x0b{"event":1}\x88\x00')

    thread = threading.Thread(target=serve)
    thread.start()
    url = types.SimpleNamespace(hostname="127.0.0.1", port=listener.getsockname()[1], netloc="x")
    tls = types.SimpleNamespace(wrap_socket=lambda raw, server_hostname: raw)
    events = module.Events(types.SimpleNamespace(url=url, tls=tls, token="t"))
    thread.join(10)
    assert got == {"head": b"\x8a\x85", "content": b"hello"}
    assert events.read() == {"event": 1}
    with pytest.raises(module.Problem, match="closed"):
        events.read()
