"""Processes seen from beside, and waiting for what they do."""
import inspect
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
