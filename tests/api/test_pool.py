"""The pool as the operator handles it: a reload loses no request, a stop has an end."""
import os
import signal
import threading
import time

from processes import alive, children_of, until

OWN = {"FILEAPI_DRAIN_TIMEOUT": "2"}


def test_a_reload_replaces_the_workers(own, user):
    """SIGHUP: each ends after the request it has, others take its place, and all are answered."""
    pool = int(own.status()["fileapi"])
    before = set(children_of(pool))
    statuses, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            statuses.append(user.get("/api/v1/part/").status_code)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        until(lambda: statuses)
        os.kill(pool, signal.SIGHUP)
        until(lambda: len(now := children_of(pool)) == len(before) and not before & set(now))
        asked = len(statuses)
        until(lambda: len(statuses) > asked + 20)
    finally:
        stop.set()
        thread.join()
    assert set(statuses) == {200}


def test_a_stop_ends(own, user):
    """A worker that does not end in time is killed: FILEAPI_DRAIN_TIMEOUT."""
    pool = int(own.status()["fileapi"])
    os.kill(children_of(pool)[0], signal.SIGSTOP)
    began = time.monotonic()
    os.kill(pool, signal.SIGTERM)
    until(lambda: not alive(pool))
    assert 2 <= time.monotonic() - began < 6
    own.run("start")
    assert user.get("/readyz").status_code == 200
