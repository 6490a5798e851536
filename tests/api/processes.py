"""Processes seen from beside, waiting for what they do, and programs of the tests' own."""
import inspect
import json
import os
import signal
import subprocess
import time
from pathlib import Path


def until(what, timeout=20, pause=0.02):
    """Waits for what() to be true; the seconds that took.  A failure says what was waited for."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < timeout, f"not within {timeout} s: {inspect.getsource(what).strip()}"
        time.sleep(pause)
    return time.monotonic() - began


def state_of(pid):
    """The letter of proc(5), field 3; "" when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return ""


def alive(pid):
    return state_of(pid) not in ("", "Z", "X")


def children_of(pid):
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def named(pids, name):
    """Those that run that program."""
    found = []
    for pid in pids:
        try:
            if Path(f"/proc/{pid}/comm").read_text().strip() == name:
                found.append(pid)
        except OSError:
            pass
    return found


class Program:
    """One of our programs beside those of a stack; it runs with the stack's options and some more."""

    program = ready = None  # its name, and the event by which its log says that it has begun
    user = {}  # as whom it runs, for subprocess

    def __init__(self, stack, log, **environment):
        self.stack, self.log, self.process = stack, Path(log), None
        self.environment = {**os.environ, **stack.env, **environment}

    def start(self):
        with self.log.open("a") as log:
            begun = len(self.lines(self.ready))
            self.process = subprocess.Popen([Path(self.stack.env["FILEAPI_BIN"], self.program)],
                                            env=self.environment, stderr=log, **self.user)
        until(lambda: len(self.lines(self.ready)) > begun or self.process.poll() is not None)

    def lines(self, event):
        """What the log says about an event."""
        # The last line may be on its way.
        told = [json.loads(line) for line in self.log.read_text().split("\n")[:-1] if line]
        return [line for line in told if line["event"] == event]

    @property
    def pid(self):
        return self.process.pid

    def kill(self):
        """It alone; its children go on."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        return self.process.wait(60)
