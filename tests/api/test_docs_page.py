"""The page at /api/docs/: it is whole and alone, and every line on it works as it stands."""
import json
import os
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from described import DRAWING, make_part, operations  # noqa: F401


class Page(HTMLParser):
    """What a reader of the page meets: elements, anchors, links, and the lines to paste by operation."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.ids, self.links, self.lines = set(), [], [], {}
        self.article = self.language = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.add(tag)
        self.links += [attributes[n] for n in ("href", "src", "action") if n in attributes]
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "article":
            self.article = attributes["id"]
        if tag == "pre":
            self.language = attributes["class"]

    def handle_endtag(self, tag):
        if tag == "pre":
            self.language = None

    def handle_data(self, data):
        if self.language in ("curl", "axios"):
            lines = self.lines.setdefault(self.article, {})
            lines[self.language] = lines.get(self.language, "") + data


@pytest.fixture(scope="module")
def page(stack, helpers):
    return Page(helpers.Api(stack, None).get("/api/docs/").text)


def test_page_is_whole_and_alone(page):
    """Every operation has its anchor and both lines; no link leads nowhere, nothing comes from elsewhere."""
    ids = {o["operationId"] for o in operations().values()}
    assert set(page.lines) == ids
    assert all(set(lines) == {"curl", "axios"} for lines in page.lines.values())
    assert all("\n" not in line for lines in page.lines.values() for line in lines.values())
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert {link for link in page.links if not link.startswith("#")} == {"/api/v1/openapi.yaml"}
    assert not page.elements & {"script", "link", "img", "iframe", "object", "embed", "video", "audio", "form"}


@pytest.fixture
def folder(helpers, tmp_path):
    """The files that the lines name."""
    (tmp_path / "MyPart.stl").write_bytes(helpers.box_stl())
    (tmp_path / "MyDrawing.pdf").write_bytes(DRAWING)
    return tmp_path


def expected(operation):
    """The status that is right: what is not implemented is 501, or 404 while the file to get cannot be."""
    if "101" in operation["responses"]:
        return 101
    if not operation.get("x-not-yet"):
        return 200
    return 501 if "501" in operation["responses"] else 404


def test_curl_lines_work(page, stack, alice, folder, make_part):
    """Every curl line of the page, pasted into a shell, gets the success that the file names."""
    (folder / ".curlrc").write_text('silent\nshow-error\nwrite-out = "\\n%{http_code}"\n')
    environment = {**os.environ, "CURL_HOME": str(folder), "CURL_CA_BUNDLE": stack.ca, "FILEAPI_URL": stack.url,
                   "FILEAPI_TOKEN": alice.token}
    shared, got = make_part(), {}
    for (method, _), operation in operations().items():
        part = shared if method in ("GET", "HEAD") else make_part()
        place = folder / operation["operationId"]
        place.mkdir()
        for name in ("MyPart.stl", "MyDrawing.pdf"):
            shutil.copy(folder / name, place) if method in ("POST", "PATCH", "PUT") else None
        line = page.lines[operation["operationId"]]["curl"]
        done = subprocess.run(["bash", "-c", line], cwd=place, capture_output=True, text=True, errors="replace",
                              env={**environment, "PART": part})
        status, code = int(done.stdout.splitlines()[-1]), done.returncode
        # The socket stays open until curl's own time is over (28); an error brings no name for a file (23).
        good = code == 0 or (status, code) == (101, 28) or (status in (404, 501) and code == 23)
        got[operation["operationId"]] = status == expected(operation) and good or (status, code, done.stderr)
    assert {k: v for k, v in got.items() if v is not True} == {} and len(got) >= 30


RUN_LINES = """
const axios = require('axios'), fs = require('fs'), { File } = require('buffer');
const Line = Object.getPrototypeOf(async () => {}).constructor;
const [url, token, lines] = JSON.parse(fs.readFileSync(0, 'utf8'));
const api = axios.create({ baseURL: url, proxy: false, headers: { Authorization: `Bearer ${token}` } });
let status;
api.interceptors.response.use((r) => { status = r.status; return r; }, (e) => {
  status = e.response ? e.response.status : e.message; throw e; });
(async () => {
  const got = {};
  for (const [id, part, line] of lines) {
    const run = new Line('api', 'part', 'file', 'url', 'token', line);
    const file = new File([fs.readFileSync('MyPart.stl')], 'MyPart.stl');
    status = 'no answer';
    if (!line.includes('WebSocket')) await run(api, part, file, url, token).catch((e) => {
      if (!e.response) status = e.message; });
    got[id] = status;
  }
  console.log(JSON.stringify(got));
})();
"""


def test_axios_lines_work(page, stack, alice, folder, make_part, npm):
    """Every axios line of the page does what the file says, with axios under Node; the socket's line is read only."""
    shared = make_part()
    lines, want = [], {}
    for (method, _), operation in operations().items():
        part = shared if method in ("GET", "HEAD") else make_part()
        lines.append((operation["operationId"], part, page.lines[operation["operationId"]]["axios"]))
        want[operation["operationId"]] = "no answer" if expected(operation) == 101 else expected(operation)
    done = subprocess.run(["node", "-e", RUN_LINES], input=json.dumps([stack.url, alice.token, lines]), cwd=folder,
                          capture_output=True, text=True, timeout=120,
                          env={**os.environ, "NODE_PATH": str(npm / "node_modules"), "NODE_EXTRA_CA_CERTS": stack.ca})
    assert done.returncode == 0 and done.stdout, done.stderr
    got = json.loads(done.stdout)
    assert got == want and len(got) >= 30
