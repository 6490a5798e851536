"""The access matrix: every operation, by every kind of caller, on every kind of part.

What a cell must answer follows from the contract's rules, which stand in expect() in their order
(401, 405, 422, 404 database, 403, then the state of the storage), and from the four tables: the
operations, the callers, the parts, and who may do what to whose.  Nothing is learned from the
service.  Each cell compares status, media type and message, to the letter.

The tables and the rules stay in one file of more than 400 lines: a change to one is a change to all.
"""
import http.client
import json
import uuid
from dataclasses import dataclass, field

import pytest
import requests
from routes import PART, service_routes

PROBLEM = "application/problem+json"
JSON = "application/json"
NO_CREDENTIALS = (401, PROBLEM, "Authentication credentials were not provided.")
BAD_TOKEN = (401, PROBLEM, "Invalid token.")
FORBIDDEN = (403, PROBLEM, "Access forbidden.")
NO_ROUTE = (404, PROBLEM, "Not found.")
NO_PART = (404, PROBLEM, "Object not found in database.")
NO_FILE = (404, PROBLEM, "Object not found in storage.")
METHOD = (405, PROBLEM, "Method not allowed.")
EXISTS = (409, PROBLEM, "Asset already exists.")
CAD_FORMAT = (415, PROBLEM, "Only STL and STP files allowed at the moment.")
INPUT = (422, PROBLEM, "Invalid user input.")
NOT_YET = (501, PROBLEM, "Not implemented yet.")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
REPORT_STARTED = (200, JSON, "Celery worker for storing analysis result file started.")
CREATED = (200, JSON, "asset created")
DELETED = (200, JSON, "Asset deleted.")
CLEARED = (200, JSON, "CAD and associated files were deleted.")
PART_DELETED = (200, JSON, "Part deleted.")
TOLD = (200, JSON, None)


def delivered(media_type):
    return 200, media_type, None


# --- the operations ------------------------------------------------------------------------------

def form(**fields):
    """A request with a multipart form; `file` is the name of a small file."""
    files = [(k, (v, b"note", "text/plain") if k == "file" else (None, v))
             for k, v in fields.items()]
    return {"files": files}


NOTE = form(asset_type="misc", overwrite="true", file="note.txt")
CAD = form(asset_type="cad", file="stored-only.sat")


@dataclass(frozen=True)
class Operation:
    """What is asked, which right it takes, and its answer to who has it.

    `right` is open (no token), known (any token), read or write.  `full` is the answer on a part
    with CAD, derived files and report, `bare` on one that only has the asset note.txt, `stored` on
    one whose CAD besides is of a format that is stored only (None: as on a bare one).
    """
    method: str
    path: str
    right: str
    full: tuple
    bare: tuple = NO_FILE
    request: dict = field(default_factory=dict)
    stored: tuple = None
    wrong: bool = False             # the input is wrong: 422, whoever asks for whatever part
    spoils: bool = False            # whoever may do it changes the part: each such cell has its own
    note: str = ""

    @property
    def name(self):
        return f"{self.method} {self.path.replace(PART, '…/')} {self.note}".strip()


def download(route, full, bare=NO_FILE, stored=None):
    for method in ("GET", "HEAD"):
        yield Operation(method, PART + route, "read", full, bare, stored=stored)


NEW_PART = [f"/api/v1/part/{p}" for p in ("assets/", "0/assets/")]
OPERATIONS = [
    *download("upload-file/", delivered("model/stl"), stored=delivered("application/octet-stream")),
    *download("visualization-file/", delivered("model/gltf-binary")),
    *download("thumbnail-file/", delivered("image/png")),
    *download("fetch-analysis-results-file/", delivered(XLSX)),
    Operation("PUT", PART + "fetch-analysis-results-file/", "read", delivered(XLSX)),
    Operation("GET", PART + "analysis-results-file/", "read", REPORT_STARTED, REPORT_STARTED,
              spoils=True),
    *[Operation("POST", path, "known", CREATED, CREATED, NOTE) for path in NEW_PART],
    *[Operation("POST", path, "known", INPUT, INPUT, form(asset_type="misc"), wrong=True,
                note="without file") for path in NEW_PART],
    Operation("POST", PART + "assets/", "write", CREATED, CREATED, NOTE),
    Operation("POST", PART + "assets/", "write", EXISTS, EXISTS,
              form(asset_type="misc", file="note.txt"), note="of a name that is taken"),
    Operation("POST", PART + "assets/", "write", INPUT, INPUT, form(asset_type="misc"), wrong=True,
              note="without file"),
    Operation("POST", PART + "assets/", "write", INPUT, INPUT,
              form(asset_type="misc", overwrite="perhaps", file="note.txt"), wrong=True,
              note="with a wrong boolean"),
    Operation("GET", PART + "assets/", "read", *[delivered("text/plain; charset=utf-8")] * 2,
              {"params": {"basename": "note.txt"}}),
    Operation("HEAD", PART + "assets/", "read", *[delivered("text/plain; charset=utf-8")] * 2,
              {"params": {"basename": "note.txt"}}),
    Operation("GET", PART + "assets/", "read", NO_FILE, NO_FILE, {"params": {"basename": "x.txt"}},
              note="of an unknown name"),
    Operation("GET", PART + "assets/", "read", INPUT, INPUT, wrong=True, note="without name"),
    Operation("DELETE", PART + "assets/", "write", DELETED, DELETED, form(basename="note.txt"),
              spoils=True),
    Operation("DELETE", PART + "assets/", "write", NO_FILE, NO_FILE, form(basename="x.txt"),
              note="of an unknown name"),
    Operation("DELETE", PART + "assets/", "write", INPUT, INPUT, wrong=True, note="without name"),
    Operation("DELETE", PART + "upload-file/", "write", CLEARED, CLEARED, spoils=True),
    # Behind their checks these do not work yet.
    Operation("GET", PART + "optimal-orientation-file/", "read", NOT_YET, stored=CAD_FORMAT),
    *download("fetch-optimal-orientation-file/", NO_FILE),
    *download("zip-request-for-quotation/", NOT_YET, stored=NOT_YET),
    Operation("GET", PART + "mail-request-for-quotation/", "read", NOT_YET, NOT_YET),
    Operation("GET", "/api/v1/part/", "known", TOLD),
    Operation("GET", "/api/v1/part/", "known", INPUT, INPUT, {"params": {"limit": "0"}}, wrong=True,
              note="with a wrong limit"),
    Operation("GET", PART, "read", TOLD, TOLD),
    Operation("PATCH", PART, "write", TOLD, TOLD, {"json": {"quantity": 2}}),
    Operation("PATCH", PART, "write", INPUT, INPUT, {"json": {"quantity": 0}}, wrong=True,
              note="with a wrong quantity"),
    Operation("DELETE", PART, "write", PART_DELETED, PART_DELETED, spoils=True),
    Operation("GET", "/api/v1/quota/", "known", TOLD),
    Operation("POST", "/api/v1/ws-ticket/", "known", TOLD),
    Operation("GET", "/healthz", "open", (200, JSON, "ok")),
    Operation("GET", "/readyz", "open", (200, JSON, "ready")),
]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

# --- the callers ---------------------------------------------------------------------------------

# name: sub and what their token holds; None is the token itself that is missing or bad
CALLERS = {
    "owner": ("alice", {"org": "acme"}),
    "owner, token without organization": ("alice", {}),
    "owner, now of another organization": ("alice", {"org": "other"}),
    "same organization's user": ("bob", {"org": "acme"}),
    "same organization's manager": ("carol", {"org": "acme", "role": "manager"}),
    "same organization's admin": ("dave", {"org": "acme", "role": "admin"}),
    "user of two organizations": ("erin", {"org": ["other", "acme"]}),
    "other organization's user": ("mallory", {"org": "other"}),
    "other organization's manager": ("oscar", {"org": "other", "role": "manager"}),
    "other organization's admin": ("peggy", {"org": "other", "role": "admin"}),
    "no organization": ("loner", {}),
    "no organization, manager": ("victor", {"role": "manager"}),
    "no token": None,
    "bad token": None,
    "expired token": None,
    "token of another issuer's key": None,
    "another scheme": None,
}

# --- the parts -----------------------------------------------------------------------------------

# name: owner, organization that shares it, state; no owner: there is no such part
PARTS = {
    "full": ("alice", "acme", "full"),
    "full, id with dashes, no slash": ("alice", "acme", "full"),
    "bare": ("alice", "acme", "bare"),
    "with CAD that is stored only": ("alice", "acme", "stored"),
    "of a user without organization": ("loner", None, "bare"),
    "of a user of two organizations": ("erin", "acme", "bare"),
    "deleted": None,
    "unknown": None,
    "malformed id": None,
    "id a digit short": None,
    "id a digit long": None,
    "id in braces": None,
}
MALFORMED = {
    "malformed id": "nonsense",
    "id a digit short": "6ba40dc05533401caa9f47f014efd1f",
    "id a digit long": "6ba40dc05533401caa9f47f014efd1f80",
    "id in braces": "{6ba40dc0-5533-401c-aa9f-47f014efd1f8}",
}

# --- the rules -----------------------------------------------------------------------------------


def allowed(right, caller, part):
    """Read: the owner or anyone of the part's organization.  Write: the owner or its managers."""
    sub, claims = CALLERS[caller]
    owner, organization, _ = PARTS[part]
    organizations = claims.get("org", [])
    shared = organization is not None and organization in (
        organizations if isinstance(organizations, list) else [organizations])
    return sub == owner or shared and (right == "read" or "role" in claims)


def refusal(caller):
    """401: the answer to whoever has no good token."""
    if CALLERS[caller] is None:
        return NO_CREDENTIALS if caller == "no token" else BAD_TOKEN
    return None


def expect(operation, caller, part):
    """The contract's order of checks."""
    if operation.right == "open":
        return operation.full
    if refusal(caller):
        return refusal(caller)
    if part in MALFORMED and "{part}" in operation.path:
        return INPUT if (operation.method, operation.path) == ("POST", PART + "assets/") else NO_PART
    if operation.wrong:
        return INPUT
    if operation.right == "known":
        return operation.full
    if PARTS[part] is None:
        return NO_PART
    if not allowed(operation.right, caller, part):
        return FORBIDDEN
    return {"full": operation.full, "bare": operation.bare,
            "stored": operation.stored or operation.bare}[PARTS[part][2]]


# --- asking --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    method: str
    path: str
    status: int
    headers: http.client.HTTPMessage
    content: bytes

    def json(self):
        return json.loads(self.content)


class World:
    """The callers with their tokens, and the parts."""

    def __init__(self, stack, helpers):
        # Session.request takes as long as the service and TLS together.
        self.connection = stack.http()
        good = stack.token("alice", org="acme")
        head, payload, signature = good.split(".")
        odd = {"no token": {}, "bad token": {"Authorization": "Bearer nonsense"},
               "expired token": {"Authorization": "Bearer " + stack.token("alice", org="acme",
                                                                          ttl=-60)},
               "token of another issuer's key": {
                   "Authorization": f"Bearer {head}.{payload}.{signature[::-1]}"},
               "another scheme": {"Authorization": "Basic " + good}}
        self.helpers, self.stack = helpers, stack
        self.headers = odd
        for caller, who in CALLERS.items():
            if who:
                self.headers[caller] = {"Authorization": "Bearer " + stack.token(who[0], **who[1])}
        self.ids = dict(MALFORMED)
        self.ids["unknown"] = uuid.uuid4().hex
        self.ids["deleted"] = self.make("alice")
        assert self.ask("DELETE", PART.format(part=self.ids["deleted"]), "owner").status == 200
        for part in ("bare", "of a user without organization", "of a user of two organizations"):
            self.ids[part] = self.make(PARTS[part][0])
        self.ids["with CAD that is stored only"] = self.make("alice", with_cad=True)
        self.ids["full"] = self.make_full()
        self.ids["full, id with dashes, no slash"] = str(uuid.UUID(self.ids["full"])).upper()
        self.cells = 0

    def caller_for(self, sub):
        return next(c for c, who in CALLERS.items() if who and who[0] == sub)

    def make(self, sub, with_cad=False):
        """A bare part of that user, or one with CAD that needs no job."""
        caller = self.caller_for(sub)
        part = self.ask("POST", NEW_PART[0], caller, **NOTE).json()["part_id"]
        if with_cad:
            self.ask("POST", PART.format(part=part) + "assets/", caller, **CAD)
        return part

    def make_full(self):
        user = self.helpers.Api(self.stack, self.headers["owner"]["Authorization"][7:])
        part = user.upload(name="full.stl")["part_id"]
        user.upload(b"note", name="note.txt", part=part, kind="misc")
        assert user.wait(part) == "finished"
        assert user.get(f"/api/v1/part/{part}/analysis-results-file/").status_code == 200
        assert user.wait(part, "write_and_store_analysis_results_XLS") == "finished"
        return part

    def ask(self, method, path, caller, **request):
        """The arguments are those of requests."""
        headers, body = self.headers[caller], None
        if request:
            ready = requests.Request(method, self.stack.url + path, headers, **request).prepare()
            path, headers, body = ready.path_url, ready.headers, ready.body
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return Answer(method, path, answer.status, answer.headers, answer.read())

    def id_for(self, operation, caller, part):
        """The part's id, or that of a fresh part in its place where the cell will change it."""
        if operation.spoils and PARTS[part] and CALLERS[caller] and \
                allowed(operation.right, caller, part):
            owner, _, state = PARTS[part]
            return self.make(owner, with_cad=state != "bare")
        return self.ids[part]

    def cell(self, operation, caller, part):
        path = operation.path.format(part=self.id_for(operation, caller, part))
        if part.endswith("no slash"):
            path = path.rstrip("/")
        self.cells += 1
        return told(self.ask(operation.method, path, caller, **operation.request))


@pytest.fixture(scope="module")
def world(stack, helpers):
    return World(stack, helpers)


def told(answer):
    """Status, media type and message of an answer; what its form promises is checked on the way."""
    media_type = answer.headers.get("content-type")
    if answer.method == "HEAD":
        assert answer.content == b""
        return answer.status, media_type, None
    if media_type == PROBLEM:
        problem = answer.json()
        assert problem["type"] == "about:blank" and problem["status"] == answer.status
        assert problem["title"] and problem["instance"] == answer.path.split("?")[0]
        assert problem["request_id"] == answer.headers["x-request-id"]
        assert (answer.status == 401) == (answer.headers.get("www-authenticate") == "Bearer")
        assert (answer.status == 422) == bool(problem.get("errors"))
        return answer.status, media_type, problem["detail"]
    if media_type == JSON:
        body = answer.json()
        return answer.status, media_type, body if isinstance(body, str) else body.get("message")
    assert answer.content
    return answer.status, media_type, None


def without_message(expected, method):
    """HEAD has no body to hold a message."""
    return (*expected[:2], None) if method == "HEAD" else expected


# --- the service's own table of routes --------------------------------------------------------------


def in_table(path):
    """A path of the operations as the route table writes it."""
    return PART + "assets/" if path == NEW_PART[1] else path


def methods_of(path, root):
    """What the service knows of a path, also of one that other paths' placeholders would fit."""
    return {m for m, route in service_routes(root) if route == in_table(path)}


def is_there(operation, routes):
    return (operation.method, in_table(operation.path)) in routes


# --- the tests -----------------------------------------------------------------------------------


def columns(operation):
    """The parts that matter to an operation: all, or any one where its path names none."""
    return list(PARTS) if "{part}" in operation.path else ["full"]


CASES = [(o, p) for o in OPERATIONS for p in columns(o)]


@pytest.mark.parametrize("operation, part", CASES, ids=[f"{o.name} | {p}" for o, p in CASES])
def test_cells(world, helpers, operation, part):
    """Whoever asks gets the contract's status, media type and message."""
    assert is_there(operation, service_routes(helpers.ROOT))
    answers = {c: world.cell(operation, c, part) for c in CALLERS}
    assert answers == {c: without_message(expect(operation, c, part), operation.method)
                       for c in CALLERS}


def test_every_route_is_in_the_matrix(helpers):
    """A route of the service without a row here would be one whose access nobody checks."""
    missing = service_routes(helpers.ROOT) - {(o.method, in_table(o.path)) for o in OPERATIONS}
    assert not missing


PATHS = sorted({o.path for o in OPERATIONS})


@pytest.mark.parametrize("path", PATHS)
def test_other_methods(world, helpers, path):
    """405 with Allow, before the part is looked at, but after the token."""
    known = methods_of(path, helpers.ROOT)
    assert known
    for method in sorted(set(METHODS) - known):
        for part in columns(OPERATIONS[0]) if "{part}" in path else ["full"]:
            for caller in CALLERS:
                answer = world.ask(method, path.format(part=world.ids[part]), caller)
                expected = refusal(caller) or METHOD
                assert told(answer) == without_message(expected, method), (method, part, caller)
                if expected is METHOD:
                    allow = set(answer.headers["allow"].split(", "))
                    assert allow == known | {"OPTIONS"}, (method, path)
                world.cells += 1


@pytest.mark.parametrize("path", PATHS)
def test_options(world, helpers, path):
    """OPTIONS needs no token, and tells nothing of a part."""
    known = methods_of(path, helpers.ROOT)
    assert known
    for part in ("full", "unknown", "malformed id"):
        for caller in CALLERS:
            answer = world.ask("OPTIONS", path.format(part=world.ids[part]), caller)
            assert answer.status == 204 and answer.content == b"", (part, caller)
            assert set(answer.headers["allow"].split(", ")) == known | {"OPTIONS"}
            world.cells += 1


@pytest.mark.parametrize("path", ["/", "/api/v1/", PART + "nothing/",
                                  PART + "assets/more/", "/api/v1/part//assets/", "/api/v2/part/0/assets/"])
def test_unknown_paths(world, path):
    """404 "Not found." after 401, whatever the method."""
    for method in METHODS:
        for caller in CALLERS:
            answer = world.ask(method, path.format(part=world.ids["full"]), caller)
            expected = refusal(caller) or NO_ROUTE
            assert told(answer) == without_message(expected, method), (method, caller)
            world.cells += 1


def test_refusals_changed_nothing(world):
    """After all that was refused, the part has its files and nothing more."""
    for route in ("upload-file", "visualization-file", "thumbnail-file",
                  "fetch-analysis-results-file"):
        answer = world.ask("GET", f"/api/v1/part/{world.ids['full']}/{route}/", "owner")
        assert answer.status == 200, route
    answer = world.ask("POST", PART.format(part=world.ids["full"]) + "assets/", "owner", **NOTE)
    assert {a["basename"] for a in answer.json()["assets"].values()} == {"full.stl", "note.txt"}


def test_wrong_token_tells_nothing_of_parts(world):
    """Whether a part is there, shared or private changes no byte of a 401 but path and request id."""
    for caller in (c for c in CALLERS if not CALLERS[c]):
        bodies = set()
        for part in PARTS:
            problem = world.ask("GET", f"/api/v1/part/{world.ids[part]}/thumbnail-file/",
                                caller).json()
            bodies.add(json.dumps({k: v for k, v in problem.items()
                                   if k not in ("instance", "request_id")}, sort_keys=True))
        assert len(bodies) == 1, caller


def test_count(world, capsys):
    """The matrix has been asked cell by cell; says how many there were."""
    with capsys.disabled():
        print(f"\naccess matrix: {world.cells} cells")
    assert world.cells > 3000
