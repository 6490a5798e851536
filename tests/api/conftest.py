"""What tests get: stacks, users of them, and what runs beside."""
import os
import signal
import tempfile
import types
from pathlib import Path

import minio_server
import pytest
import sides
from cache import Missing, cached
from client import Api, assert_problem, told
from keycloak import Keycloak
from machine import Machine, stop_own
from service import FULL, ROOT, SHARED, STORE_KIND, Stack, make_stack, stop_swift
from shapes import box_stl, relief_stl

# Who makes the tokens of the stack that tests share: "keycloak", or the embedded issuer.
IDENTITY = os.environ.get("FILEAPI_IDENTITY", "embedded")
# The database cluster that the first stack makes and the others copy.
COPIED = tempfile.TemporaryDirectory(prefix="fileapi-copied-", ignore_cleanup_errors=True)
Stack.common["FILEAPI_STACK_CLUSTER"] = f"{COPIED.name}/cluster"


def pytest_sessionfinish():
    stop_swift()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A test that fails shows the ends of the logs of the stacks it had."""
    report = (yield).get_result()
    for name, value in item.funcargs.items() if report.failed else ():
        for stack in [value] if isinstance(value, Stack) else getattr(value, "started", []):
            report.sections.append((f"logs of {name}", stack.logs()))


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
