"""What nginx answers by itself, and what it must not let through."""
import json
import os
import re
import signal
import socket
import ssl
import urllib.parse
import uuid
from pathlib import Path

import pytest
from processes import until

TOO_LONG = b"a" * 20000


@pytest.fixture(scope="module")
def file(alice):
    """The path of a file that downloads, and its part."""
    part = alice.upload(name="nginx.stl")["part_id"]
    return f"/api/v1/part/{part}/upload-file/"


def whole(answer):
    """True once a head is there, and the body that it announces."""
    head, gap, body = answer.partition(b"\r\n\r\n")
    announced = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return bool(gap and announced) and len(body) >= int(announced[1])


def send(stack, *lines, body=b"", tls=True):
    """Sends these bytes as a head and a body: status, headers in lower case, body."""
    url = urllib.parse.urlsplit(stack.url)
    with stack.connect() if tls else socket.create_connection((url.hostname, url.port),
                                                              timeout=30) as connection:
        connection.sendall(b"\r\n".join((*lines, b"", b"")) + body)
        answer = b""
        try:
            # Of a request that it refused nginx waits for the rest, before it closes.
            while not whole(answer) and (chunk := connection.recv(65536)):
                answer += chunk
        except (ConnectionResetError, ssl.SSLError):
            pass  # nginx has answered, and does not wait for what it refused
    head, _, text = answer.partition(b"\r\n\r\n")
    status, *rest = head.decode().split("\r\n")
    headers = {}
    for line in rest:
        name, value = line.split(": ", 1)
        headers.setdefault(name.lower(), []).append(value)
    return int(status.split()[1]), headers, text


def assert_told_once(answer, status):
    """A problem of nginx's own: one request id, the same in header and body; nothing of a file."""
    got, headers, text = answer
    assert got == status, answer
    assert headers["content-type"] == ["application/problem+json"], answer
    problem = json.loads(text)
    assert problem["status"] == status and problem["title"] and problem["detail"], answer
    assert problem["type"] == "about:blank"
    assert headers["x-request-id"] == [problem["request_id"]], answer
    assert all(len(values) == 1 and values[0] for values in headers.values()), answer
    for name in ("content-disposition", "etag", "last-modified", "content-security-policy"):
        assert name not in headers, answer


HOST, CLOSE = b"Host: localhost", b"Connection: close"
POST = b"POST /api/v1/part/0/assets/ HTTP/1.1"

# What nginx refuses by itself: the lines of the head, and the status.
REFUSED = {
    "no request line": ([b"nonsense"], 400),
    "no host": ([b"GET /readyz HTTP/1.1"], 400),
    "path out of the root": ([b"GET /../x HTTP/1.1", HOST], 400),
    "encoded path out of the root": ([b"GET /..%2fx HTTP/1.1", HOST], 400),
    "NUL in the path": ([b"GET /a%00b HTTP/1.1", HOST], 400),
    "two lengths": ([POST, HOST, b"Content-Length: 1", b"Content-Length: 1"], 400),
    "bad length": ([POST, HOST, b"Content-Length: x"], 400),
    "negative length": ([POST, HOST, b"Content-Length: -1"], 400),
    "length and chunks": ([POST, HOST, b"Content-Length: 5", b"Transfer-Encoding: chunked"], 400),
    "chunks and length": ([POST, HOST, b"Transfer-Encoding: chunked", b"Content-Length: 5"], 400),
    "bad chunk": ([POST, HOST, b"Transfer-Encoding: chunked"], 400),
    "too large a header": ([b"GET /readyz HTTP/1.1", HOST, b"X-A: " + TOO_LONG], 400),
    "TRACE": ([b"TRACE /readyz HTTP/1.1", HOST], 405),
    "CONNECT": ([b"CONNECT localhost:443 HTTP/1.1", HOST], 400),
    "too large a body": ([POST, HOST, b"Content-Length: 3221225472"], 413),
    "too long a path": ([b"GET /" + TOO_LONG + b" HTTP/1.1", HOST], 414),
    "unknown coding": ([POST, HOST, b"Transfer-Encoding: gzip"], 501),
    "unknown version": ([b"GET /readyz HTTP/4.0", HOST], 505),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(stack, name):
    """Every refusal of nginx's own is a problem with its request id, and reaches no worker."""
    lines, status = REFUSED[name]
    body = b"zz\r\n" if name == "bad chunk" else b""
    answer = send(stack, *lines, *([CLOSE] if name != "no request line" else []), body=body)
    assert_told_once(answer, status)
    request_id = answer[1]["x-request-id"][0]
    assert request_id not in Path(stack.env["FILEAPI_LOGS"], "fileapi.log").read_text()


def test_plain_http(stack):
    """HTTP on the TLS port is told so in HTTP, as a problem."""
    assert_told_once(send(stack, b"GET /readyz HTTP/1.1", HOST, CLOSE, tls=False), 400)


def test_range_not_satisfiable(stack, alice, file):
    """The 416 of a download carries the file's length and nothing else of it."""
    answer = send(stack, b"GET " + file.encode() + b" HTTP/1.1", HOST, CLOSE,
                  b"Range: bytes=999999999-", b"Authorization: Bearer " + alice.token.encode())
    assert_told_once(answer, 416)
    size = len(alice.get(file).content)
    assert answer[1]["content-range"] == [f"bytes */{size}"]


def test_lost_object(stack, alice):
    """The 404 of a file that is lost from the store carries nothing of the file."""
    part = alice.upload(b"solid lost " + uuid.uuid4().bytes, name="lost.stl")["part_id"]
    stack.objects.delete(stack.sql(f"SELECT object_key FROM asset WHERE part_id = '{part}'"))
    answer = send(stack, f"GET /api/v1/part/{part}/upload-file/ HTTP/1.1".encode(), HOST, CLOSE,
                  b"Authorization: Bearer " + alice.token.encode())
    assert_told_once(answer, 404)
    assert json.loads(answer[2])["detail"] == "Object not found in storage."


def test_one_request_id(stack, alice, file):
    """Downloads, parts of them and not modified ones carry one request id too."""
    etag = alice.get(file).headers["etag"].encode()
    for header, status in ((b"X-A: b", 200), (b"Range: bytes=0-1", 206),
                           (b"If-None-Match: " + etag, 304), (b"If-Match: W/" + etag, 412)):
        got, headers, _ = send(stack, b"GET " + file.encode() + b" HTTP/1.1", HOST, CLOSE, header,
                               b"Authorization: Bearer " + alice.token.encode())
        assert got == status
        for name in ("x-request-id", "etag", "last-modified", "cache-control"):
            assert len(headers.get(name, [])) == (1 if status < 400 or name[0] == "x" else 0), name


def test_store_is_not_reached_from_outside(stack, alice, file):
    """No spelling of a path, and no header, makes nginx send a stored file without a worker."""
    part = file.split("/")[4]
    key = stack.sql(f"SELECT object_key FROM asset WHERE part_id = '{part}' AND basename ="
                    " 'nginx.stl'")
    content = alice.get(file).content
    assert stack.objects.get(key) == content
    paths = [f"/_store/{key}", f"//_store/{key}", f"/_store//{key}", f"/%5fstore/{key}",
             f"/_store/../_store/{key}", f"/api/../_store/{key}", f"/api/..%2f_store/{key}",
             f"/api/%2e%2e/_store/{key}", f"/_STORE/{key}", f"/_store/{key}?x", f"/_store/%2e/{key}",
             f"/api/v1/..;/_store/{key}", f"/api/v1\\..\\_store/{key}", "/_problem", "/@gone",
             "/_store/../../../../etc/passwd", "/_store/..%2f..%2fetc/passwd",
             f"/_s3/fileapi/{key}", f"/_s3_cached/fileapi/{key}", f"/_s3_kept/fileapi/{key}",
             f"//_s3/fileapi/{key}", f"/api/../_s3/fileapi/{key}", f"/_s3/fileapi/{key}?X-Amz-Expires=60"]
    for path in paths:
        for extra in (b"X-A: b", b"X-Accel-Redirect: /_store/" + key.encode(),
                      b"X-Accel-Redirect: /_s3/fileapi/" + key.encode(),
                      b"Authorization: Bearer " + alice.token.encode()):
            got, _, text = send(stack, f"GET {path} HTTP/1.1".encode(), HOST, CLOSE, extra)
            assert got in (400, 401, 404), (path, extra, got)
            assert content not in text and b"root:" not in text, path


def test_headers_of_the_inside_do_nothing(stack, alice, file):
    """X-Accel-…, X-Request-Id and other names of the inside are of no account when a client sends them."""
    key = "_store/00/" + "0" * 32
    content = alice.get(file).content
    for name, value in (("X-Accel-Redirect", "/" + key), ("X-Sendfile", "/etc/passwd"),
                        ("X-Original-URL", "/healthz"), ("X-Rewrite-URL", "/healthz"),
                        ("X-HTTP-Method-Override", "DELETE"), ("X-Request-Id", "mine"),
                        ("Request_Id", "mine"), ("Content_Length", "0"), ("Proxy", "x")):
        answer = alice.get(file, headers={name: value})
        assert answer.status_code == 200 and answer.content == content, name
        assert answer.headers["x-request-id"] != "mine"
        stranger = alice.session.get(stack.url + file, headers={name: value}, timeout=30)
        assert stranger.status_code == 401, name


def test_slashes_and_dots_name_the_same_route(alice, file):
    """A worker decides by the path as it was sent: other spellings are no route."""
    part = file.split("/")[4]
    for path in (f"/api/v1/part/{part}//upload-file/", f"/api/v1//part/{part}/upload-file/",
                 f"/api/v1/part/{part}/%75pload-file/", f"/api/v1/part/{part}%2fupload-file/",
                 f"/api/v1/part/{part}/upload-file/..%2fthumbnail-file/"):
        answer = get_as_is(alice, path)
        assert answer[0] == 404, (path, answer)


def get_as_is(alice, path):
    return send(alice.stack, f"GET {path} HTTP/1.1".encode(), HOST, CLOSE,
                b"Authorization: Bearer " + alice.token.encode())


def test_pool_away(stack, alice):
    """Without a pool: 502 as a problem with Retry-After; afterwards all is well again."""
    os.kill(int(stack.status()["fileapi"]), signal.SIGTERM)
    try:
        until(lambda: stack.status()["fileapi"] == "-")
        answer = get_as_is(alice, f"/api/v1/part/{uuid.uuid4().hex}/upload-file/")
        assert_told_once(answer, 502)
        assert answer[1]["retry-after"] == ["2"]
    finally:
        stack.run("start")
    assert alice.get("/readyz").status_code == 200
