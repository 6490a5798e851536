"""The log of events: no id is skipped, each part's order is kept, and what is gone is said to be gone."""
import asyncio
import contextlib
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from database import Session, psql
from listeners import LATE, User, daemon, is_silent, running, take, user  # noqa: F401
from processes import until


@pytest.fixture
def sessions(stack):
    with contextlib.ExitStack() as opened:
        yield lambda: opened.enter_context(Session(stack.env))


def write(session, account, number, part=None):
    """What fa_event_keep does."""
    part = part or uuid.uuid4()
    session.run("INSERT INTO event_outbox (part_id, body, recipients) VALUES"
                f" ('{part}', '{{\"event\":\"finished\",\"number\":{number}}}', ARRAY['{account}'::uuid])")


def see(daemon, user):
    """Lets the daemon make the user's account."""
    async def check():
        async with daemon.open(user.query):
            pass
    asyncio.run(check())
    return user.account


def page(api, after=None, **options):
    query = {"after": after} if after is not None else {}
    answer = api.get("/api/v1/events/", params={**query, **options})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def api(helpers, stack, user):
    return helpers.Api(stack, user.token)


def test_a_lower_place_that_commits_later(daemon, user, sessions, stack, api):
    """A transaction that wrote first and commits last is missed by nobody: live, slow look, replay, page."""
    account = see(daemon, user)
    early, late = sessions(), sessions()
    start = page(api)["next"]

    async def check():
        async with daemon.open(user.query) as live:
            early.run("BEGIN")
            write(early, account, 1)
            write(late, account, 2)
            late.run("NOTIFY fileapi_event")
            second = (await take(live))[0]
            assert second["number"] == 2
            between = page(api, start)
            assert [e["number"] for e in between["events"]] == [2]
            early.run("COMMIT")
            # Without a notification: the slow look finds it.
            first = (await take(live))[0]
            assert first["number"] == 1 and first["id"] > second["id"]
            assert await is_silent(live)
        for after in second["id"], between["next"]:
            assert [e["number"] for e in page(api, after)["events"]] == [1]
            async with daemon.open(f"{user.query}&last_event_id={after}") as again:
                assert [m["number"] for m in await take(again)] == [1]
                assert await is_silent(again)
        assert [e["number"] for e in page(api, start)["events"]] == [2, 1]
    asyncio.run(check())
    outbox = stack.sql("SELECT min(outbox_id) FROM event_outbox")
    assert outbox == ""


def test_a_transaction_that_stays_open_holds_up_nobody(daemon, user, sessions):
    """Others' events do not wait for one that is not committed, and a rolled back one leaves no trace."""
    account = see(daemon, user)
    stuck, busy = sessions(), sessions()

    async def check():
        async with daemon.open(user.query) as live:
            stuck.run("BEGIN")
            write(stuck, account, 0)
            for number in range(1, 6):
                write(busy, account, number)
                busy.run("NOTIFY fileapi_event")
                began = time.monotonic()
                assert [m["number"] for m in await take(live)] == [number]
                assert time.monotonic() - began < 1
            stuck.run("ROLLBACK")
            busy.run("NOTIFY fileapi_event")
            assert await is_silent(live)
    asyncio.run(check())


def test_ids_have_no_gap_and_follow_the_commits(stack, user, daemon, sessions):
    """Many writers and publishers at once: ids without a gap, each part's in the order of its commits."""
    account = see(daemon, user)
    parts = [uuid.uuid4() for _ in range(3)]
    first = int(stack.sql("SELECT last_id FROM event_log"))
    script = "".join(
        f"BEGIN; SELECT pg_advisory_xact_lock(hashtext('{part}')); INSERT INTO event_outbox (part_id, body,"
        f" recipients) SELECT '{part}', json_build_object('event', 'finished', 'n', (SELECT count(*) FROM"
        f" event_outbox WHERE part_id = '{part}') + (SELECT count(*) FROM event WHERE part_id = '{part}')),"
        f" ARRAY['{account}'::uuid]; COMMIT; SELECT event_publish(7);\n" for part in parts)
    with ThreadPoolExecutor(8) as writers:
        done = list(writers.map(lambda _: psql(stack.env, script * 20), range(8)))
    assert [each.returncode for each in done] == [0] * 8, done
    stack.sql("SELECT event_publish(1000)")
    rows = stack.sql(f"SELECT event_id, part_id, body ->> 'n' FROM event WHERE event_id > {first}"
                     " ORDER BY event_id").splitlines()
    ids = [int(row.split("|")[0]) for row in rows]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    for part in parts:
        numbers = [int(row.split("|")[2]) for row in rows if row.split("|")[1] == str(part)]
        assert numbers == list(range(160)), part


def test_two_daemons(stack, user, daemon, tmp_path):
    """Each event reaches the sockets of every daemon once, whoever took it into the log."""
    (tmp_path / "second").mkdir()
    with running(stack, tmp_path / "second") as second:
        account = see(daemon, user)

        async def check():
            async with daemon.open(user.query) as a, second.open(user.query) as b:
                with Session(stack.env) as session:
                    for number in range(50):
                        write(session, account, number)
                        session.run("NOTIFY fileapi_event")
                got = [await take(socket, 50) for socket in (a, b)]
                assert got[0] == got[1] and [m["number"] for m in got[0]] == list(range(50))
                # Who has been told by one may go on with the other at once.
                async with second.open(f"{user.query}&last_event_id={got[0][-1]['id']}") as c:
                    assert await is_silent(c)
        asyncio.run(check())


def test_resync(daemon, user, stack, api):
    """Who comes back with a place that leads nowhere is told so, once, and goes on with what is new."""
    see(daemon, user)
    ids = user.happen(5)
    last = int(stack.sql("SELECT last_id FROM event_log"))
    epoch = page(api, "latest")["next"].split(".")[1]
    good = [f"{ids[1]}", f"{ids[1]}.{epoch}"]
    bad = [f"{last + 100}", f"{ids[1]}.00000000", f"{10 ** 17}", "undefined", "-1"]

    async def check(stale):
        for place in good:
            async with daemon.open(f"{user.query}&last_event_id={place}") as socket:
                assert [m["id"] for m in await take(socket, 3)] == ids[2:], place
        for place in bad + stale:
            async with daemon.open(f"{user.query}&last_event_id={place}") as socket:
                message = (await take(socket))[0]
                assert message["event"] == "resync" and message["epoch"] == epoch, place
                assert message["last_event_id"] >= last and "task" not in message
                more = user.happen()
                assert [m["id"] for m in await take(socket)] == more, place
    asyncio.run(check([]))
    # The oldest are forgotten, by fileapi-jobs, after their time.
    stack.sql(f"UPDATE event SET created_at = now() - interval '8 days' WHERE event_id <= {ids[0]}")
    until(lambda: stack.sql(f"SELECT count(*) FROM event WHERE event_id <= {ids[0]}") == "0")
    assert stack.sql("SELECT forgotten_id FROM event_log") == str(ids[0])
    assert stack.sql(f"SELECT count(*) FROM event_recipient WHERE event_id <= {ids[0]}") == "0"
    asyncio.run(check([str(ids[0] - 1), "0"]))
    for place in bad[:3] + ["0"]:
        told = page(api, place)
        assert told["resync"] and told["events"] == [] and not told["more"], place
        assert told["next"].endswith(f".{epoch}") and not page(api, told["next"])["resync"]
    told = page(api, ids[0], limit=2)
    assert [e["id"] for e in told["events"]] == ids[1:3] and told["more"] and not told["resync"]
    assert [e["id"] for e in page(api, told["next"], limit=2)["events"]] == ids[3:5]


def test_another_database(daemon, user, stack):
    """When the log is not the one that was followed, all that listen are told to read anew."""
    see(daemon, user)

    async def check():
        async with daemon.open(user.query) as socket:
            user.happen()
            await take(socket)
            stack.sql("UPDATE event_log SET seed = gen_random_uuid()")
            daemon.cut()
            assert [m["event"] for m in await take(socket)] == ["resync"]
            ids = user.happen()
            assert [m["id"] for m in await take(socket)] == ids
    asyncio.run(check())


def test_state_on_connect(daemon, user, stack):
    """Who connects learns of the open jobs that concern it, as progress; after the replay, and nobody else."""
    other = User(stack)
    account, watcher = see(daemon, user), see(daemon, other)
    part, asset = uuid.uuid4(), uuid.uuid4()
    cad, report = uuid.uuid4(), uuid.uuid4()
    stack.sql(f"""
        INSERT INTO part (part_id, owner_id, name) VALUES ('{part}', '{account}', 'x');
        INSERT INTO asset (asset_id, part_id, basename, asset_type, object_key, size, sha256)
        VALUES ('{asset}', '{part}', 'x.stl', 'cad', '{asset}', 1, sha256('x'));
        INSERT INTO stage (asset_id, stage, state, percent) VALUES ('{asset}', 'visualization', 'active', 62);
        INSERT INTO job (job_id, part_id, asset_id, task, state, request_id, machine, claimed_at) VALUES
        ('{cad}', '{part}', '{asset}', 'process_and_store_CAD', 'running', 'r', 'a test''s', now());
        INSERT INTO job (job_id, part_id, asset_id, task, after_task, request_id, not_before, created_at) VALUES
        ('{report}', '{part}', '{asset}', 'write_and_store_analysis_results_XLS', 'process_and_store_CAD', 'r',
         now() + interval '1 day', now() + interval '1 s');
        INSERT INTO job_watcher VALUES ('{report}', '{watcher}')""")

    async def check():
        async with daemon.open(user.query) as live:
            ids = user.happen(60)
            await take(live, 2 + 60)  # from here on they are none of those that come live
        queued = {"event": "progress", "job": "write_and_store_analysis_results_XLS", "part_id": part.hex,
                  "state": "queued"}
        running_one = {"event": "progress", "job": "process_and_store_CAD", "part_id": part.hex,
                       "asset_id": asset.hex, "state": "running", "stage": "visualization", "percent": 62}
        for query, expected in (user.query, [running_one, queued]), (other.query, [queued]):
            async with daemon.open(query) as socket:
                got = await take(socket, len(expected))
                assert all(m.pop("time") for m in got) and got == expected
                assert await is_silent(socket)
        async with daemon.open(f"{user.query}&last_event_id={ids[0]}") as socket:
            got = await take(socket, 61)
            assert [m["id"] for m in got[:59]] == ids[1:]
            assert [m["state"] for m in got[59:]] == ["running", "queued"]
        async with daemon.open(User(stack).query) as socket:
            assert await is_silent(socket)
    try:
        asyncio.run(check())
    finally:
        stack.sql(f"DELETE FROM part WHERE part_id = '{part}'")


def test_messages_are_one_line(daemon, user, stack, api):
    """Whatever white space a message's JSON has, it is one line, as a stream needs it."""
    account = see(daemon, user)
    stack.sql("INSERT INTO event_outbox (part_id, body, recipients) VALUES (gen_random_uuid(),"
              f" E'{{\"event\":\"finished\",\\n\"number\":\\r\\n7}}', ARRAY['{account}'::uuid])")
    answer = api.get("/api/v1/events/")
    assert [e["number"] for e in answer.json()["events"]] == [7] and "\n" not in answer.text
    assert json.loads(answer.text)


def test_hints_in_quick_succession_share_a_commit(new_stack):
    """A hundred hints, a few ms from each other, are no hundred publishing transactions; nobody misses one."""
    stack = new_stack()
    user = User(stack)
    page(stack.user(user.subject), "latest")
    account, count = user.account, 100
    with Session(stack.env) as session:
        began = time.monotonic()
        for number in range(count):
            write(session, account, number)
            session.run("NOTIFY fileapi_event")
            time.sleep(0.002)
        seconds = time.monotonic() - began
    told = "SELECT count(*), count(DISTINCT xmin::text) FROM event WHERE body ->> 'number' IS NOT NULL"
    until(lambda: stack.sql(told).startswith(f"{count}|"))
    # One each 40 ms, what they found at the beginning and the end, and a slow look or two.
    assert int(stack.sql(told).split("|")[1]) <= seconds / 0.04 + 4


def test_a_recipient_named_twice_is_told_once(daemon, user, stack, api):
    account = see(daemon, user)
    start = page(api)["next"]

    async def check():
        async with daemon.open(user.query) as live:
            stack.sql("INSERT INTO event_outbox (part_id, body, recipients) VALUES (gen_random_uuid(),"
                      f" '{{\"event\":\"finished\"}}', ARRAY['{account}', '{account}']::uuid[]);"
                      " NOTIFY fileapi_event")
            assert len(await take(live)) == 1 and await is_silent(live)
    asyncio.run(check())
    assert len(page(api, start)["events"]) == 1
