"""Events while the daemon and PostgreSQL are killed again and again, and clients come and go."""
import asyncio
import json
import os
import random
import signal
import threading
import time
import uuid
from collections import defaultdict

import pytest
import websockets
from database import psql
from processes import children_of, until

FULL = os.environ.get("FILEAPI_FULL") == "1"
EVENTS, KILLS, CLIENTS, USERS, PARTS, WRITERS = (10000, 50, 100, 20, 40, 4) if FULL else (1500, 8, 20, 8, 12, 4)
SEED = int(os.environ.get("FILEAPI_SEED", "6455"))
SETTLE = 60  # seconds for the last event to reach everyone


class Writer(threading.Thread):
    """Writes events as transactions of jobs do; what has committed is in a table beside them."""

    def __init__(self, stack, accounts, parts, count, seed):
        super().__init__(daemon=True)
        self.stack, self.accounts, self.parts, self.left = stack, accounts, parts, count
        self.random = random.Random(seed)

    def statement(self):
        part = self.random.choice(self.parts)
        recipients = ",".join(f"'{a}'" for a in self.random.sample(self.accounts, self.random.randint(1, 3)))
        # Some transactions stay open after they have written, so that later ones commit first.
        pause = self.random.choice([0, 0, 0, 0.02])
        notify = "NOTIFY fileapi_event;" if self.random.random() < 0.8 else ""
        return ("BEGIN; WITH next AS (UPDATE truth_part SET n = n + 1 WHERE part_id = "
                f"'{part}' RETURNING n), truth AS (INSERT INTO truth SELECT '{part}', n, ARRAY[{recipients}]::uuid[]"
                " FROM next) INSERT INTO event_outbox (part_id, body, recipients) SELECT"
                f" '{part}', json_build_object('event', 'finished', 'part_id', '{part}', 'n', n),"
                f" ARRAY[{recipients}]::uuid[] FROM next; SELECT pg_sleep({pause}); COMMIT; {notify}\n")

    def run(self):
        while self.left > 0:
            batch = min(self.left, 25)
            done = psql(self.stack.env, "".join(self.statement() for _ in range(batch)))
            # What was not committed is not in the table of truth either.
            self.left -= batch if done.returncode == 0 else 1
            if done.returncode:
                time.sleep(0.1)


class Client:
    """Comes back with the last id it has seen, whatever has happened to its connection."""

    def __init__(self, stack, token, place, seed):
        self.url = f"ws://localhost/ws/echo/?Bearer={token}"
        self.socket_path = stack.env["FILEAPI_WS_SOCKET"]
        self.place, self.last = place, 0
        self.got, self.wrong, self.connections = [], [], 0
        self.random = random.Random(seed)

    def take(self, message):
        if message["event"] == "progress":
            return
        if message["event"] == "resync":
            self.wrong.append(message)
        elif message["id"] <= self.last:
            self.wrong.append(("again", message))
        else:
            self.last = message["id"]
            self.place = f"{self.last}.{self.place.split('.')[1]}"
            self.got.append((message["part_id"], message["n"]))

    async def listen(self):
        while True:
            try:
                async with websockets.unix_connect(self.socket_path, f"{self.url}&last_event_id={self.place}",
                                                   close_timeout=0.2) as socket:
                    self.connections += 1
                    leave = time.monotonic() + self.random.expovariate(1 / 4)
                    while (left := leave - time.monotonic()) > 0:
                        self.take(json.loads(await asyncio.wait_for(socket.recv(), left)))
            except (OSError, asyncio.TimeoutError, websockets.WebSocketException):
                pass
            await asyncio.sleep(self.random.uniform(0, 0.3))


def kill(stack, name):
    """The process and all its children, at once."""
    pid = int(stack.status()[name])
    for each in [pid, *children_of(pid)]:
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            pass
    until(lambda: not os.path.exists(f"/proc/{pid}"))
    stack.run("start")


@pytest.mark.timeout(3000 if FULL else 600)
def test_each_gets_each_of_its_events(new_stack, helpers, capsys):
    """Kills of the daemon and of PostgreSQL, transactions that overtake each other, clients that come and go:
    each client gets each of its events once, every part's in order."""
    chance = random.Random(SEED)
    stack = new_stack()
    users = [f"user-{i}" for i in range(USERS)]
    tokens = [stack.token(user) for user in users]
    place = [helpers.Api(stack, t).get("/api/v1/events/?after=latest").json()["next"] for t in tokens][0]
    account = {u: stack.sql(f"SELECT account_id FROM account WHERE subject = '{u}'") for u in users}
    parts = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(PARTS)]
    stack.sql("CREATE TABLE truth_part (part_id uuid PRIMARY KEY, n integer); CREATE TABLE truth (part_id uuid,"
              f" n integer, accounts uuid[]); INSERT INTO truth_part SELECT unnest(ARRAY{parts}::uuid[]), 0")
    clients = [Client(stack, tokens[i % USERS], place, SEED + i) for i in range(CLIENTS)]
    writers = [Writer(stack, list(account.values()), parts, EVENTS // WRITERS, SEED + i) for i in range(WRITERS)]

    def play():
        for writer in writers:
            writer.start()
        for turn in range(KILLS):
            time.sleep(chance.uniform(0.05, 0.6))
            kill(stack, "fileapi-ws" if turn % 2 == 0 else "postgres")
        for writer in writers:
            writer.join()
        rows = stack.sql("SELECT part_id, n, array_to_string(accounts, ',') FROM truth ORDER BY n").splitlines()
        truth = defaultdict(set)
        for part, n, accounts in (row.split("|") for row in rows):
            for one in accounts.split(","):
                truth[one].add((part, int(n)))
        deadline = time.monotonic() + SETTLE
        while time.monotonic() < deadline and any(
                len(c.got) < len(truth[account[users[i % USERS]]]) for i, c in enumerate(clients)):
            time.sleep(0.1)
        return truth, len(rows)

    async def all_of_it():
        tasks = [asyncio.ensure_future(client.listen()) for client in clients]
        result = await asyncio.get_running_loop().run_in_executor(None, play)
        left = tasks
        while left:
            # Where a message comes at the same moment, wait_for forgets that it is cancelled.
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=1)
        return result
    truth, count = asyncio.run(all_of_it())
    for i, client in enumerate(clients):
        expected = truth[account[users[i % USERS]]]
        assert client.wrong == [], f"seed {SEED}, client {i}: {client.wrong[:3]}"
        assert set(client.got) == expected and len(client.got) == len(expected), \
            f"seed {SEED}, client {i}: {sorted(expected - set(client.got))[:3]} of {len(expected)} are missing"
        for part in parts:
            numbers = [n for p, n in client.got if p == part]
            assert numbers == sorted(numbers), f"seed {SEED}, client {i}, part {part}"
    assert count >= EVENTS * 0.5
    with capsys.disabled():
        print(f"\n{count} events, {KILLS} kills, {CLIENTS} clients with {sum(c.connections for c in clients)}"
              f" connections, {sum(len(c.got) for c in clients)} deliveries (seed {SEED})")
