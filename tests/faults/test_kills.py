"""Seeded runs in which processes are killed and connections cut while clients write and read.

FILEAPI_RUNS is the number of runs, FILEAPI_SEED the seed of the first; the next run's seed is one more.
The seed chooses what clients do, and which faults strike when; how threads and processes take turns
is the machine's choice, so a seed that failed may have to run a few times.
"""
import os
import random
import signal
import time

import checker
import pytest
from service import FULL
from hurt import Hurt
from proxy import Flip, LoseCommit, Stall, Status, Swallow
from world import World

RUNS = int(os.environ.get("FILEAPI_RUNS", 200 if FULL else 6))
SEED = int(os.environ.get("FILEAPI_SEED", random.SystemRandom().randrange(1_000_000)))


# --- faults: each takes the stack and a source of chance -------------------------------------------

def kill_one(pids, number=signal.SIGKILL, group=False):
    for pid in pids:
        try:
            (os.killpg if group else os.kill)(pid, number)
        except ProcessLookupError:
            continue  # it has just ended by itself


def kill_worker(stack, chance):
    workers = stack.workers()  # none while the pool is dead
    kill_one(chance.sample(workers, min(1, len(workers))))


def kill_workers(stack, _):
    kill_one(stack.workers())


def kill_pool(stack, _):
    kill_one([stack.pid("fileapi")])


def kill_child(stack, _):
    for _ in range(100):
        children = stack.job_children()
        if children:
            return kill_one(children, group=True)
        time.sleep(0.005)


def kill_supervisor(stack, _):
    kill_one([stack.pid("fileapi-jobs")])


def kill_nginx(stack, _):
    try:
        stack.kill_group("nginx")
    except ProcessLookupError:
        pass  # it was killed before


def kill_backend(stack, chance):
    backends = stack.backends()
    if backends:
        kill_one([chance.choice(backends)])


def stop_postgres(stack, _):
    """Immediate: no checkpoint, recovery at the start."""
    kill_one([stack.pid("postgres")], signal.SIGQUIT)


def cut_front(stack, _):
    stack.front.cut()


def cut_database(stack, _):
    stack.database.cut()


def lose_commits(stack, chance):
    what = chance.choice(["answer", "request", "late"])
    with stack.database.harm(LoseCommit(what, seconds=0.3, times=chance.randint(1, 3))):
        time.sleep(0.5)


def stall_database(stack, chance):
    with stack.database.harm(Stall(way=chance.choice(["up", "down"]))):
        time.sleep(0.4)


def intents_due(stack, _):
    """As if uploads had taken longer than their intents may last."""
    try:
        stack.sql("UPDATE object_intent SET deadline = now()")
    except AssertionError:
        pass  # PostgreSQL was stopped before


def cut_store(stack, _):
    stack.s3.cut()


def kill_store(stack, _):
    """MinIO dies; what it has acknowledged is on its disk."""
    stack.minio.kill()


def lose_store_answers(stack, chance):
    with stack.s3.harm(Swallow(times=chance.randint(1, 8))):
        time.sleep(0.5)


def refuse_by_store(stack, chance):
    with stack.s3.harm(Status(chance.choice([500, 503]), times=chance.randint(1, 12))):
        time.sleep(0.5)


def flip_for_store(stack, chance):
    """On their way to the store bytes change; nothing but TLS guards those of a download."""
    with stack.s3.harm(Flip(at=chance.randrange(4), way="up",
                            times=chance.randint(1, 4))):
        time.sleep(0.4)


FAULTS = [kill_worker, kill_worker, kill_workers, kill_pool, kill_child, kill_supervisor,
          kill_nginx, kill_backend, stop_postgres, cut_front, cut_database, cut_database,
          lose_commits, lose_commits, stall_database, intents_due]
STORE_FAULTS = [cut_store, cut_store, cut_store, kill_store, lose_store_answers, lose_store_answers,
                refuse_by_store, flip_for_store]


# --- runs -------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def stack():
    # Many deaths are no poisonous file here: every CAD must be ready in the end.
    stack = Hurt(FILEAPI_JOB_ATTEMPTS="50")
    yield stack
    stack.close()


@pytest.fixture(scope="module")
def earlier():
    """The world of the run before: its acknowledged files must be there still."""
    return []


def strike(stack, plan, chance):
    try:
        for pause, fault in plan:
            time.sleep(pause)
            fault(stack, chance)
        time.sleep(chance.uniform(0, 0.3))
    finally:
        stack.repair()
    time.sleep(0.2)


def all_ready(stack):
    """At rest a part has what its CAD yields, whatever has died meanwhile."""
    odd = stack.sql("SELECT part_id, status FROM part WHERE status NOT IN ('ready', 'empty')"
                    " OR (status = 'ready') <> EXISTS (SELECT FROM asset WHERE asset.part_id ="
                    " part.part_id AND asset_type = 'cad')"
                    " OR (status = 'ready' AND (SELECT count(*) FROM derived_file d"
                    " WHERE d.part_id = part.part_id AND kind IN ('visualization', 'thumbnail')) <> 2)")
    assert odd == "", f"parts at rest: {odd}"


@pytest.mark.parametrize("seed", range(SEED, SEED + RUNS))
def test_run(stack, earlier, seed):
    """Nothing acknowledged is lost or changed, nothing is orphaned, readers see whole files."""
    chance = random.Random(seed)
    kinds = FAULTS + (STORE_FAULTS if stack.minio else [])
    plan = [(chance.uniform(0.02, 0.5), chance.choice(kinds))
            for _ in range(chance.randint(2, 5))]
    names = ", ".join(f"{fault.__name__} after {pause:.2f} s" for pause, fault in plan)
    print(f"seed {seed}: {names}\nagain: FILEAPI_SEED={seed} FILEAPI_RUNS=1 pytest {__file__}")
    world = World(stack, stack.token("alice", org="acme"), seed)
    world.run(clients=4, readers=2, meanwhile=lambda: strike(stack, plan, chance))
    stack.settle()
    all_ready(stack)
    checker.check(stack)
    for each in [*earlier, world]:
        each.verify()
        assert not each.wrong, "\n".join(each.wrong)
    print(f"{world.done}, {len(world.slots)} names")
    assert world.done["answered"] > 0
    while earlier:
        earlier.pop().remove()
    earlier.append(world)
