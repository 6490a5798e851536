"""A running stack, which scripts/stack starts out of the build tree."""
import http.client
import os
import pwd
import shlex
import ssl
import subprocess
import tempfile
import urllib.parse
from pathlib import Path

import minio_server
import pytest
from cache import Missing
from client import Api
from database import ask
from objects import objects_of
from swift_server import Swift

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("FILEAPI_SHARED", ROOT / ".." / "shared")).resolve()
FULL = os.environ.get("FILEAPI_FULL") == "1"
# Where stacks keep their objects unless a test says otherwise: dir; s3 or s3tls, a MinIO of each
# stack's own; swift, one Swift for all of them, with a bucket for each.
STORE_KIND = os.environ.get("FILEAPI_STORE_KIND", "dir")


class Stack:
    """One service of its own, in its own folder, on its own port."""

    issuer = None  # who makes its tokens, if not the embedded one
    common = {}  # the environment of all

    def __init__(self, folder, store=STORE_KIND, **environment):
        self.folder = str(folder)
        self.environment = {**os.environ, **self.common, **environment}
        if store in ("s3", "s3tls") and "AWS_ENDPOINT_URL_S3" not in environment:
            minio_server.find()
        if store == "swift":
            self.environment.update(shared_swift().new_bucket())
        # An endpoint from the environment is for --store s3 alone.
        self.run("start", "--workers", "4", "--store", "s3" if store == "swift" else store)
        lines = self.run("env").splitlines()
        self.env = dict(shlex.split(line)[0].split("=", 1) for line in lines)
        self.url = self.env["FILEAPI_URL"]
        self.ca = self.env["FILEAPI_CACERT"]
        self.objects = objects_of(self.env)

    def run(self, command, *arguments):
        done = subprocess.run([ROOT / "scripts/stack", command, "--dir", self.folder, *arguments],
                              env=self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"stack {command}: {done.stderr}{self.logs()}"
        return done.stdout.strip()

    def token(self, sub="alice", **options):
        if self.issuer:
            return self.issuer.token(sub, **options)
        arguments = ["--sub", sub]
        for name, value in options.items():
            for each in value if isinstance(value, list) else [value]:
                arguments += [f"--{name}", str(each)]
        return self.run("token", *arguments)

    def user(self, sub="alice", **claims):
        """Someone who asks with a token of these claims."""
        return Api(self, self.token(sub, **claims))

    def connect(self, timeout=30):
        """A connection to nginx over TLS, to write to by hand."""
        connection = self.http(timeout)
        connection.connect()
        return connection.sock

    def http(self, timeout=30):
        """The same for HTTP."""
        return http.client.HTTPSConnection(urllib.parse.urlsplit(self.url).netloc, timeout=timeout,
                                           context=self.tls())

    def tls(self):
        return ssl.create_default_context(cafile=self.ca)

    def command(self, *arguments, **env):
        """fileapictl, as the store's user; arguments for subprocess."""
        user = os.stat(self.env["FILEAPI_STORE"]).st_uid
        as_user = []
        if os.geteuid() == 0 and user != 0:
            as_user = ["setpriv", "--reuid", str(user), "--regid", str(pwd.getpwuid(user).pw_gid),
                       "--init-groups"]
        return {"args": [*as_user, Path(self.env["FILEAPI_BIN"], "fileapictl"), *arguments],
                "env": {**os.environ, **self.env, **env}, "cwd": self.env["FILEAPI_DIR"]}

    def ctl(self, *arguments, **env):
        """Runs fileapictl to its end."""
        return subprocess.run(**self.command(*arguments, **env), capture_output=True, text=True,
                              timeout=600)

    def collect(self):
        """What is due leaves the store now, not with the supervisor's next look."""
        done = self.ctl("gc")
        assert done.returncode == 0, done.stdout + done.stderr

    def status(self):
        done = subprocess.run([ROOT / "scripts/stack", "status", "--dir", self.folder],
                              env=self.environment, capture_output=True, text=True, timeout=60)
        return dict(line.split() for line in done.stdout.splitlines())

    def sql(self, statement):
        return ask(self.env, statement)

    def log_sql(self, statement):
        """The same of the log of events, with all that was committed in it."""
        self.sql("SELECT event_publish(100000)")
        return self.sql(statement)

    def logs(self):
        text = ""
        for log in sorted(Path(self.folder, "logs").glob("*.log")):
            text += f"\n== {log.name}\n" + "".join(log.open(errors="replace").readlines()[-8:])
        return text

    def stop(self):
        self.run("stop")


def make_stack(**environment):
    folder = tempfile.TemporaryDirectory(prefix="fileapi-test-", ignore_cleanup_errors=True)
    os.chmod(folder.name, 0o755)
    stack = Stack(folder.name, **environment)
    stack.keep = folder
    return stack


_swift = []  # the one that runs


def shared_swift():
    """Swift takes longer to start than all of a stack: it starts once, when it is needed."""
    if not _swift:
        try:
            _swift.append(Swift())
        except Missing as why:
            pytest.skip(str(why))
    return _swift[0]


def stop_swift():
    while _swift:
        _swift.pop().close()
