"""Steady requests of several clients, and what came of each."""
import json
import threading
import time
import uuid
from pathlib import Path

import checker
from world import UNKNOWN, Caller


def ok(status):
    return status == 200


def bad(status):
    return status != 200


def all_well(hurt, caller):
    """Every worker answers, and rows and objects agree."""
    assert [caller.ask("GET", "/readyz")[0] for _ in range(12)] == [200] * 12
    hurt.settle()
    checker.check(hurt)


class Load:
    """with Load(stack, token, clients) as load: requests go on while the block runs."""

    def __init__(self, stack, token, clients):
        self.stack = stack
        self.callers = [Caller(stack, token) for _ in range(clients)]
        self.part = self.callers[0].create("load.txt")
        for i, caller in enumerate(self.callers):
            assert caller.upload(self.part, f"load{i}.bin", b"x")[0] == 200
        self.seen = []  # (begun, ended, what, status, headers, body); status None: no answer
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(i,), daemon=True)
                        for i in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join(90)
        assert not any(thread.is_alive() for thread in self.threads), "a request hangs"

    def work(self, number):
        caller, name = self.callers[number], f"load{number}.bin"
        turns = [("list", lambda: caller.ask("GET", "/api/v1/part/")),
                 ("read", lambda: caller.read(self.part, name)),
                 ("upload", lambda: caller.upload(self.part, name, uuid.uuid4().bytes * 100,
                                                  overwrite=True)),
                 ("get", lambda: caller.ask("GET", f"/api/v1/part/{self.part}/"))]
        turn = number
        while not self.stop.is_set():
            what, ask = turns[turn % len(turns)]
            turn += 1
            began = time.monotonic()
            try:
                status, headers, body = ask()
            except UNKNOWN as error:
                status, headers, body = None, {}, repr(error).encode()
            self.seen.append((began, time.monotonic(), what, status, headers, body))
            time.sleep(0.01 if status == 200 else 0.05)

    def wait_for(self, what, count=1, since=0.0, timeout=30):
        """Until `count` requests that began after `since` have seen what() true of their status."""
        deadline = time.monotonic() + timeout
        while sum(1 for each in list(self.seen) if each[0] >= since and what(each[3])) < count:
            assert time.monotonic() < deadline, f"not within {timeout} s: {self.told()}"
            time.sleep(0.01)

    def told(self):
        counts = {}
        for _, _, what, status, _, body in self.seen:
            key = (what, status, b"" if status == 200 else body[:100])
            counts[key] = counts.get(key, 0) + 1
        return counts

    def judge(self, patience, also=()):
        """Nothing but 200 and 503 as the contract has it, and none later than that by nginx's clock:
        clients and proxies share one interpreter, which on a busy machine lets them wait."""
        log = Path(self.stack.folder, "logs/nginx-access.log").read_text().splitlines()
        served = {line["request_id"]: line["seconds"] for line in map(json.loads, log)}
        for began, ended, what, status, headers, body in self.seen:
            seconds = served.get(headers.get("X-Request-Id"), ended - began)
            told = f"{what}: {status} {body[:200]} after {seconds:.2f} s, {ended - began:.2f} s here"
            assert seconds <= patience, told
            if status in (200, *also):
                continue
            assert status == 503, told
            assert headers["Content-Type"] == "application/problem+json", told
            assert int(headers["Retry-After"]) > 0, told
            assert json.loads(body)["detail"] == "Service temporarily unavailable.", told

    def longest(self):
        return max(ended - began for began, ended, *_ in self.seen)

    def recovered(self, fault_ended):
        """Seconds from the end of the fault to the last answer that was not 200."""
        return max((ended - fault_ended for _, ended, _, status, *_ in self.seen if status != 200),
                   default=0.0)
