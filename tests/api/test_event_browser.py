"""Events in Chromium: WebSocket, EventSource and fetch, from a page of another origin."""
import pytest
from browser import Site, needs_chromium


@pytest.fixture
def site():
    site = Site()
    yield site
    site.close()


SCRIPT = """
const [api, token, after] = given, headers = {Authorization: "Bearer " + token};
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
"""


@needs_chromium
def test_a_browser_hears_of_events(new_stack, site, tmp_path):
    """A ticket, the subprotocol, an EventSource and a fetch all bring what was missed."""
    stack = new_stack(FILEAPI_CORS_ORIGINS=site.origin)
    user = stack.user("alice")
    after = user.get("/api/v1/events/?after=latest").json()["next"]
    account = stack.sql("SELECT account_id FROM account WHERE subject = 'alice'")
    for number in range(2):
        stack.sql("INSERT INTO event_outbox (part_id, body, recipients) VALUES (gen_random_uuid(),"
                  f" '{{\"event\":\"finished\",\"n\":{number}}}', ARRAY['{account}'::uuid])")
    ids = [e["id"] for e in user.get(f"/api/v1/events/?after={after}").json()["events"]]
    assert len(ids) == 2
    assert site.run(SCRIPT, [stack.url, user.token, after], tmp_path) == {
        "ticket": ids, "echo": "hällo", "close": [4000, True], "protocol": [*ids, "bearer"],
        "source": [[i, str(i)] for i in ids], "fetched": ids}
