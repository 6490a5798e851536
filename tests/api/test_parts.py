"""Parts: listed, read, changed and deleted by those who may."""
import random
import re
import struct
import threading
import time
import uuid
from pathlib import Path

import pytest
from processes import alive, until

FIELDS = ["part_id", "name", "status", "basename", "quantity", "material", "machine", "rfq_note",
          "rfq_needed_by", "created", "updated", "assets"]
SEED = 20261126


@pytest.fixture
def user(stack):
    """A user of an organization of their own, so that lists hold this test's parts only."""
    name = uuid.uuid4().hex
    return stack.user(name, org=f"org-{name}")


def part_of(user, part):
    answer = user.get(f"/api/v1/part/{part}/")
    assert answer.status_code == 200, answer.text
    return answer.json()


def listed(user, **query):
    answer = user.get("/api/v1/part/", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def make(user, count, name="part {}.txt"):
    return [user.upload(b"1", name=name.format(i), kind="misc")["part_id"] for i in range(count)]


# --- reading -----------------------------------------------------------------------------------

def test_a_part_is_told_whole(stack, user):
    """Every field, and the assets in the JSON of the upload's answer."""
    uploaded = user.upload(name="Wheel.stl")
    part = uploaded["part_id"]
    user.wait(part)
    told = part_of(user, part)
    assert list(told) == FIELDS
    day = stack.sql("SELECT to_char(created_at AT TIME ZONE 'UTC', 'DD.MM.YYYY HH24:MI') FROM part"
                    f" WHERE part_id = '{part}'")
    assert {**told, "assets": 0, "updated": 0} == {
        "part_id": part, "name": "Wheel", "status": "ready", "basename": "Wheel.stl",
        "quantity": 1, "material": None, "machine": None, "rfq_note": None, "rfq_needed_by": None,
        "created": day, "updated": 0, "assets": 0}
    again = user.upload(b"1", name="x.txt", part=part, kind="misc")
    assert part_of(user, part)["assets"] == again["assets"]
    assert part_of(user, str(uuid.UUID(part)).upper())["part_id"] == part
    assert listed(user) == {"parts": [part_of(user, part)], "next": None}


def test_pages_show_every_part_once_newest_first(user):
    """Walking the cursor gives all parts in order, also when parts come and go on the way."""
    parts = make(user, 7)[::-1]
    for limit in (1, 3, 7, 100):
        seen, cursor = [], None
        while True:
            page = listed(user, limit=limit, **({"cursor": cursor} if cursor else {}))
            assert len(page["parts"]) <= limit
            seen += [p["part_id"] for p in page["parts"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == parts
    first = listed(user, limit=3)
    make(user, 1, "newer.txt")
    user.call("DELETE", f"/api/v1/part/{first['next']}/")
    rest = listed(user, limit=100, cursor=first["next"])
    assert [p["part_id"] for p in rest["parts"]] == parts[3:]


def test_twenty_are_shown_unless_asked_otherwise(user):
    """The default page has 20 parts."""
    make(user, 21)
    page = listed(user)
    assert len(page["parts"]) == 20 and page["next"] == page["parts"][-1]["part_id"]


def test_filters(user):
    """Name: any place, any case, nothing is a wildcard, NFC equals NFD. Status: exactly."""
    names = ["100%_Gear.txt", "1000 gear.txt", "ÄXLE.txt", "back\\slash", "plain.txt"]
    # A backslash in a file name separates folders: that part is renamed instead.
    parts = {n: user.upload(b"1", name=n.replace("\\", "-"), kind="misc")["part_id"] for n in names}
    user.call("PATCH", f"/api/v1/part/{parts[names[3]]}/", json={"name": names[3]})

    def found(**query):
        return {p["name"] for p in listed(user, **query)["parts"]}

    everything = found()
    assert len(everything) == 5 and found(name="") == everything
    assert found(name="GEAR") == {"100%_Gear", "1000 gear"}
    assert found(name="0%") == {"100%_Gear"} and found(name="_") == {"100%_Gear"}
    assert found(name="\\") == {"back\\slash"} and found(name="%") == {"100%_Gear"}
    assert found(name="äx") == {"ÄXLE"} and found(name="a\u0308xle") == {"ÄXLE"}
    assert found(name="' OR true --") == set()
    cad = user.upload(name="solid.stl")["part_id"]
    user.wait(cad)
    assert found(status="ready") == {"solid"} and found(status="empty") == everything
    assert found(status="ready", name="gear") == set() and found(status="failed") == set()


@pytest.mark.parametrize("query, wrong", [
    ({"limit": "0"}, ["limit"]), ({"limit": "101"}, ["limit"]), ({"limit": "ten"}, ["limit"]),
    ({"status": "done"}, ["status"]), ({"cursor": "x"}, ["cursor"]),
    ({"cursor": "z" * 32}, ["cursor"]), ({"name": "a" * 256}, ["name"]),
    ({"limit": "-1", "status": ""}, ["limit", "status"])])
def test_wrong_queries_are_named(user, helpers, query, wrong):
    """422 says which field of the query is wrong."""
    helpers.assert_problem(user.get("/api/v1/part/", params=query), 422, "Invalid user input.",
                           wrong)


def test_the_list_shows_what_may_be_read(stack):
    """Own parts and the organization's; nothing of others, and no organization shares nothing."""
    org, other = uuid.uuid4().hex, uuid.uuid4().hex
    users = {name: stack.user(f"{name}-{org}", **({"org": of} if of else {}))
             for name, of in (("a", org), ("b", org), ("c", other), ("d", None), ("e", None))}
    parts = {name: make(user, 1)[0] for name, user in users.items()}

    def seen(name):
        return {p["part_id"] for p in listed(users[name])["parts"]}

    assert seen("a") == seen("b") == {parts["a"], parts["b"]}
    assert [seen(name) for name in "cde"] == [{parts[name]} for name in "cde"]
    both = stack.user(f"f-{org}", org=[org, other])
    assert {p["part_id"] for p in listed(both, limit=2)["parts"]} == {parts["b"], parts["c"]}
    assert {p["part_id"] for p in listed(both)["parts"]} == {parts[n] for n in "abc"}


def test_the_list_is_read_in_two_statements(stack, user):
    """However many parts: one statement for them, one for their assets, none beside."""
    def log_all(on):
        stack.sql(f"ALTER SYSTEM SET log_min_duration_statement = {'0' if on else '-1'}")
        stack.sql("SELECT pg_reload_conf()")
        time.sleep(0.5)

    def statements():
        """What one list made the server run about parts and assets, by the session it came from."""
        start = log.stat().st_size
        listed(user)
        time.sleep(0.2)
        lines = log.read_bytes()[start:].decode(errors="replace").splitlines()
        executed = [line for line in lines if " execute " in line]
        pid, = {re.search(r"\[(\d+)\]", line)[1] for line in executed if "strpos(lower" in line}
        return [line for line in executed if f"[{pid}]" in line
                and re.search(r"FROM (part|asset|stage)\b", line)]

    log = Path(stack.env["FILEAPI_LOGS"], "postgres.log")
    log_all(True)
    try:
        for more in (1, 12):
            make(user, more)
            assert len(statements()) == 2, more
    finally:
        log_all(False)
    assert len(listed(user)["parts"]) == 13


# --- changing ----------------------------------------------------------------------------------

VALUES = {"name": "Neuer Name", "quantity": 12, "material": "AlSi10Mg", "machine": "Ultimaker S5",
          "rfq_note": "Two lines\nof text", "rfq_needed_by": "2027-02-28"}


@pytest.mark.parametrize("way", ["json", "data", "files"])
def test_changes_come_as_json_or_form(user, way):
    """The same six fields in JSON, urlencoded and multipart; the answer is the part."""
    part, = make(user, 1)
    body = {k: (None, str(v)) for k, v in VALUES.items()} if way == "files" else VALUES
    answer = user.call("PATCH", f"/api/v1/part/{part}/", **{way: body})
    assert answer.status_code == 200, answer.text
    assert {k: answer.json()[k] for k in VALUES} == VALUES
    assert answer.json() == part_of(user, part)


def test_only_what_is_given_changes_and_null_takes_back(user):
    """One field at a time; null empties the nullable ones; {} and unknown fields change nothing."""
    part, = make(user, 1)
    path = f"/api/v1/part/{part}/"
    before = part_of(user, part)
    for name, value in VALUES.items():
        before[name] = value
        told = user.call("PATCH", path, json={name: value}).json()
        assert {**told, "updated": 0} == {**before, "updated": 0}
    for body in ({}, {"status": "ready", "part_id": "x", "owner_id": None}):
        told = user.call("PATCH", path, json=body).json()
        assert {**told, "updated": 0} == {**before, "updated": 0}
    for name in ("material", "machine", "rfq_note", "rfq_needed_by"):
        before[name] = None
        told = user.call("PATCH", path, json={name: None}).json()
        assert {**told, "updated": 0} == {**before, "updated": 0}


@pytest.mark.parametrize("body, wrong", [
    ({"name": None}, ["name"]), ({"name": ""}, ["name"]), ({"name": "a" * 226}, ["name"]),
    ({"name": "a\nb"}, ["name"]), ({"quantity": 0}, ["quantity"]), ({"quantity": -1}, ["quantity"]),
    ({"quantity": 1000001}, ["quantity"]), ({"quantity": 1.5}, ["quantity"]),
    ({"quantity": None}, ["quantity"]), ({"material": ""}, ["material"]),
    ({"material": {"a": 1}, "machine": ["x"]}, ["material", "machine"]),
    ({"rfq_note": "x" * 2001}, ["rfq_note"]), ({"rfq_needed_by": "2027-02-29"}, ["rfq_needed_by"]),
    ({"rfq_needed_by": "01.02.2027"}, ["rfq_needed_by"]), ([], ["body"]), ("x", ["body"])])
def test_wrong_values_are_named_and_change_nothing(user, helpers, body, wrong):
    """422 names the fields; not even the right ones among them are taken."""
    part, = make(user, 1)
    before = part_of(user, part)
    if isinstance(body, dict):
        body = {"rfq_note": "right", **body} if "rfq_note" not in body else body
    helpers.assert_problem(user.call("PATCH", f"/api/v1/part/{part}/", json=body), 422,
                           "Invalid user input.", wrong)
    assert part_of(user, part) == before
    helpers.assert_problem(user.call("PATCH", f"/api/v1/part/{part}/"), 422, "Invalid user input.",
                           ["body"])


# --- who may -----------------------------------------------------------------------------------

def test_rights(stack, helpers):
    """404 before 403; the organization reads, its managers and admins write, others get 403."""
    org = uuid.uuid4().hex

    def member(sub, **options):
        return stack.user(f"{sub}-{org}", **options)

    owner, colleague = member("owner", org=org), member("colleague", org=org)
    bosses = [member(role, org=org, role=role) for role in ("manager", "admin")]
    stranger = member("stranger", org="evil", role="admin")
    for boss in bosses:
        part, = make(owner, 1)
        path = f"/api/v1/part/{part}/"
        assert colleague.get(path).status_code == boss.get(path).status_code == 200
        helpers.assert_problem(stranger.get(path), 403, "Access forbidden.")
        for user in (colleague, stranger):
            helpers.assert_problem(user.call("PATCH", path, json={"name": "x"}), 403,
                                   "Access forbidden.")
            helpers.assert_problem(user.call("DELETE", path), 403, "Access forbidden.")
        assert boss.call("PATCH", path, json={"name": "x"}).json()["name"] == "x"
        answer = boss.call("DELETE", path)
        assert answer.status_code == 200 and answer.json() == "Part deleted."
        for method in ("GET", "PATCH", "DELETE"):
            helpers.assert_problem(owner.call(method, path, **({"json": {}} if method == "PATCH"
                                                               else {})),
                                   404, "Object not found in database.")
    helpers.assert_problem(owner.get("/api/v1/part/nonsense/"), 404,
                           "Object not found in database.")
    helpers.assert_problem(helpers.Api(stack, None).get("/api/v1/part/"), 401,
                           "Authentication credentials were not provided.")


def test_methods(alice, helpers):
    """405 tells what a path knows; "assets" is a path of its own, no part's id."""
    part = uuid.uuid4().hex
    for path, allow in (("/api/v1/part/", "GET, OPTIONS"),
                        (f"/api/v1/part/{part}/", "GET, PATCH, DELETE, OPTIONS"),
                        ("/api/v1/part/assets/", "POST, OPTIONS")):
        answer = alice.call("PUT", path)
        helpers.assert_problem(answer, 405, "Method not allowed.")
        assert answer.headers["allow"] == allow


# --- deleting ----------------------------------------------------------------------------------

def ends(stack, part):
    """What was told of the ends of the part's jobs; stages end too."""
    return stack.log_sql(f"SELECT body ->> 'event' FROM event WHERE part_id = '{part}'"
                         " AND body ->> 'event' <> 'progress' ORDER BY event_id").split()


def test_delete_part_while_its_job_runs(stack, user, helpers):
    """At any moment: rows and files go, the end of the job is told once, nothing comes after."""
    chance = random.Random(SEED)
    gone = []
    for turn in range(60 if helpers.FULL else 25):
        part = user.upload(name="race.stl")["part_id"]
        user.upload(b"1", name="x.txt", part=part, kind="misc")
        time.sleep(chance.uniform(0, 0.25))
        assert user.call("DELETE", f"/api/v1/part/{part}/").status_code == 200, turn
        told = ends(stack, part)
        assert told in (["cancelled"], ["finished"]), (turn, told)
        gone.append((part, told))
    time.sleep(1)
    for part, told in gone:
        for table in ("part", "asset", "derived_file", "job"):
            assert stack.sql(f"SELECT count(*) FROM {table} WHERE part_id = '{part}'") == "0"
        assert ends(stack, part) == told
    assert listed(user)["parts"] == []
    named = set(stack.sql("SELECT object_key FROM asset UNION SELECT object_key FROM derived_file"
                          " UNION SELECT object_key FROM object_tombstone UNION"
                          " SELECT object_key FROM object_intent").split())
    assert stack.objects.names() <= named


def test_one_of_many_deletions_wins(user):
    """Ten at once: one 200, the others 404, none anything else."""
    part = user.upload(name="x.stl")["part_id"]
    statuses = []

    def remove():
        own = type(user)(user.stack, user.token)
        statuses.append(own.call("DELETE", f"/api/v1/part/{part}/").status_code)

    threads = [threading.Thread(target=remove) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [404] * 9


def test_a_cancelled_job_s_process_is_stopped(stack, user, helpers):
    """A job of seconds is over within two of its part's deletion, the process with it."""
    facets = 1_500_000
    solid = bytearray(helpers.box_stl()[:80]) + struct.pack("<I", facets)
    for i in range(0, facets, 12):
        solid += helpers.box_stl()[84:]
    part = user.upload(bytes(solid), name="big.stl")["part_id"]
    running = f"SELECT pid FROM job WHERE part_id = '{part}' AND state = 'running'"
    until(lambda: stack.sql(running))
    pid = stack.sql(running)
    user.call("DELETE", f"/api/v1/part/{part}/")
    until(lambda: not alive(pid), 2)
    assert ends(stack, part) == ["cancelled"]
    log = Path(stack.env["FILEAPI_LOGS"], "fileapi-jobs.log").read_text()
    assert any("job_unwanted" in line and str(pid) in line for line in log.splitlines())
