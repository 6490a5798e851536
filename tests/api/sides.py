"""Objects and rows seen without fileapi's own code: both kinds of store, keys, and what owns them."""
import datetime
import hashlib
import hmac
import http.client
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse
import uuid
import xml.etree.ElementTree
from pathlib import Path

from cache import CACHE, Missing

ROOT = Path(__file__).resolve().parents[2]
DAY = 86400


def new_key(age=0.0):
    """A key as fileapi makes them, `age` seconds ago: a version 7 UUID behind its last byte."""
    number = int((time.time() - age) * 1000) << 80 | uuid.uuid4().int & (1 << 80) - 1
    number = number & ~(0xF << 76) | 7 << 76
    digits = f"{number & ~(3 << 62) | 2 << 62:032x}"
    return f"{digits[-2:]}/{digits}"


class Directory:
    """The directory store's folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.owner = self.folder.stat().st_uid, self.folder.stat().st_gid

    def names(self):
        return {str(p.relative_to(self.folder)) for p in self.folder.rglob("*") if p.is_file()}

    def put(self, name, content):
        path = self.folder / name
        made = [p for p in (path, *path.parents) if not p.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        for each in made:
            os.chown(each, *self.owner)

    def get(self, name):
        return (self.folder / name).read_bytes()

    def delete(self, name):
        (self.folder / name).unlink()


class Bucket:
    """A bucket of an S3 server, with a signer of its own (AWS Signature Version 4)."""

    def __init__(self, url, name, key_id, secret, ca=""):
        self.name, self.key_id, self.secret, self.ca = name, key_id, secret, ca
        self.scheme, self.host, *_ = urllib.parse.urlsplit(url)
        self.local = threading.local()
        self.env = {"AWS_ENDPOINT_URL_S3": url, "AWS_ACCESS_KEY_ID": key_id,
                    "AWS_SECRET_ACCESS_KEY": secret, "AWS_REGION": "us-east-1",
                    "FILEAPI_S3_BUCKET": name, "FILEAPI_S3_CA": ca}

    def headers(self, method, path, query, body):
        moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        headers = {"host": self.host, "x-amz-content-sha256": digest, "x-amz-date": moment}
        names = ";".join(headers)
        request = "\n".join([method, path, query, *(f"{k}:{v}" for k, v in headers.items()), "",
                             names, digest])
        scope = f"{moment[:8]}/us-east-1/s3/aws4_request"
        key = b"AWS4" + self.secret.encode()
        for word in scope.split("/"):
            key = hmac.digest(key, word.encode(), "sha256")
        text = "\n".join(["AWS4-HMAC-SHA256", moment, scope,
                          hashlib.sha256(request.encode()).hexdigest()])
        signature = hmac.new(key, text.encode(), "sha256").hexdigest()
        headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.key_id}/{scope}, "
                                    f"SignedHeaders={names}, Signature={signature}")
        return headers

    def connect(self):
        if self.scheme == "http":
            return http.client.HTTPConnection(self.host, timeout=30)
        trust = ssl.create_default_context(cafile=self.ca or None)
        return http.client.HTTPSConnection(self.host, timeout=30, context=trust)

    def call(self, method, name="", body=b"", accepted=(200,), **query):
        path = urllib.parse.quote(f"/{self.name}/{name}" if name else f"/{self.name}")
        query = "&".join(f"{k}={urllib.parse.quote(str(v), safe='')}"
                         for k, v in sorted((k.replace("_", "-"), v) for k, v in query.items()))
        target = path + ("?" + query if query else "")
        if not hasattr(self.local, "connection"):
            self.local.connection = self.connect()
        connection = self.local.connection
        for last in (False, True):
            try:
                connection.request(method, target, body, self.headers(method, path, query, body))
                answer = connection.getresponse()
                break
            except (http.client.RemoteDisconnected, ConnectionError):
                # The server has closed a connection that was idle for long.
                connection.close()
                if last:
                    raise
        content = answer.read()
        assert answer.status in accepted, f"{method} {path}: {answer.status} {content[:300]}"
        return content

    def names(self):
        found, more = set(), {}
        while True:
            page = xml.etree.ElementTree.fromstring(self.call("GET", list_type=2, **more))
            space = page.tag.split("}")[0] + "}"
            found |= {e.text for e in page.iter(space + "Key")}
            token = page.findtext(space + "NextContinuationToken")
            if not token:
                return found
            more = {"continuation_token": token}

    def put(self, name, content):
        self.call("PUT", name, content)

    def get(self, name):
        return self.call("GET", name)

    def delete(self, name):
        self.call("DELETE", name, accepted=(200, 204))


class Minio:
    """A MinIO of the tests' own, with one bucket; `Missing` when there is no program for it."""

    def __init__(self, folder):
        program = shutil.which("minio") or CACHE / "minio/minio"
        if not Path(program).exists():
            raise Missing(f"no minio in PATH nor in {CACHE}/minio")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.log = open(Path(folder, "minio.log"), "wb")
        self.process = subprocess.Popen(
            [program, "server", "--quiet", "--address", f"127.0.0.1:{port}", Path(folder, "data")],
            env={**os.environ, "MINIO_ROOT_USER": "tests", "MINIO_ROOT_PASSWORD": "tests-secret",
                 "MINIO_BROWSER": "off", "MINIO_UPDATE": "off"},
            stdout=self.log, stderr=self.log)
        self.bucket = Bucket(f"http://127.0.0.1:{port}", "fileapi-tests", "tests", "tests-secret")
        deadline = time.monotonic() + 60
        while True:
            try:
                self.bucket.call("PUT", accepted=(200, 409))
                return
            except (OSError, AssertionError, http.client.HTTPException):
                self.bucket.local = threading.local()
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.close()
                    raise
                time.sleep(0.1)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


def side_of(stack):
    """The store that a stack uses."""
    env = stack.env
    if not env.get("AWS_ENDPOINT_URL_S3"):
        return Directory(env["FILEAPI_STORE"])
    secret = env.get("AWS_SECRET_ACCESS_KEY") or Path(env["AWS_SECRET_ACCESS_KEY_FILE"]).read_text()
    return Bucket(env["AWS_ENDPOINT_URL_S3"], env["FILEAPI_S3_BUCKET"], env["AWS_ACCESS_KEY_ID"],
                  secret.strip(), env.get("FILEAPI_S3_CA", ""))


def command(stack, *arguments, **env):
    """fileapictl on a stack, as the store's user; arguments for subprocess."""
    user = os.stat(stack.env["FILEAPI_STORE"]).st_uid
    as_user = []
    if os.geteuid() == 0 and user != 0:
        as_user = ["setpriv", "--reuid", str(user), "--regid", str(pwd.getpwuid(user).pw_gid),
                   "--init-groups"]
    return {"args": [*as_user, Path(stack.env["FILEAPI_BIN"], "fileapictl"), *arguments],
            "env": {**os.environ, **stack.env, **env}, "cwd": stack.env["FILEAPI_DIR"]}


def ctl(stack, *arguments, **env):
    """Runs fileapictl to its end."""
    return subprocess.run(**command(stack, *arguments, **env), capture_output=True, text=True,
                          timeout=600)


def owned(stack):
    """What rows own: key -> (size, sha256 in hex)."""
    rows = stack.sql("SELECT object_key, size, encode(sha256, 'hex') FROM asset UNION ALL"
                     " SELECT object_key, size, encode(sha256, 'hex') FROM derived_file")
    return {key: (int(size), sha256) for key, size, sha256 in
            (line.split("|") for line in rows.splitlines())}


def assert_whole(stack, side):
    """Every object that a row owns is in the store, byte for byte."""
    for key, (size, sha256) in owned(stack).items():
        content = side.get(key)
        assert (len(content), hashlib.sha256(content).hexdigest()) == (size, sha256), key


def fill(stack, put, count, content=lambda i: b"object %d" % i):
    """A part with `count` assets, by SQL; `put(key, bytes)` stores their objects."""
    part, lines = uuid.uuid4().hex, []
    for i in range(count):
        key, data = new_key(2 * DAY), content(i)
        put(key, data)
        lines.append(f"{uuid.uuid4().hex}\t{part}\tfile {i}\tmisc\t{key}\t{len(data)}\t"
                     f"\\\\x{hashlib.sha256(data).hexdigest()}")
    script = (f"INSERT INTO account (account_id, issuer, subject) VALUES ('{part}', 'x', '{part}');"
              f"INSERT INTO part (part_id, owner_id, name) VALUES ('{part}', '{part}', 'filled');"
              "COPY asset (asset_id, part_id, basename, asset_type, object_key, size, sha256)"
              " FROM stdin;\n" + "\n".join(lines) + "\n\\.\nANALYZE;\n")
    done = subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres"], input=script,
                          env={**os.environ, **stack.env}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return part


class Rig:
    """A stack's database, and a store of either kind, with nobody at work but the test."""

    def __init__(self, stack, kind, minio=None):
        self.stack, self.kind = stack, kind
        self.side = minio.bucket if kind == "s3" else Directory(stack.env["FILEAPI_STORE"])
        self.env = self.side.env if kind == "s3" else {"AWS_ENDPOINT_URL_S3": ""}

    def clean(self):
        self.stack.sql("TRUNCATE part, account, object_intent, object_tombstone CASCADE")
        for name in self.side.names():
            self.side.delete(name)

    def ctl(self, *arguments, **env):
        return ctl(self.stack, *arguments, **{**self.env, **env})

    def command(self, *arguments, **env):
        return command(self.stack, *arguments, **{**self.env, **env})

    def fill(self, count, **options):
        return fill(self.stack, self.side.put, count, **options)

    def intent(self, key, seconds):
        self.stack.sql("INSERT INTO object_intent (object_key, deadline) VALUES"
                       f" ('{key}', now() + interval '{seconds} s')")

    def tombstone(self, key, seconds):
        self.stack.sql("INSERT INTO object_tombstone (object_key, due_at) VALUES"
                       f" ('{key}', now() + interval '{seconds} s')")

    def object(self, age=2 * DAY, content=b"object"):
        key = new_key(age)
        self.side.put(key, content)
        return key

    def named(self, table):
        return set(self.stack.sql(f"SELECT object_key FROM {table}").split())
