"""A running stack for the tests, and a client that speaks to it as a frontend does."""
import asyncio
import functools
import json
import os
import pwd
import shlex
import signal
import ssl
import struct
import subprocess
import tempfile
import time
import types
import uuid
from pathlib import Path

import minio_server
import pytest
import requests
import sides
import websockets
from cache import Missing, cached
from keycloak import Keycloak
from machine import Machine, stop_own
from objects import objects_of
from swift_server import Swift

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("FILEAPI_SHARED", ROOT / ".." / "shared")).resolve()
FULL = os.environ.get("FILEAPI_FULL") == "1"
# Who makes the tokens of the stack that tests share: "keycloak", or the embedded issuer.
IDENTITY = os.environ.get("FILEAPI_IDENTITY", "embedded")
# Where stacks keep their objects unless a test says otherwise: dir; s3 or s3tls, a MinIO of each
# stack's own; swift, one Swift for all of them, with a bucket for each.
STORE_KIND = os.environ.get("FILEAPI_STORE_KIND", "dir")

# The box of the unit tests: 13 x 17 x 19 mm, outward facets.
CORNERS = [((i & 1) * 13.0, (i >> 1 & 1) * 17.0, (i >> 2 & 1) * 19.0) for i in range(8)]
BOX = [(0, 2, 1), (1, 2, 3), (4, 5, 6), (5, 7, 6), (0, 1, 4), (1, 5, 4),
       (2, 6, 3), (3, 6, 7), (0, 4, 2), (2, 4, 6), (1, 3, 5), (3, 7, 5)]


def box_stl(announced=12, name=None):
    """The box; content of its own each time, unless a name is given."""
    name = uuid.uuid4().hex.encode() if name is None else name
    facets = b"".join(
        struct.pack("<12fH", 0, 0, 0, *(v for corner in facet for v in CORNERS[corner]), 0)
        for facet in BOX)
    return name.ljust(80) + struct.pack("<I", announced) + facets


@functools.lru_cache
def relief_facets(side):
    height = [[(x * x + 3 * y * y) % 37 / 10 for x in range(side + 1)] for y in range(side + 1)]
    facets = bytearray()
    for y in range(side):
        for x in range(side):
            a, b, c, d = ((i, j, height[j][i])
                          for i, j in ((x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)))
            facets += struct.pack("<12fH", 0, 0, 0, *a, *b, *c, 0)
            facets += struct.pack("<12fH", 0, 0, 0, *b, *d, *c, 0)
    return bytes(facets)


def relief_stl(side=300):
    """A waved surface of 2 * side * side facets, whose analysis takes long enough to be met;
    content of its own each time."""
    facets = relief_facets(side)
    return os.urandom(40).hex().encode() + struct.pack("<I", len(facets) // 50) + facets


class Stack:
    """One service of its own, in its own folder, on its own port."""

    issuer = None  # who makes its tokens, if not the embedded one

    def __init__(self, folder, store=STORE_KIND, **environment):
        self.folder = str(folder)
        self.environment = {**os.environ, **environment}
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

    def status(self):
        done = subprocess.run([ROOT / "scripts/stack", "status", "--dir", self.folder],
                              env=self.environment, capture_output=True, text=True, timeout=60)
        return dict(line.split() for line in done.stdout.splitlines())

    def sql(self, statement):
        done = subprocess.run(["psql", "-qAt", "-U", "postgres", "-c", statement],
                              env={**os.environ, **self.env}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

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


class Api:
    """A user of a stack."""

    def __init__(self, stack, token):
        self.stack = stack
        self.token = token
        self.session = requests.Session()
        self.session.verify = stack.ca
        self.session.trust_env = False
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method, path, **options):
        headers = {**self.headers, **options.pop("headers", {})}
        return self.session.request(method, self.stack.url + path, headers=headers, timeout=60,
                                    **options)

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, content=None, name="MyPart.stl", part="0", kind="cad", **fields):
        """POST …/assets/ as a browser's FormData does it."""
        content = box_stl() if content is None else content
        form = [("asset_type", (None, kind))] + [(k, (None, v)) for k, v in fields.items()]
        form.append(("file", (name, content, "application/octet-stream")))
        return self.call("POST", f"/api/v1/part/{part}/assets/", files=form)

    def upload(self, *arguments, **options):
        answer = self.post(*arguments, **options)
        assert answer.status_code == 200, told(answer)
        return answer.json()

    def assets(self, part):
        """The part's assets as JSON: any upload's answer shows them all."""
        answer = self.upload(b"note", name="note.txt", part=part, kind="misc", overwrite="true")
        return {a["basename"]: a for a in answer["assets"].values()}

    def wait(self, part, task="process_and_store_CAD", timeout=60):
        """Until the part has no open job of that task; the state of the last one."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            state = self.stack.sql(f"SELECT state FROM job WHERE part_id = '{part}' AND task ="
                                   f" '{task}' ORDER BY created_at DESC LIMIT 1")
            if state not in ("queued", "running"):
                return state
            time.sleep(0.02)
        raise AssertionError(f"job {task} of part {part} is {state} after {timeout} s")

    def events(self, until, then=None, query="", timeout=30):
        """Opens the WebSocket, calls then(), and collects messages until until(message)."""
        async def collect():
            tls = ssl.create_default_context(cafile=self.stack.ca)
            url = f"{self.stack.env['FILEAPI_WS_URL']}/echo/?Bearer={self.token}{query}"
            async with websockets.connect(url, ssl=tls, close_timeout=1) as socket:
                if then:
                    await asyncio.get_running_loop().run_in_executor(None, then)
                messages = []
                while not messages or not until(messages[-1]):
                    messages.append(json.loads(await asyncio.wait_for(socket.recv(), timeout)))
                return messages
        return asyncio.run(collect())


def told(answer):
    """What came, with the request id to look up in the log."""
    return (f"{answer.request.method} {answer.request.path_url} -> {answer.status_code} "
            f"{answer.text[:500]} (request id {answer.headers.get('x-request-id')})")


def assert_problem(answer, status, detail, fields=()):
    assert answer.status_code == status, told(answer)
    assert answer.headers["content-type"] == "application/problem+json", told(answer)
    problem = answer.json()
    assert problem["detail"] == detail and problem["status"] == status, told(answer)
    assert problem["type"] == "about:blank" and problem["title"], told(answer)
    assert problem["request_id"] == answer.headers["x-request-id"], told(answer)
    assert {e["field"] for e in problem.get("errors", [])} == set(fields), told(answer)


_swift = []  # the one that runs


def shared_swift():
    """Swift takes longer to start than all of a stack: it starts once, when it is needed."""
    if not _swift:
        try:
            _swift.append(Swift())
        except Missing as why:
            pytest.skip(str(why))
    return _swift[0]


def pytest_sessionfinish():
    while _swift:
        _swift.pop().close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A test that fails shows the ends of the logs of the stacks it had."""
    report = (yield).get_result()
    for name, value in item.funcargs.items() if report.failed else ():
        for stack in [value] if isinstance(value, Stack) else getattr(value, "started", []):
            report.sections.append((f"logs of {name}", stack.logs()))


def make_stack(**environment):
    folder = tempfile.TemporaryDirectory(prefix="fileapi-test-", ignore_cleanup_errors=True)
    os.chmod(folder.name, 0o755)
    stack = Stack(folder.name, **environment)
    stack.keep = folder
    return stack


@pytest.fixture(scope="session")
def keycloak():
    """A real Keycloak, which starts when the first test needs it."""
    try:
        keycloak = Keycloak()
    except Missing as why:
        pytest.skip(str(why))
    yield keycloak
    keycloak.close()


@pytest.fixture(scope="session")
def stack(request):
    if IDENTITY == "keycloak":
        keycloak = request.getfixturevalue("keycloak")
        # Both sides have one clock: a token that has ended is not waited for.
        stack = make_stack(OIDC_ISSUER=keycloak.issuer, FILEAPI_TOKEN_LEEWAY="0")
        stack.issuer = keycloak
    else:
        stack = make_stack()
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def sanitized(stack):
    """True when the programs carry AddressSanitizer, whose own memory is no measure of theirs."""
    return b"__asan_init" in Path(stack.env["FILEAPI_BIN"], "fileapi").read_bytes()


@pytest.fixture(scope="session")
def failpoints():
    """Skips where the build lacks the places at which processes die, fail or stall on demand."""
    build = Path(os.environ.get("FILEAPI_BUILD", ROOT / "build"))
    if b"upload.before_commit" not in (build / "fileapi").read_bytes():
        pytest.skip("this build has no failpoints")


@pytest.fixture(scope="session")
def alice(stack):
    return stack.user("alice", org="acme", name="Alice", email="alice@acme.example")


@pytest.fixture
def new_stack():
    """Starts stacks with options of their own, which end with the test."""
    def start(**environment):
        start.started.append(make_stack(**environment))
        return start.started[-1]

    start.started = []
    yield start
    for stack in start.started:
        stack.stop()


@pytest.fixture(scope="module")
def own(request):
    """The stack that a file of tests has for itself, with the options that are its OWN."""
    stack = make_stack(**request.module.OWN)
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def user(own):
    """Alice at `own`."""
    return own.user("alice", org="acme")


@pytest.fixture(scope="module")
def unsupervised(own):
    """`own` without its supervisor: nothing runs but what a test starts."""
    stop_own(own)
    return own


@pytest.fixture
def machine(unsupervised, tmp_path_factory):
    """Starts supervisors of `own`, each as if on a machine of its own, which end with the test."""
    started = []

    def start(name="one", **options):
        folder = tmp_path_factory.mktemp("machine")
        for each in (folder, folder.parent, folder.parent.parent):
            each.chmod(0o755)
        started.append(Machine(unsupervised, folder, name, **options))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture(scope="session")
def helpers():
    return types.SimpleNamespace(Api=Api, Stack=Stack, make_stack=make_stack, box_stl=box_stl,
                                 relief_stl=relief_stl, assert_problem=assert_problem, told=told,
                                 SHARED=SHARED, FULL=FULL, ROOT=ROOT, STORE_KIND=STORE_KIND)


@pytest.fixture(scope="session")
def minio():
    """A MinIO with a bucket, beside whatever the stacks use."""
    with tempfile.TemporaryDirectory(prefix="fileapi-minio-", ignore_cleanup_errors=True) as folder:
        server = minio_server.MinIO(f"{folder}/data")
        yield server
        server.close()


@pytest.fixture(scope="session")
def quiet():
    """A stack whose fileapi-jobs is stopped: nothing collects but what a test starts."""
    stack = make_stack(FILEAPI_STORE_GRACE="3600")
    os.kill(int(stack.status()["fileapi-jobs"]), signal.SIGTERM)
    yield stack
    stack.stop()


@pytest.fixture(params=["dir", "s3"])
def rig(request, quiet):
    """The quiet stack's rows, with a directory and with a bucket to match; both empty."""
    rig = sides.Rig(quiet, request.param,
                      request.getfixturevalue("minio") if request.param == "s3" else None)
    rig.clean()
    return rig


NPM = {"gltf-validator": "2.0.0-dev.3.10", "axios": "1", "form-data": "4", "ws": "8"}


@pytest.fixture(scope="session")
def npm():
    """A folder with the npm packages the tests need, cached outside the tree."""
    packages = [f"{name}@{version}" for name, version in NPM.items()]
    try:
        return cached("npm", " ".join(packages),
                      ["npm", "install", "--prefix", ".", "--no-audit", "--no-fund", *packages])
    except Missing as why:
        pytest.skip(str(why))
