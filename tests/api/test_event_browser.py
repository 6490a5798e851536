"""Events in Chromium: WebSocket, EventSource and fetch, from a page of another origin."""
import http.server
import json
import subprocess
import threading

import pytest
from test_cors import needs_chromium


class Site(http.server.BaseHTTPRequestHandler):
    """Serves the page, and takes what its script tells."""

    def do_GET(self):
        self.answer(self.server.page.encode())

    def do_POST(self):
        self.server.told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(b"")
        self.server.done.set()

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.origin, server.done = f"http://localhost:{server.server_port}", threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


SCRIPT = """
const [api, token, after] = %s, headers = {Authorization: "Bearer " + token}, told = {};
const ticket = async () =>
  (await (await fetch(api + "/api/v1/ws-ticket/", {method: "POST", headers})).json()).ticket;
const messages = (socket, count) => new Promise((done, failed) => {
  const got = [];
  socket.onmessage = (e) => { got.push(JSON.parse(e.data)); if (got.length === count) done(got); };
  socket.onerror = () => failed("socket");
});
const wss = api.replace("https", "wss") + "/ws/echo/?last_event_id=" + after;
async function run() {
  const byTicket = new WebSocket(wss + "&ticket=" + await ticket());
  told.ticket = (await messages(byTicket, 2)).map((e) => e.id);
  told.echo = await new Promise((done) => { byTicket.onmessage = (e) => done(e.data); byTicket.send("hällo"); });
  told.close = await new Promise((done) => {
    byTicket.onclose = (e) => done([e.code, e.wasClean]); byTicket.close(4000, "bye"); });
  const byProtocol = new WebSocket(wss, ["bearer", token]);
  told.protocol = (await messages(byProtocol, 2)).map((e) => e.id).concat(byProtocol.protocol);
  const source = new EventSource(api + "/api/v1/events/?after=" + after + "&ticket=" + await ticket());
  told.source = await new Promise((done, failed) => {
    const got = [];
    source.addEventListener("finished", (e) => {
      got.push([JSON.parse(e.data).id, e.lastEventId.split(".")[0]]); if (got.length === 2) done(got); });
    source.onerror = () => failed("source");
  });
  source.close();
  const answer = await fetch(api + "/api/v1/events/",
    {headers: {...headers, Accept: "text/event-stream", "Last-Event-ID": after}});
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while ((text.match(/^data: /gm) || []).length < 2) text += (await reader.read()).value;
  await reader.cancel();
  told.fetched = [...text.matchAll(/^data: (.*)$/gm)].map((m) => JSON.parse(m[1]).id);
}
run().catch((e) => { told.failed = String(e); })
     .finally(() => fetch("/told", {method: "POST", body: JSON.stringify(told)}));
"""


@needs_chromium
def test_a_browser_hears_of_events(new_stack, site, tmp_path):
    """A ticket, the subprotocol, an EventSource and a fetch all bring what was missed."""
    stack = new_stack(FILEAPI_CORS_ORIGINS=site.origin)
    browser = None
    try:
        user = stack.user("alice")
        after = user.get("/api/v1/events/?after=latest").json()["next"]
        account = stack.sql("SELECT account_id FROM account WHERE subject = 'alice'")
        for number in range(2):
            stack.sql("INSERT INTO event_outbox (part_id, body, recipients) VALUES (gen_random_uuid(),"
                      f" '{{\"event\":\"finished\",\"n\":{number}}}', ARRAY['{account}'::uuid])")
        ids = [e["id"] for e in user.get(f"/api/v1/events/?after={after}").json()["events"]]
        assert len(ids) == 2
        site.page = ("<!DOCTYPE html><meta charset=utf-8><script>"
                     + SCRIPT % json.dumps([stack.url, user.token, after]) + "</script>")
        browser = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--ignore-certificate-errors", "--no-first-run", f"--user-data-dir={tmp_path}",
             "--remote-debugging-port=0", site.origin + "/"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert site.done.wait(60), "the page tells nothing"
        assert site.told == {
            "ticket": ids, "echo": "hällo", "close": [4000, True], "protocol": [*ids, "bearer"],
            "source": [[i, str(i)] for i in ids], "fetched": ids}
    finally:
        if browser:
            browser.terminate()
            browser.wait(20)
