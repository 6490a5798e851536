"""A client that speaks to a stack as a frontend does."""
import asyncio
import json
import time

import requests
import websockets
from shapes import box_stl


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

    def begin_upload(self, length, body=b""):
        """The connection of an upload whose head announces so many bytes, of which these were sent."""
        connection = self.stack.connect()
        connection.sendall("POST /api/v1/part/0/assets/ HTTP/1.1\r\nHost: localhost\r\n"
                           f"Authorization: Bearer {self.token}\r\nContent-Length: {length}\r\n"
                           "Content-Type: multipart/form-data; boundary=B\r\n\r\n".encode() + body)
        return connection

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
            url = f"{self.stack.env['FILEAPI_WS_URL']}/echo/?Bearer={self.token}{query}"
            async with websockets.connect(url, ssl=self.stack.tls(), close_timeout=1) as socket:
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
