"""Pages of other origins: who may read which answer, for every kind of answer, and in a real browser."""
import re
import subprocess
import uuid

import pytest
from browser import Site, needs_chromium
from processes import until

LISTED = "https://cad.example:8443"
# Unusual ones: an IPv6 address, and one longer than a bucket of nginx's hashes.
MORE_LISTED = ["http://[::1]:3000", "https://a-long-name.of-a-department.of-a-customer.example:65535"]
OTHERS = ["https://evil.example", "https://cad.example", "http://cad.example:8443", "null",
          "https://cad.example:84430", "https://xcad.example:8443", "https://cadxexample:8443"]
EXPOSED = {"Content-Disposition", "ETag", "Content-Range", "Accept-Ranges", "Retry-After",
           "X-Request-Id", "Idempotency-Replayed", "WWW-Authenticate", "Allow"}


@pytest.fixture(scope="module")
def sites():
    """Two web servers: the pages of one may use the API, those of the other may not."""
    sites = [Site(), Site()]
    yield sites
    for site in sites:
        site.close()


@pytest.fixture(scope="module")
def own(helpers, sites):
    stack = helpers.make_stack(FILEAPI_CORS_ORIGINS=" ".join(
        [LISTED, sites[0].origin, *MORE_LISTED]), FILEAPI_MAX_UPLOAD="1M")
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def part(user):
    return user.upload(name="Größe.stl")["part_id"]


def raw(stack, method, path, headers):
    """A request without the help of a library, which would count the body by itself."""
    connection = stack.http()
    connection.putrequest(method, path)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.msg


def answers(own, user, part):
    """One request for each kind of answer: status, method, path, headers.

    Not 414 nor a malformed head: nginx gives up before it knows an origin.
    """
    stranger = own.token("mallory", org="evil")
    file = f"/api/v1/part/{part}/upload-file/"
    etag = user.get(file).headers["etag"]
    gone = user.upload(b"solid gone", name="gone.stl")["part_id"]
    own.sql(f"UPDATE asset SET object_key = '00/{'0' * 32}' WHERE part_id = '{gone}'")
    token = {"Authorization": f"Bearer {user.token}"}
    return [
        (200, "GET", file, token), (200, "HEAD", file, token), (200, "GET", "/readyz", {}),
        (204, "OPTIONS", file, {}), (206, "GET", file, {**token, "Range": "bytes=0-9"}),
        (304, "GET", file, {**token, "If-None-Match": etag}), (401, "GET", file, {}),
        (403, "GET", file, {"Authorization": f"Bearer {stranger}"}),
        (404, "GET", f"/api/v1/part/{uuid.uuid4().hex}/upload-file/", token),
        (404, "GET", f"/api/v1/part/{gone}/upload-file/", token), (405, "PATCH", file, token),
        (412, "GET", file, {**token, "If-Match": '"x"'}),
        (413, "POST", "/api/v1/part/0/assets/", {**token, "Content-Length": str(3 << 20)}),
        (416, "GET", file, {**token, "Range": "bytes=999999999-"}),
        (422, "POST", "/api/v1/part/0/assets/", {**token, "Content-Length": "0"}),
    ]


def wrong_headers(headers, origin):
    """What is wrong with an answer to a page of `origin`, which is None when it may not read it."""
    allowed = headers.get_all("Access-Control-Allow-Origin", [])
    exposed = set(headers.get("Access-Control-Expose-Headers", "").split(", ")) - {""}
    wrong = {
        "allow": allowed != ([origin] if origin else []),
        "expose": exposed != (EXPOSED if origin else set()),
        "credentials": "Access-Control-Allow-Credentials" in headers,
        "vary": headers.get_all("Vary", []) != ["Origin"],
        "request id": len(headers.get_all("X-Request-Id", [])) != 1,
    }
    return [name for name, is_wrong in wrong.items() if is_wrong]


def test_every_answer(own, user, part):
    """Every status carries the headers for a listed origin, and none for others."""
    wrong = []
    for status, method, path, headers in answers(own, user, part):
        for origin in (LISTED, *MORE_LISTED, *OTHERS, None):
            sent = {**headers, "Origin": origin} if origin else headers
            got, answered = raw(own, method, path, sent)
            told = wrong_headers(answered, origin if origin not in (*OTHERS, None) else None)
            if got != status or told:
                wrong.append((method, path[:60], origin, status, got, told))
    assert wrong == []


def test_preflight(own):
    """A preflight needs no token and names what a client may send; another origin gets nothing."""
    for path in ("/api/v1/part/0/assets/", f"/api/v1/part/{uuid.uuid4().hex}/upload-file/"):
        for origin in (LISTED, *OTHERS):
            status, headers = raw(own, "OPTIONS", path, {
                "Origin": origin, "Access-Control-Request-Method": "PATCH",
                "Access-Control-Request-Headers": "authorization, content-type"})
            listed = origin == LISTED
            assert status == 204 and "Allow" not in headers
            assert wrong_headers(headers, origin if listed else None) == []
            given = {k: set(headers.get(f"Access-Control-Allow-{k}", "").split(", ")) - {""}
                     for k in ("Methods", "Headers")}
            if not listed:
                assert given == {"Methods": set(), "Headers": set()}
                assert "Access-Control-Max-Age" not in headers
                continue
            assert given["Methods"] == {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
            assert {"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "Range",
                    "If-None-Match", "If-Modified-Since", "If-Range", "Last-Event-ID"
                    } <= given["Headers"]
            assert int(headers["Access-Control-Max-Age"]) > 0


def test_preflight_needs_no_worker(own):
    """nginx answers a preflight while the pool is away, and a page can read that it is."""
    own_pool = int(own.status()["fileapi"])
    subprocess.run(["kill", str(own_pool)], check=True)
    try:
        until(lambda: own.status()["fileapi"] == "-")
        asked = {"Origin": LISTED, "Access-Control-Request-Method": "GET"}
        status, headers = raw(own, "OPTIONS", "/api/v1/part/", asked)
        assert status == 204 and wrong_headers(headers, LISTED) == []
        status, headers = raw(own, "GET", "/api/v1/part/", {"Origin": LISTED})
        assert status == 502 and wrong_headers(headers, LISTED) == []
        assert headers["Retry-After"] == "2"
    finally:
        own.run("start")


def test_websocket_has_no_cors(own):
    """CORS is not for WebSockets: nothing of it on their path."""
    _, headers = raw(own, "GET", "/ws/echo/", {"Origin": LISTED})
    assert not [name for name in headers if name.lower().startswith("access-control-")]


def test_default_is_nobody(alice):
    """Without the option no origin is allowed; a preflight then allows nothing."""
    answer = alice.get("/readyz", headers={"Origin": LISTED})
    assert answer.status_code == 200
    asked = alice.call("OPTIONS", "/api/v1/part/0/assets/", headers={
        "Origin": LISTED, "Access-Control-Request-Method": "POST"})
    assert asked.status_code == 204
    for headers in (answer.headers, asked.headers):
        assert not [name for name in headers if name.lower().startswith("access-control-")]


def render(helpers, origins):
    return subprocess.run(["sh", helpers.ROOT / "scripts/render", "/dev/stdin",
                           f"CORS_ORIGINS={origins}"], input="map { @CORS_ORIGINS@ }",
                          capture_output=True, text=True)


@pytest.mark.parametrize("origins", [
    "https://a.example/", "https://a.example/path", "a.example", "null", "* https://a.example",
    'https://a.example" evil;"', "https://a.example;", "https://*.example", "https://A.example",
    "https://a.example:port", "https://u@a.example", "https://$host", "https://a|b", "https://a\\b"])
def test_wrong_option(helpers, origins):
    """What is no exact origin is refused before nginx reads it, with words."""
    done = render(helpers, origins)
    assert done.returncode != 0 and "is no origin" in done.stderr and done.stdout == ""


def test_any_origin(helpers):
    """The star stands for every origin, and is told as itself."""
    assert render(helpers, "*").stdout.strip() == 'map { "~." "*"; }'


SCRIPT = """
const [api, token] = given, headers = {Authorization: "Bearer " + token};
async function run() {
  const form = new FormData();
  form.append("asset_type", "cad");
  form.append("file", new Blob(["solid browser"]), "Größe ä.stl");
  const up = await fetch(api + "/api/v1/part/0/assets/", {method: "POST", headers, body: form});
  const part = (await up.json()).part_id;
  told.upload = up.status;
  const file = api + "/api/v1/part/" + part + "/upload-file/";
  const down = await fetch(file, {headers: {...headers, Range: "bytes=0-4"}});
  told.download = [down.status, await down.text(), down.headers.get("Content-Disposition"),
                   down.headers.get("ETag"), down.headers.get("Content-Range")];
  const same = await fetch(file, {headers: {...headers, "If-None-Match": down.headers.get("ETag")},
                                  cache: "no-store"});
  told.same = same.status;
  const error = await fetch(file);
  told.error = [error.status, await error.json(), error.headers.get("X-Request-Id")];
  const patch = await fetch(file, {method: "PATCH", headers});
  told.patch = [patch.status, (await patch.json()).detail, patch.headers.get("Allow")];
}
"""


@needs_chromium
def test_browser_of_a_listed_page(own, user, sites, tmp_path):
    """A page uploads, downloads, and reads names, tags and errors in Chromium."""
    told = sites[0].run(SCRIPT, [own.url, user.token], tmp_path)
    assert "failed" not in told, told
    assert told["upload"] == 200 and told["same"] == 304
    status, text, disposition, etag, content_range = told["download"]
    assert (status, text, content_range) == (206, "solid", "bytes 0-4/13")
    assert "filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%C3%A4.stl" in disposition
    assert re.fullmatch('"[0-9a-f]{64}"', etag)
    status, problem, request_id = told["error"]
    assert status == 401 and problem["request_id"] == request_id
    assert problem["detail"] == "Authentication credentials were not provided."
    assert told["patch"][:2] == [405, "Method not allowed."] and "GET, HEAD" in told["patch"][2]


@needs_chromium
def test_browser_of_another_page(own, user, sites, tmp_path):
    """A page that is not listed gets no answer to read, and its upload is not even sent."""
    before = own.sql("SELECT count(*) FROM asset")
    assert sites[1].run(SCRIPT, [own.url, user.token], tmp_path) == {"failed": "TypeError: Failed to fetch"}
    assert own.sql("SELECT count(*) FROM asset") == before
