"""Downloads from an S3 server: what nginx asks it, what it keeps, what passes and what happens when it fails.

That a download looks the same on every store is asked by the other tests, which run on each of them.
"""
import concurrent.futures
import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

import pytest
from processes import until

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))
import proxy as faults  # noqa: E402

UNAVAILABLE = "Service temporarily unavailable."


class Heads(faults.Fault):
    """No fault: keeps the heads that pass, of requests (UP) or of answers (DOWN)."""

    def __init__(self, way=faults.UP):
        super().__init__(way=way)
        self.heads = []

    async def apply(self, link, kind, piece):
        if kind == "head":
            self.heads.append(piece.decode())
        return piece

    def gets(self):
        return [head for head in self.heads if head.startswith("GET ")]


class Say(faults.Fault):
    """Puts more headers into the head of an answer."""

    def __init__(self, *lines, **options):
        super().__init__(**options)
        self.lines = lines

    async def apply(self, link, kind, piece):
        if kind != "head" or not self.strikes():
            return piece
        return piece[:-2] + b"".join(line.encode() + b"\r\n" for line in self.lines) + b"\r\n"


@pytest.fixture(scope="module")
def minio(helpers):
    """The stack whose MinIO the other one uses."""
    stack = helpers.make_stack(store="s3")
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def relay(minio):
    """Between the service and MinIO."""
    url = urllib.parse.urlsplit(minio.env["AWS_ENDPOINT_URL_S3"])
    relay = faults.Proxy((url.hostname, url.port), faults.Http)
    yield relay
    relay.close()


@pytest.fixture(scope="module")
def own(helpers, minio, relay):
    named = {name: minio.env[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY_FILE",
                                                "FILEAPI_S3_BUCKET")}
    stack = helpers.make_stack(store="s3", AWS_ENDPOINT_URL_S3="http://%s:%d" % relay.address, **named)
    yield stack
    stack.stop()


def new_part(user):
    part = user.upload(name="kept.stl")["part_id"]
    assert user.wait(part) == "finished"
    return f"/api/v1/part/{part}/"


@pytest.fixture
def part(user):
    return new_part(user)


@pytest.fixture(scope="module")
def large(user):
    """The path of a file of 48 MB that is not for the cache, and its bytes."""
    content = os.urandom(48_000_000)
    part = user.upload(content, name="large.bin", kind="misc")["part_id"]
    return f"/api/v1/part/{part}/assets/?basename=large.bin", content


@contextlib.contextmanager
def asked(relay):
    """The requests that reach the store while the block runs."""
    with relay.harm(Heads()) as heads:
        yield heads


def kept_files(stack):
    return {p for p in Path(stack.env["FILEAPI_DIR"], "cache").rglob("*") if p.is_file()}


def curl(user, path, folder, *options):
    """curl, which tells a body that is too short: exit status and what came."""
    done = subprocess.run(["curl", "--silent", "--noproxy", "*", "--cacert", user.stack.ca, "--max-time", "30",
                           "--header", f"Authorization: Bearer {user.token}", "--output", folder / "body",
                           *options, user.stack.url + path], timeout=60)
    return done.returncode, (folder / "body").read_bytes() if (folder / "body").exists() else b""


def test_the_second_download_does_not_touch_the_store(own, user, relay, part, helpers):
    """Pictures and models come out of nginx's cache, whole and in ranges, also after nginx was started anew."""
    with asked(relay) as first:
        whole = {kind: user.get(f"{part}{kind}-file/") for kind in ("thumbnail", "visualization")}
    assert len(first.gets()) == 2
    stranger = own.user("mallory", org="evil")
    for again in range(2):
        with asked(relay) as heads:
            for kind, answer in whole.items():
                path = f"{part}{kind}-file/"
                second = user.get(path)
                assert second.status_code == answer.status_code == 200
                assert second.content == answer.content
                same = [{k: v for k, v in a.headers.items() if k not in ("Date", "X-Request-Id")}
                        for a in (answer, second)]
                assert same[0] == same[1]
                piece = user.get(path, headers={"Range": "bytes=5-9"})
                assert piece.status_code == 206 and piece.content == answer.content[5:10]
                assert stranger.get(path).status_code == 403
                assert helpers.Api(own, None).get(path).status_code == 401
        assert heads.gets() == []
        if not again:
            restart_nginx(own)


def restart_nginx(stack):
    pid = int(stack.status()["nginx"])
    os.kill(pid, signal.SIGTERM)
    until(lambda: stack.status()["nginx"] == "-", 10)
    stack.run("start")


def test_one_request_fills_the_cache(user, relay, part):
    """Of many at once for the same picture one reaches the store."""
    def get(_):
        return user.session.get(user.stack.url + f"{part}thumbnail-file/", headers=user.headers, timeout=30)

    with asked(relay) as heads, relay.harm(faults.Latency(0.3)):
        with concurrent.futures.ThreadPoolExecutor(3) as several:
            answers = list(several.map(get, range(6)))
    assert {a.status_code for a in answers} == {200} and len({a.content for a in answers}) == 1
    assert len(heads.gets()) == 1


def test_a_range_fills_the_cache_too(user, relay, part):
    """A first request for a range gets it, and the next one for all needs the store no more."""
    path = f"{part}visualization-file/"
    assert user.get(path, headers={"Range": "bytes=-4"}).status_code == 206
    with asked(relay) as heads:
        whole = user.get(path)
    assert whole.content[:4] == b"glTF" and heads.gets() == []


def test_large_files_and_cads_are_not_kept(own, user, part, large):
    """What is fetched once takes no room in the cache."""
    before = kept_files(own)
    assert user.get(large[0]).content == large[1]
    assert user.get(f"{part}upload-file/").status_code == 200
    assert kept_files(own) == before


def test_head_leaves_the_object_where_it_is(own, user, relay, part, large):
    """HEAD brings a fraction of the object, and nothing into the cache."""
    before, kept = relay.counts["bytes", faults.DOWN], kept_files(own)
    head = user.call("HEAD", large[0])
    assert head.status_code == 200 and head.headers["content-length"] == str(len(large[1]))
    # What the kernel's buffers take while nginx reads the head.
    assert relay.counts["bytes", faults.DOWN] - before < len(large[1]) // 4
    assert user.call("HEAD", f"{part}thumbnail-file/").status_code == 200
    assert kept_files(own) == kept


def test_nothing_of_the_client_reaches_the_store(user, relay, part):
    """nginx asks with a host and at most one range: no token, no cookie, no condition, no name of a program."""
    path = f"{part}upload-file/"
    tag = user.get(path).headers["etag"]
    with asked(relay) as heads:
        for headers in ({}, {"Range": "bytes=0-9"}, {"Range": "bytes=0-9", "If-Range": tag},
                        {"Range": "bytes=0-1,4-5"}, {"If-Match": tag}):
            assert user.get(path, headers={"Cookie": "a=b", "X-Amz-Security-Token": "x", **headers}).ok
    ranges = []
    for head in heads.gets():
        lines = dict(line.lower().split(": ", 1) for line in head.strip().split("\r\n")[1:])
        ranges.append(lines.pop("range", None))
        assert lines == {"host": "%s:%d" % relay.address}, head
    assert ranges == [None, "bytes=0-9", "bytes=0-9", None, None]


def test_nothing_of_the_store_reaches_the_client(user, relay, helpers):
    """Of the store's headers none passes, and none is obeyed; cached or not, whole or in part."""
    part = new_part(user)
    plain = {path: user.get(part + path) for path in ("upload-file/", "thumbnail-file/")}
    part = new_part(user)
    evil = Say("X-Accel-Redirect: /_store/x", "X-Accel-Expires: 0", "X-Accel-Limit-Rate: 1", "Cache-Control: no-store",
               "Set-Cookie: a=b", "Vary: *", "Expires: 0", "Content-Disposition: inline", "Content-Encoding: gzip",
               "X-Amz-Meta-Secret: x", "Access-Control-Allow-Origin: *", "Refresh: 0", "Location: /", "Zebra: x",
               "Content-Language: tlh", "WWW-Authenticate: Basic", "Link: <x>", "Strict-Transport-Security: max-age=1")
    with relay.harm(evil):
        for path, normal in plain.items():
            for headers, status in (({}, 200), ({"Range": "bytes=0-9"}, 206), ({"Range": "bytes=999999999-"}, 416)):
                answer = user.get(part + path, headers=headers)
                assert answer.status_code == status, helpers.told(answer)
                allowed = set(normal.headers) | {"Content-Range"}
                assert set(answer.headers) <= allowed, set(answer.headers) - allowed
                for name in ("Content-Disposition", "Cache-Control", "Content-Type", "Vary", "Content-Security-Policy",
                             "X-Content-Type-Options"):
                    assert status == 416 or answer.headers[name] == normal.headers[name]
    assert evil.struck > 3
    # The no-store above was the store's wish, not ours.
    with asked(relay) as heads:
        assert user.get(part + "thumbnail-file/").status_code == 200
    assert heads.gets() == []


CUTS = [(faults.Truncate, "--http1.1"), (faults.Truncate, "--http2"), (faults.Reset, "--http1.1"),
        (faults.Reset, "--http2")]


@pytest.mark.parametrize("kind, version", CUTS)
def test_a_cut_file_is_an_error(own, user, relay, large, tmp_path, kind, version):
    """A body that ends too early never looks whole to a client, and the rest can be had by a range."""
    path, content = large
    relay.cut()  # bytes are counted by connection, and nginx keeps some
    with relay.harm(kind(after=5_000_000, times=1)) as fault:
        status, came = curl(user, path, tmp_path, version)
    assert fault.struck == 1 and status in (18, 56, 92), status
    assert 0 < len(came) < len(content) and content.startswith(came)
    rest = user.get(path, headers={"Range": f"bytes={len(came)}-"})
    assert rest.status_code == 206 and came + rest.content == content


@pytest.mark.parametrize("kind, version", CUTS)
def test_a_cut_file_is_not_kept(own, user, relay, tmp_path, kind, version):
    """What was cut off on its way into the cache is fetched again, whole."""
    part, kept = new_part(user), kept_files(own)
    path = f"{part}visualization-file/"
    relay.cut()
    with relay.harm(kind(after=900, times=1)) as fault:
        status, came = curl(user, path, tmp_path, version)
    assert fault.struck == 1 and status in (18, 56, 92), (status, came)
    assert kept_files(own) == kept
    with asked(relay) as heads:
        whole = user.get(path)
    assert whole.status_code == 200 and len(whole.content) > len(came) and len(heads.gets()) == 1


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 412, 429, 500, 501, 502, 503, 504, 507])
def test_other_answers_of_the_store(user, relay, part, helpers, status):
    """Whatever else the store says is its trouble: 503 as a problem, without a word of the store's."""
    for path in ("upload-file/", "thumbnail-file/"):
        with relay.harm(faults.Status(status)):
            answer = user.get(part + path)
        helpers.assert_problem(answer, 503, UNAVAILABLE)
        assert answer.headers["retry-after"] == "2"
        assert "location" not in answer.headers and "content-disposition" not in answer.headers
        assert user.get(part + path).status_code == 200


@pytest.mark.parametrize("fault", [lambda: faults.Stall(), lambda: faults.Latency(10), lambda: None],
                         ids=["silent", "slow", "away"])
def test_the_store_is_silent_slow_or_away(own, user, relay, part, helpers, fault):
    """503 with Retry-After within 5 s; what is kept goes on; normal again at once."""
    assert user.get(f"{part}thumbnail-file/").status_code == 200
    harm = fault()
    with relay.harm(harm) if harm else contextlib.nullcontext():
        if not harm:
            relay.refuse()
        try:
            for path in ("upload-file/", "visualization-file/"):
                began = time.monotonic()
                answer = user.get(part + path)
                assert time.monotonic() - began < 5
                helpers.assert_problem(answer, 503, UNAVAILABLE)
                assert answer.headers["retry-after"]
            assert user.get(f"{part}thumbnail-file/").status_code == 200
        finally:
            relay.accept()
    began = time.monotonic()
    while user.get(f"{part}upload-file/").status_code != 200:
        assert time.monotonic() - began < 5


def test_no_secret_is_written_down(own, minio, user, part):
    """Neither signed URLs nor secrets stand in a log, in the settings or in a command line."""
    assert user.get(f"{part}upload-file/").status_code == 200
    for stack in (own, minio):
        secret = Path(stack.env["AWS_SECRET_ACCESS_KEY_FILE"]).read_text().strip().encode()
        folder = Path(stack.env["FILEAPI_DIR"])
        texts = {str(log): log.read_bytes() for log in (folder / "logs").glob("*.log")}
        texts["env"] = (folder / "env").read_bytes()
        texts["nginx.conf"] = (folder / "nginx.conf").read_bytes()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                texts[f"process {pid}"] = Path("/proc", pid, "cmdline").read_bytes()
        for name, text in texts.items():
            assert secret not in text, name
            if not name.startswith("process"):
                assert b"X-Amz-Signature" not in text, name


def test_the_policy_allows_no_more_than_it_says(minio):
    """The service's user reads and writes objects of one bucket, and may do nothing else anywhere."""
    from botocore.exceptions import ClientError
    client, name = minio.objects.client, minio.env["FILEAPI_S3_BUCKET"]
    client.put_object(Bucket=name, Key="policy", Body=b"x")
    client.delete_object(Bucket=name, Key="policy")
    refused = [lambda: client.create_bucket(Bucket="other"), lambda: client.delete_bucket(Bucket=name),
               lambda: client.get_bucket_policy(Bucket=name),
               lambda: client.put_bucket_policy(Bucket=name, Policy="{}"),
               lambda: client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"}),
               lambda: client.put_object(Bucket="other", Key="x", Body=b"x"),
               lambda: client.list_objects_v2(Bucket="other"),
               lambda: client.put_object_tagging(Bucket=name, Key="x", Tagging={"TagSet": []})]
    for number, call in enumerate(refused):
        with pytest.raises(ClientError) as why:
            call()
        assert why.value.response["Error"]["Code"] == "AccessDenied", number


def test_tls_to_the_store(new_stack, helpers, tmp_path):
    """Workers, jobs and nginx verify the store's certificate; one that another authority signed is none."""
    stack = new_stack(store="s3tls")
    assert stack.env["AWS_ENDPOINT_URL_S3"].startswith("https://")
    user = stack.user("alice")
    part = new_part(user)
    for path in ("upload-file/", "thumbnail-file/"):
        assert user.get(part + path).status_code == 200
    other = Path(stack.env["FILEAPI_DIR"], "tls/other.crt")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-days", "2", "-subj", "/CN=another", "-keyout", tmp_path / "key", "-out",
                    other], check=True, capture_output=True)
    other.chmod(0o644)
    settings = Path(stack.env["FILEAPI_DIR"], "nginx.conf")
    trusted = f"proxy_ssl_trusted_certificate {stack.env['FILEAPI_S3_CA']};"
    assert trusted in settings.read_text()
    settings.write_text(settings.read_text().replace(
        trusted, f"proxy_ssl_trusted_certificate {other};"))
    os.kill(int(stack.status()["nginx"]), signal.SIGHUP)
    until(lambda: user.get(part + "upload-file/").status_code != 200, 10)
    answer = user.get(part + "upload-file/")
    helpers.assert_problem(answer, 503, UNAVAILABLE)
    assert user.get(part + "thumbnail-file/").status_code == 200  # kept
