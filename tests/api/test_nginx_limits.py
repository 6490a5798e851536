"""What nginx's limits of time and of requests do: shortened here, as they are installed otherwise."""
import json
import os
import signal
import ssl
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from processes import children_of, until

ORIGIN = "https://cad.example"
SHORT = (("client_header_timeout 15s;", "client_header_timeout 1s;"),
         ("client_body_timeout 60s;", "client_body_timeout 1s;"),
         ("fastcgi_read_timeout 60s;", "fastcgi_read_timeout 1s;"))


@pytest.fixture(scope="module")
def short(helpers):
    stack = helpers.make_stack(FILEAPI_CORS_ORIGINS=ORIGIN)
    try:
        configure(stack, SHORT)
        yield stack
    finally:
        stack.stop()


def configure(stack, replacements):
    """Puts other values into nginx's file and waits until its old workers have gone."""
    path = Path(stack.folder, "nginx.conf")
    text = path.read_text()
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text)
    master = int(Path(stack.folder, "run/nginx.pid").read_text().split()[0])
    before = set(children_of(master))
    os.kill(master, signal.SIGHUP)
    until(lambda: (now := set(children_of(master))) and not before & now, 30)


def last_words(connection):
    """All that comes before the connection ends."""
    answer = b""
    try:
        while chunk := connection.recv(65536):
            answer += chunk
    except (ConnectionResetError, ssl.SSLError):
        pass
    return answer


def assert_told(helpers, answer, status, detail, retry_after):
    helpers.assert_problem(answer, status, detail)
    assert answer.headers.get("retry-after") == retry_after, answer.headers
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    assert answer.headers["vary"] == "Origin"


def access_log(stack):
    return [json.loads(line) for line in
            Path(stack.env["FILEAPI_LOGS"], "nginx-access.log").read_text().splitlines()]


@pytest.mark.parametrize("what", ["head", "body"])
def test_slow_client(short, what):
    """A client that stops in the midst of its request is let go in time, noted as 408, and holds no worker."""
    path = f"/api/v1/part/0/assets/?{uuid.uuid4().hex}"
    head = (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n")
    started = time.monotonic()
    with short.connect(20) as connection:
        connection.sendall(head.encode() + (b"" if what == "head" else b"\r\n--x\r\n"))
        assert last_words(connection) == b""
    assert 0.9 < time.monotonic() - started < 10
    noted = lambda: [line for line in access_log(short) if line["status"] == 408]  # noqa: E731
    until(noted, 10)
    assert noted()[-1]["request_id"] not in Path(short.env["FILEAPI_LOGS"], "fileapi.log").read_text()


def test_slow_pool(helpers, short):
    """Where no worker answers in time: 504 with Retry-After, readable by other origins' pages."""
    user = short.user("slow")
    path = f"/api/v1/part/{uuid.uuid4().hex}/upload-file/"
    pool = int(short.status()["fileapi"])
    stopped = [int(pid) for pid in children_of(pool)]
    assert len(stopped) == 4
    try:
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        answer = user.get(path, headers={"Origin": ORIGIN})
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    assert_told(helpers, answer, 504, "Service temporarily unavailable.", "2")
    assert user.get(path).status_code == 404


def test_too_many_requests(helpers, short):
    """More requests of one address than RATE and BURST allow are 429 with Retry-After; then it works again."""
    configure(short, [("rate=2000r/s", "rate=1r/s"), ("burst=4000", "burst=3")])
    try:
        users = [short.user("many") for _ in range(12)]
        path = f"/api/v1/part/{uuid.uuid4().hex}/upload-file/"
        with ThreadPoolExecutor(len(users)) as threads:
            answers = list(threads.map(lambda u: u.get(path, headers={"Origin": ORIGIN}), users))
        refused = [a for a in answers if a.status_code == 429]
        assert len(refused) >= 4
        assert {a.status_code for a in answers} == {404, 429}, answers
        for answer in refused:
            assert_told(helpers, answer, 429, "Too many requests.", "1")
            assert answer.headers["x-request-id"] not in Path(
                short.env["FILEAPI_LOGS"], "fileapi.log").read_text()
        time.sleep(1.1)
        assert users[0].get(path).status_code == 404
    finally:
        configure(short, [("rate=1r/s", "rate=2000r/s"), ("burst=3", "burst=4000")])
