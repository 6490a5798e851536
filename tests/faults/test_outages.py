"""Outages under load: 503 with Retry-After in time, and all is well again soon after."""
import os
import signal
import time
from pathlib import Path

import pytest
from processes import children_of
from load import Load, all_well, bad, ok
from world import Caller


# An upload that lost the answer to its COMMIT asks for 5 s (FILEAPI_DATABASE_TIMEOUT) what became of
# it; everything else fails at once.
AWAY = 7


@pytest.fixture(scope="module")
def caller(hurt):
    return Caller(hurt, hurt.token("alice", org="acme"))


@pytest.fixture
def load(hurt, caller):
    hurt.repair()  # whatever the test before has left
    return Load(hurt, caller.token, clients=16)


def descriptors(hurt):
    return [len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in sorted(hurt.workers())]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_postgres_stopped(hurt, caller, load, number):
    """While PostgreSQL is away: 503 in time; 3 s after it is back nothing fails any more."""
    with load:
        load.wait_for(ok, 12)
        os.kill(hurt.pid("postgres"), number)
        load.wait_for(bad, 12, since=time.monotonic())
        back = hurt.restart_postgres()
        load.wait_for(ok, 30, since=back + 3)
    load.judge(AWAY)
    print(f"longest {load.longest():.2f} s, well after {load.recovered(back):.2f} s, {load.told()}")
    assert load.recovered(back) <= 3
    all_well(hurt, caller)


def test_postgres_restarted(hurt, caller, load):
    """Restarts one after the other under load: 503 or an answer, and no descriptor is lost."""
    before = descriptors(hurt)
    with load:
        for number in [signal.SIGINT, signal.SIGQUIT] * 3:
            load.wait_for(ok, 12, since=time.monotonic())
            os.kill(hurt.pid("postgres"), number)
            back = hurt.restart_postgres()
        load.wait_for(ok, 30, since=back + 3)
    load.judge(AWAY)
    assert load.recovered(back) <= 3
    assert max(descriptors(hurt)) <= max(before) + 1
    all_well(hurt, caller)


def test_postgres_frozen(hurt, caller, load):
    """A PostgreSQL that takes connections and says nothing: 503 within 10 s, and well again in 3 s."""
    postmaster = hurt.pid("postgres")
    with load:
        load.wait_for(ok, 12)
        frozen = [postmaster, *children_of(postmaster)]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            load.wait_for(bad, 12, since=time.monotonic())
            time.sleep(12)
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        back = time.monotonic()
        load.wait_for(ok, 30, since=back + 3)
    print(f"longest {load.longest():.2f} s, well after {load.recovered(back):.2f} s, {load.told()}")
    load.judge(10)
    assert load.recovered(back) <= 3
    all_well(hurt, caller)
