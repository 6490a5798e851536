"""The log over HTTP: pages, event streams (SSE), tickets, and the words of refusals."""
import base64
import hashlib
import json
import re
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests
from listeners import LATE, User
from processes import until

ALLOWED = "https://app.example"
EVENTS = "/api/v1/events/"


@pytest.fixture
def user(stack):
    return User(stack)


@pytest.fixture
def api(helpers, stack, user):
    api = helpers.Api(stack, user.token)
    assert api.get(EVENTS).status_code == 200
    return api


@pytest.fixture
def nobody(helpers, stack):
    return helpers.Api(stack, None)


def ticket(api):
    answer = api.call("POST", "/api/v1/ws-ticket/")
    assert answer.status_code == 200, answer.text
    return answer.json()["ticket"]


class Stream:
    """An event stream, read as the HTML standard says."""

    def __init__(self, api, path=EVENTS, **headers):
        self.last_id, self.events, self.comments, self.retry, self.ended = None, [], 0, None, False
        self.connection = api.stack.http(timeout=None)
        self.connection.request("GET", path, headers={**api.headers, "Accept": "text/event-stream", **headers})
        self.socket = self.connection.sock
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()
        assert self.answer.headers["content-type"] == "text/event-stream"
        assert self.answer.headers["cache-control"] == "no-store"
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        kind, data, known = "", [], self.last_id
        while line := self.answer.readline().decode():
            field, _, value = line.rstrip("\n").partition(":")
            value = value.removeprefix(" ")
            if line == "\n":
                self.last_id = known
                if data:
                    self.events.append((kind or "message", json.loads("\n".join(data)), known))
                kind, data = "", []
            elif field == "":
                self.comments += 1
            elif field == "event":
                kind = value
            elif field == "data":
                data.append(value)
            elif field == "id":
                known = value
            elif field == "retry":
                self.retry = int(value)
        self.ended = True

    def wait(self, count):
        until(lambda: len(self.events) >= count)
        return self.events

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(LATE)
        self.connection.close()


def test_pages(api, user, stack):
    """Pages follow each other without gap or repetition, of the caller's own events only."""
    ids = user.happen(25)
    other = stack.user("other-" + user.subject)
    assert other.get(EVENTS).json()["events"] == []
    got, after = [], None
    for _ in range(10):
        told = api.get(EVENTS, params={"limit": 10, **({"after": after} if after else {})}).json()
        assert set(told) == {"events", "next", "more", "resync"} and not told["resync"]
        got += [e["id"] for e in told["events"]]
        assert told["more"] == (len(told["events"]) == 10)
        after = told["next"]
        if not told["more"]:
            break
    assert got == ids
    assert api.get(EVENTS, params={"after": after}).json()["events"] == []
    assert [e["id"] for e in api.get(f"/api/v1/events?after={ids[20]}").json()["events"]] == ids[21:]
    latest = api.get(EVENTS, params={"after": "latest"}).json()
    assert latest["events"] == [] and int(latest["next"].split(".")[0]) >= ids[-1]


def test_refusals(api, user, nobody, helpers, stack):
    """Errors are the API's own, in the contract's order, from the daemon as from a worker."""
    refused = helpers.assert_problem
    refused(nobody.get(EVENTS), 401, "Authentication credentials were not provided.")
    refused(api.get(EVENTS, headers={f"X-{i}": "x" for i in range(70)}), 400, "Malformed request.")
    assert api.get(EVENTS, headers={f"X-{i}": 15000 * "x" for i in range(3)}).status_code == 200
    assert nobody.get(EVENTS).headers["www-authenticate"] == "Bearer"
    refused(helpers.Api(stack, "nonsense").get(EVENTS), 401, "Invalid token.")
    refused(nobody.get(EVENTS, headers={"Authorization": "Basic eDp5"}), 401, "Invalid token.")
    # A token stands in no URL but the WebSocket's.
    refused(nobody.get(f"{EVENTS}?Bearer={user.token}"), 401, "Authentication credentials were not provided.")
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        refused(nobody.call(method, EVENTS), 401, "Authentication credentials were not provided.")
        answer = api.call(method, EVENTS, data=b"x" * 10000)
        refused(answer, 405, "Method not allowed.")
        assert answer.headers["allow"] == "GET, OPTIONS"
    assert api.call("HEAD", EVENTS).status_code == 405
    answer = nobody.call("OPTIONS", EVENTS)
    assert answer.status_code == 204 and answer.headers["allow"] == "GET, OPTIONS"
    for name, values in {"after": ["", "x", "1x", "1.", "1.xyz", "-1", "9" * 19, "1.0000000g"],
                         "limit": ["", "0", "1001", "x", "-1", "1.5", "99999"]}.items():
        for value in values:
            refused(api.get(EVENTS, params={name: value}), 422, "Invalid user input.", [name])
    for path, status, detail in (("/ws/echo/", 426, "A WebSocket is opened here."), ("/ws/x/", 404, "Not found."),
                                 ("/ws", 426, "A WebSocket is opened here.")):
        answer = api.get(path)
        refused(answer, status, detail)
        assert answer.json()["instance"] == path
        refused(nobody.get(path), 401, "Authentication credentials were not provided.")
    answer = api.get("/ws/echo/")
    assert answer.headers["upgrade"] == "websocket" and answer.headers["sec-websocket-version"] == "13"


def test_a_stream(api, user):
    """What is kept comes with its place, in order, live as replayed; progress comes without."""
    first = user.happen(3)
    stream = Stream(api, f"{EVENTS}?after={first[0]}")
    stream.wait(2)
    more = user.happen(120)
    account = user.account.replace("-", "")
    user.stack.sql(f"SELECT pg_notify('fileapi_progress', '{account} {{\"event\":\"progress\",\"percent\":7}}')")
    events = stream.wait(123)
    kept = [e for e in events if e[0] == "finished"]
    assert [e[1]["id"] for e in kept] == first[1:] + more
    assert all(e[2].split(".")[0] == str(e[1]["id"]) for e in kept)
    assert ("progress", {"event": "progress", "percent": 7}) in [e[:2] for e in events]
    assert stream.retry == 2000
    stream.close()
    again = Stream(api, **{"Last-Event-ID": kept[60][2]})
    assert [e[1]["id"] for e in again.wait(122 - 61)] == [e[1]["id"] for e in kept[61:]]
    again.close()
    # Who has seen nothing yet has a place all the same, and misses nothing after it.
    quiet = Stream(api)
    until(lambda: quiet.last_id)
    quiet.close()
    missed = user.happen(2)
    late = Stream(api, **{"Last-Event-ID": quiet.last_id})
    assert [e[1]["id"] for e in late.wait(2)] == missed
    late.close()
    for place in "123456789", "1.00000000", "nonsense":
        lost = Stream(api, **{"Last-Event-ID": place})
        kind, message, where = lost.wait(1)[0]
        assert kind == "resync" and where == f"{message['last_event_id']}.{message['epoch']}"
        lost.close()


def test_a_stream_ends_with_its_token(stack):
    """Neither long before nor after."""
    began = time.monotonic()
    api = stack.user("short-lived", ttl=3)
    stream = Stream(api)
    until(lambda: stream.ended)
    assert 1 < time.monotonic() - began < 4.5


def test_a_hundred_streams_hold_no_worker(api, user, stack):
    """More streams than the pool has workers, and uploads go on; what streams cost is the daemon's alone."""
    streams = [Stream(api) for _ in range(100)]
    try:
        until(lambda: all(s.last_id for s in streams))
        assert api.upload(kind="misc", name="x.txt")["part_id"]
        ids = user.happen(2)
        for stream in streams:
            assert [e[1]["id"] for e in stream.wait(2)] == ids
    finally:
        for stream in streams:
            stream.close()
    log = Path(stack.env["FILEAPI_LOGS"], "fileapi-ws.log")
    until(lambda: log.read_text().count('"stream_closed"') >= 100)


@pytest.mark.slow
def test_a_silent_stream_has_a_heartbeat(api, helpers):
    """A comment every 15 s: nobody on the way takes the stream for dead."""
    if not helpers.FULL:
        pytest.skip("waits for 35 s")
    stream = Stream(api)
    time.sleep(35)
    assert stream.comments == 2 and not stream.ended
    stream.close()


def test_cors(new_stack, helpers, npm):
    """The pages that may use the API may read events, with Last-Event-ID; others may not."""
    stack = new_stack(FILEAPI_CORS_ORIGINS=ALLOWED)
    api = stack.user("alice")
    nobody = helpers.Api(stack, None)
    for path in EVENTS, "/api/v1/events", "/api/v1/ws-ticket/":
        ask = {"Access-Control-Request-Method": "GET", "Origin": ALLOWED,
               "Access-Control-Request-Headers": "authorization, last-event-id"}
        answer = nobody.call("OPTIONS", path, headers=ask)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == ALLOWED
        assert "Last-Event-ID" in answer.headers["access-control-allow-headers"]
        other = nobody.call("OPTIONS", path, headers={**ask, "Origin": "https://evil.example"})
        assert other.status_code == 204 and "access-control-allow-origin" not in other.headers
    for user, status in (api, 200), (nobody, 401):
        answer = user.get(EVENTS, headers={"Origin": ALLOWED})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == ALLOWED
        assert answer.headers["vary"] == "Origin"


# --- tickets -------------------------------------------------------------------------------------

def test_a_ticket_is_good_once(api, user, nobody, helpers, stack):
    """It opens a stream, a page or a socket for whoever asked for it, and nothing after that."""
    answer = api.call("POST", "/api/v1/ws-ticket")
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert set(told) == {"ticket", "expires_in"} and told["expires_in"] == 30
    assert re.fullmatch("[A-Za-z0-9_-]{43}", told["ticket"])
    ids = user.happen(2)
    page = nobody.get(EVENTS, params={"ticket": told["ticket"]})
    assert [e["id"] for e in page.json()["events"]] == ids
    refused = helpers.assert_problem
    refused(nobody.get(EVENTS, params={"ticket": told["ticket"]}), 401, "Invalid token.")
    stream = Stream(nobody, f"{EVENTS}?ticket={ticket(api)}&after={ids[0]}")
    assert [e[1]["id"] for e in stream.wait(1)] == ids[1:]
    stream.close()
    for wrong in "x", "A" * 43, told["ticket"][:-1], told["ticket"] + "A", "%C3%A4":
        refused(nobody.get(f"{EVENTS}?ticket={wrong}"), 401, "Invalid token.")
    assert helpers.Api(stack, None).call("POST", "/api/v1/ws-ticket/").status_code == 401


def test_a_ticket_is_used_by_one_of_many(api, nobody):
    """Of many that come with the same ticket at the same moment, one gets in."""
    for _ in range(5):
        one, statuses = ticket(api), []
        threads = [threading.Thread(target=lambda: statuses.append(
            requests.get(nobody.stack.url + EVENTS, params={"ticket": one}, verify=nobody.stack.ca,
                         timeout=LATE).status_code)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200] + [401] * 7


def test_a_ticket_ends(api, nobody, helpers, stack):
    """After its half minute, or its token's end, it opens nothing; old ones are swept away by new ones."""
    for column in "good_until", "token_expires":
        one = ticket(api)
        digest = hashlib.sha256(one.encode()).hexdigest()
        assert stack.sql(f"SELECT good_until - now() BETWEEN interval '20 s' AND interval '30 s' FROM ticket"
                         f" WHERE digest = '\\x{digest}'") == "t"
        stack.sql(f"UPDATE ticket SET {column} = now() - interval '1 s' WHERE digest = '\\x{digest}'")
        helpers.assert_problem(nobody.get(EVENTS, params={"ticket": one}), 401, "Invalid token.")
    stack.sql("DELETE FROM ticket")
    for _ in range(5):
        ticket(api)
    stack.sql("UPDATE ticket SET good_until = now() - interval '1 s'")
    ticket(api)
    assert stack.sql("SELECT count(*) FROM ticket") == "1"


def test_what_a_ticket_opens_ends_with_its_token(stack, nobody):
    """A ticket gives no more time than the token it stands for."""
    began = time.monotonic()
    api = stack.user("short-lived", ttl=3)
    stream = Stream(nobody, f"{EVENTS}?ticket={ticket(api)}")
    until(lambda: stream.ended)
    assert 1 < time.monotonic() - began < 4.5


def test_a_ticket_is_written_nowhere(api, nobody, stack):
    """No log, no table, no file holds it, used or not."""
    used, unused = ticket(api), ticket(api)
    assert nobody.get(EVENTS, params={"ticket": used}).status_code == 200
    assert nobody.get(EVENTS, params={"ticket": used}).status_code == 401
    assert nobody.get(f"/ws/echo/?ticket={unused}").status_code == 426
    for one in used, unused:
        raw = base64.urlsafe_b64decode(one + "=")
        assert stack.sql(f"SELECT count(*) FROM ticket WHERE digest = '\\x{raw.hex()}'") == "0"
        dump = subprocess.run(["pg_dump", "-U", "postgres"], capture_output=True, text=True, check=True,
                              env={**stack.environment, **stack.env}).stdout
        assert one not in dump
        for log in Path(stack.folder, "logs").iterdir():
            assert one not in log.read_text(errors="replace"), log


# --- clients -------------------------------------------------------------------------------------

NODE = """
const WebSocket = require('ws');
const [url, wss, token, path] = process.argv.slice(1);
const ask = (path, options) => fetch(url + path, {headers: {Authorization: `Bearer ${token}`}, ...options});
(async () => {
  const ticket = async () => (await (await ask('/api/v1/ws-ticket/', {method: 'POST'})).json()).ticket;
  const socket = new WebSocket(`${wss}/echo/?ticket=${await ticket()}&last_event_id=${path}`);
  const got = {socket: [], stream: []};
  await new Promise((done, failed) => {
    socket.on('error', failed);
    socket.on('message', (data) => { got.socket.push(JSON.parse(data)); if (got.socket.length === 3) done(); });
  });
  socket.removeAllListeners('message');
  got.echo = await new Promise((done) => {
    socket.on('message', (data, binary) => done([data.toString(), binary]));
    socket.send('h\u00e4llo');
  });
  got.pong = await new Promise((done) => { socket.on('pong', (data) => done(data.toString())); socket.ping('x'); });
  got.close = await new Promise((done) => { socket.on('close', done); socket.close(4000, 'bye'); });
  const stop = new AbortController();
  const answer = await ask(`/api/v1/events/?after=${path}`, {signal: stop.signal,
    headers: {Authorization: `Bearer ${token}`, Accept: 'text/event-stream'}});
  let text = '';
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    got.stream = [...text.matchAll(/^data: (.*)\\n\\n/gm)].map((m) => JSON.parse(m[1]));
    if (got.stream.length === 3) break;
  }
  console.log(JSON.stringify(got));
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
"""


def test_node(api, user, stack, npm):
    """The npm package ws and Node's fetch read the same events; echo, ping and close work."""
    ids = user.happen(4)
    done = subprocess.run(
        ["node", "-e", NODE, stack.url, stack.env["FILEAPI_WS_URL"], user.token, str(ids[0])],
        capture_output=True, text=True, timeout=60,
        env={**stack.environment, "NODE_PATH": str(npm / "node_modules"), "NODE_EXTRA_CA_CERTS": stack.ca})
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    assert [m["id"] for m in got["socket"]] == [m["id"] for m in got["stream"]] == ids[1:]
    assert got["echo"] == ["hällo", False] and got["pong"] == "x" and got["close"] == 4000
