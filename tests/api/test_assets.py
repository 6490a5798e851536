"""Assets: kept, served, replaced and taken away; what a CAD leaves behind goes with it."""
import json
import random
import threading
import time
import unicodedata
import urllib.parse
import uuid

import pytest
from processes import until

DERIVED = ("visualization-file", "thumbnail-file", "fetch-analysis-results-file")
SEED = 20261125
KINDS = {"drawing": "plan.pdf", "image": "photo.png", "cad": "box.stl", "offer": "offer.pdf",
         "invoice": "bill.pdf", "rfq": "ask.txt", "document": "read.docx", "misc": "any.thing"}


def assets_path(part):
    return f"/api/v1/part/{part}/assets/"


def get(user, part, name, **options):
    return user.get(assets_path(part), params={"basename": name}, **options)


def delete(user, part, name):
    return user.call("DELETE", assets_path(part), params={"basename": name})


def shape(value):
    """The names and types of an answer, ids and texts left out."""
    if isinstance(value, dict):
        return {key: shape(member) for key, member in value.items()}
    return [shape(member) for member in value] if isinstance(value, list) else type(value)


def only(answer):
    asset, = answer["assets"].values()
    return asset


def store_holds_what_rows_name(stack):
    """Every file in the store is named by a row, and every row's object is there."""
    named = set(stack.sql(
        "SELECT object_key FROM asset UNION SELECT object_key FROM derived_file"
        " UNION SELECT object_key FROM object_tombstone"
        " UNION SELECT object_key FROM object_intent").split())
    owned = set(stack.sql("SELECT object_key FROM asset UNION SELECT object_key FROM derived_file"
                          ).split())
    kept = stack.objects.names()
    assert kept <= named, kept - named
    assert owned <= kept, owned - kept


# --- storing and serving -----------------------------------------------------------------------

@pytest.mark.parametrize("kind, name", KINDS.items())
def test_every_type_is_answered_and_served(alice, kind, name):
    """Each of the eight types answers the reference's fields and comes back byte for byte."""
    content = None if kind == "cad" else f"content of a {kind}".encode()
    answer = alice.upload(content, name=name, kind=kind)
    asset = only(answer)
    assert list(answer) == ["part_id", "task", "message", "name", "assets"]
    assert list(asset) == ["basename", "asset_type", "updated", "asset_stat", "analysis_results"]
    assert (asset["basename"], asset["asset_type"]) == (name, kind)
    stages = list(asset["asset_stat"]["choices"])
    assert stages[0] == "upload"
    assert stages[1:] == {"drawing": ["image_analysis"], "cad": [
        "cad_analysis", "visualization", "thumbnail", "optimal_orientation", "analysis_report"],
        }.get(kind, [])
    got = get(alice, answer["part_id"], name)
    assert got.status_code == 200
    assert f'filename="{name}"' in got.headers["content-disposition"]
    if content:
        assert got.content == content


def test_a_drawing_waits_for_its_analysis(stack, alice):
    """image_analysis stands there unfinished, no job is made; left out when skipped."""
    answer = alice.upload(b"%PDF-1.4", name="a.pdf", kind="drawing")
    stat = only(answer)["asset_stat"]
    assert stat == {
        "active": "pending", "previous": "upload", "choices": {
            "upload": {"name": "Upload", "index": 0, "finished": True,
                       "error": {"message": None, "error_raised": False,
                                 "recommmended_user_action": None},
                       "active_message": "Uploading CAD file",
                       "finished_message": "CAD file uploaded."},
            "image_analysis": {"name": "Material Analysis", "index": 1, "finished": False,
                               "error": {"message": None, "error_raised": False,
                                         "recommmended_user_action": None},
                               "active_message": "Searching drawing for meta data",
                               "finished_message": "Drawing analysed."}}}
    assert stack.sql(f"SELECT count(*) FROM job WHERE part_id = '{answer['part_id']}'") == "0"
    for spelling in ("TRUE", "true", "tRuE"):
        skipped = alice.upload(b"%PDF-1.4", name="a.pdf", kind="drawing",
                               skip_drawing_analysis=spelling)
        assert list(only(skipped)["asset_stat"]["choices"]) == ["upload"]
    for spelling in ("FALSE", "false", ""):
        kept = alice.upload(b"%PDF-1.4", name="a.pdf", kind="drawing",
                            skip_drawing_analysis=spelling)
        assert "image_analysis" in only(kept)["asset_stat"]["choices"]


def test_answers_have_the_shape_of_the_contract_s_examples(alice, helpers):
    """Upload and deletion of an offer: the same names and types as in the examples, in order."""
    examples = helpers.SHARED / "contract" / "examples"
    if not examples.is_dir():
        pytest.skip(f"no contract examples at {examples} (set FILEAPI_SHARED)")
    uploaded = json.loads((examples / "offer-uploaded.json").read_text())
    removed = json.loads((examples / "offer-deleted.json").read_text())
    name = only(uploaded)["basename"]
    answer = alice.upload(b"offer", name=name, kind="offer")
    assert shape(only(answer)) == shape(only(uploaded))
    assert [*answer] == [*uploaded] and [*only(answer)] == [*only(uploaded)]
    answer = delete(alice, answer["part_id"], name).json()
    assert shape(answer) == shape(removed) and [*answer] == [*removed]
    assert answer["message"] == removed["message"] == "Asset deleted."


@pytest.mark.parametrize("spelling, status", [
    ("true", 200), ("TRUE", 200), ("True", 200), ("false", 409), ("FALSE", 409), ("", 409),
    (None, 409)])
def test_overwrite_in_all_spellings(alice, helpers, spelling, status):
    """true in any case replaces; anything that means false is a conflict and changes nothing."""
    part = alice.upload(b"first", name="x.txt", kind="misc")["part_id"]
    fields = {} if spelling is None else {"overwrite": spelling}
    answer = alice.post(b"second", name="x.txt", part=part, kind="document", **fields)
    assert answer.status_code == status, helpers.told(answer)
    if status == 409:
        helpers.assert_problem(answer, 409, "Asset already exists.")
    else:
        assert only(answer.json())["asset_type"] == "document"
        assert answer.json()["message"] == "asset created"
    assert get(alice, part, "x.txt").content == (b"second" if status == 200 else b"first")


def test_basename_comes_from_query_or_body(alice, helpers):
    """Query, urlencoded, multipart and JSON name the asset; for GET and for DELETE."""
    part = alice.upload(b"0", name="ö & %.txt", kind="misc")["part_id"]
    name = "ö & %.txt"
    ways = ({"params": {"basename": name}}, {"data": {"basename": name}},
            {"files": {"basename": (None, name)}}, {"json": {"basename": name}})
    for way in ways:
        assert alice.get(assets_path(part), **way).content == b"0", way
        answer = alice.call("DELETE", assets_path(part), **way)
        assert answer.status_code == 200 and answer.json()["assets"] == {}, helpers.told(answer)
        alice.upload(b"0", name=name, part=part, kind="misc")
    head = alice.call("HEAD", assets_path(part), params={"basename": name})
    assert head.status_code == 200 and head.headers["content-length"] == "1"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_wrong_basenames(alice, helpers, method):
    """Missing, empty, too long: 422; 255 code points may be asked for; a name not there: 404."""
    part = alice.upload(b"0", name="x.txt", kind="misc")["part_id"]
    for params in ({}, {"basename": ""}, {"basename": "ä" * 256}, {"basename": "a\nb"}):
        helpers.assert_problem(alice.call(method, assets_path(part), params=params), 422,
                               "Invalid user input.", ["basename"])
    for name in ("ä" * 255, "X.txt", "x.tx"):
        helpers.assert_problem(alice.call(method, assets_path(part), params={"basename": name}),
                               404, "Object not found in storage.")
    for unknown in (uuid.uuid4().hex, "nonsense", "0"):
        helpers.assert_problem(alice.call(method, assets_path(unknown), params={"basename": "x"}),
                               404, "Object not found in database.")


def test_names_are_one_after_normalisation(alice, helpers):
    """NFC and NFD are one asset; it is returned as it was given last."""
    composed, decomposed = (unicodedata.normalize(f, "Wärmetauscher é.txt") for f in ("NFC", "NFD"))
    assert composed != decomposed
    part = alice.upload(b"1", name=decomposed, kind="misc")["part_id"]
    helpers.assert_problem(alice.post(b"2", name=composed, part=part, kind="misc"), 409,
                           "Asset already exists.")
    for name in (composed, decomposed):
        got = get(alice, part, name)
        assert got.content == b"1"
        disposition = got.headers["content-disposition"]
        assert urllib.parse.unquote(disposition.split("UTF-8''")[1]) == decomposed
    answer = alice.upload(b"2", name=composed, part=part, kind="misc", overwrite="true")
    assert [a["basename"] for a in answer["assets"].values()] == [composed]
    assert delete(alice, part, decomposed).json()["assets"] == {}


def test_writing_needs_the_right(stack, alice, helpers):
    """Colleagues read, managers and admins of the organization delete, others learn nothing."""
    colleague = stack.user("bob", org="acme")
    stranger = stack.user("mallory", org="evil", role="admin")
    for role in ("manager", "admin"):
        boss = stack.user(f"boss-{role}", org="acme", role=role)
        part = alice.upload(b"1", name="x.txt", kind="misc")["part_id"]
        upload = f"/api/v1/part/{part}/upload-file/"
        assert get(colleague, part, "x.txt").status_code == 200
        helpers.assert_problem(get(stranger, part, "x.txt"), 403, "Access forbidden.")
        for user in (colleague, stranger):
            for name in ("x.txt", "not there"):
                helpers.assert_problem(delete(user, part, name), 403, "Access forbidden.")
            helpers.assert_problem(user.call("DELETE", upload), 403, "Access forbidden.")
        assert boss.call("DELETE", upload).status_code == 200
        assert delete(boss, part, "x.txt").status_code == 200


# --- the CAD goes ------------------------------------------------------------------------------

def test_deleting_the_cad_brings_back_the_older_one(stack, alice, helpers):
    """Derived files go at once; the next newest CAD becomes the CAD and is processed anew."""
    part = alice.upload(name="old.stl")["part_id"]
    alice.wait(part)
    alice.upload(helpers.box_stl(name=b"new"), name="new.stl", part=part)
    alice.wait(part)
    models = stack.sql(f"SELECT object_key FROM derived_file WHERE part_id = '{part}'"
                       " AND kind = 'visualization'")
    answer = delete(alice, part, "new.stl").json()
    assert only(answer)["basename"] == "old.stl"
    cad = alice.get(f"/api/v1/part/{part}/upload-file/")
    assert 'filename="old.stl"' in cad.headers["content-disposition"]
    assert alice.wait(part) == "finished"
    model = alice.get(f"/api/v1/part/{part}/visualization-file/")
    assert 'filename="old_visual.glb"' in model.headers["content-disposition"]
    assert stack.sql(f"SELECT object_key FROM derived_file WHERE part_id = '{part}'"
                     " AND kind = 'visualization'") not in ("", models)
    assert only(delete_and_read(alice, part))["asset_stat"]["previous"] == "thumbnail"
    assert delete(alice, part, "old.stl").json()["assets"] == {}
    for route in ("upload-file", *DERIVED):
        helpers.assert_problem(alice.get(f"/api/v1/part/{part}/{route}/"), 404,
                               "Object not found in storage.")
    assert stack.sql(f"SELECT status FROM part WHERE part_id = '{part}'") == "empty"


def delete_and_read(user, part):
    """The part's answer after a file of no weight came and went."""
    user.upload(b"note", name="note.txt", part=part, kind="misc")
    return delete(user, part, "note.txt").json()


def test_deleting_an_older_cad_changes_nothing_else(stack, alice):
    """Only the newest CAD carries derived files: they stay, no job starts."""
    part = alice.upload(name="old.stl")["part_id"]
    alice.upload(name="new.stl", part=part)
    alice.wait(part)
    query = (f"SELECT (SELECT count(*) FROM job WHERE part_id = '{part}'),"
             f" (SELECT string_agg(object_key, ',' ORDER BY kind) FROM derived_file"
             f" WHERE part_id = '{part}')")
    before = stack.sql(query)
    assert delete(alice, part, "old.stl").status_code == 200
    assert stack.sql(query) == before


def test_overwriting_the_cad_with_another_type_counts_too(stack, alice, helpers):
    """The CAD's asset becomes a document: its files are gone, the older CAD is processed."""
    part = alice.upload(name="a.stl")["part_id"]
    alice.upload(name="b.stl", part=part)
    alice.wait(part)
    alice.upload(b"text", name="b.stl", part=part, kind="document", overwrite="true")
    assert alice.wait(part) == "finished"
    model = alice.get(f"/api/v1/part/{part}/visualization-file/")
    assert 'filename="a_visual.glb"' in model.headers["content-disposition"]
    alice.upload(b"text", name="a.stl", part=part, kind="document", overwrite="true")
    helpers.assert_problem(alice.get(f"/api/v1/part/{part}/visualization-file/"), 404,
                           "Object not found in storage.")
    assert stack.sql(f"SELECT status FROM part WHERE part_id = '{part}'") == "empty"


def test_delete_part_s_cad(stack, alice, helpers):
    """All CADs and what came from them go, attributes are reset, other assets stay; twice."""
    part = alice.upload(name="a.stl")["part_id"]
    alice.upload(name="b.stl", part=part)
    alice.upload(b"%PDF", name="plan.pdf", part=part, kind="drawing")
    alice.wait(part)
    alice.get(f"/api/v1/part/{part}/analysis-results-file/")
    alice.wait(part, "write_and_store_analysis_results_XLS")
    stack.sql("UPDATE part SET quantity = 7, material = 'PLA', machine = 'S5', rfq_note = 'soon',"
              f" rfq_needed_by = '2027-01-01' WHERE part_id = '{part}'")
    for _ in range(2):
        answer = alice.call("DELETE", f"/api/v1/part/{part}/upload-file/")
        assert answer.status_code == 200
        assert answer.json() == "CAD and associated files were deleted."
    for route in ("upload-file", *DERIVED):
        helpers.assert_problem(alice.get(f"/api/v1/part/{part}/{route}/"), 404,
                               "Object not found in storage.")
    assert stack.sql("SELECT name, status, quantity, material, machine, rfq_note, rfq_needed_by"
                     f" FROM part WHERE part_id = '{part}'") == "a|empty|1||||"
    assert get(alice, part, "plan.pdf").content == b"%PDF"
    store_holds_what_rows_name(stack)


def test_cancelled_is_told_and_nothing_appears_afterwards(stack, alice, helpers):
    """Deletion at a random moment of the running job, over and over: no late file, no late state."""
    chance = random.Random(SEED)
    for turn in range(60 if helpers.FULL else 25):
        part = alice.upload(name="race.stl")["part_id"]
        time.sleep(chance.uniform(0, 0.25))
        how = chance.choice(["cad", "asset"])
        answer = (alice.call("DELETE", f"/api/v1/part/{part}/upload-file/") if how == "cad"
                  else delete(alice, part, "race.stl"))
        assert answer.status_code == 200, (turn, how, helpers.told(answer))
        state = stack.sql(f"SELECT state FROM job WHERE part_id = '{part}'")
        assert state in ("cancelled", "finished"), (turn, how, state)
        told = stack.log_sql(f"SELECT body ->> 'event' FROM event WHERE part_id = '{part}'"
                             " AND body ->> 'event' <> 'progress'").split()
        assert told == [state], (turn, how)
        for route in ("upload-file", *DERIVED):
            assert alice.get(f"/api/v1/part/{part}/{route}/").status_code == 404, (turn, how)
    time.sleep(1)
    assert stack.sql("SELECT count(*) FROM part p JOIN derived_file USING (part_id) WHERE"
                     " p.name = 'race'") == "0"
    assert stack.sql("SELECT DISTINCT status FROM part WHERE name = 'race'") == "empty"
    store_holds_what_rows_name(stack)


def test_the_event_reaches_whoever_listens(alice):
    """A cancelled job is an event with an id and the job's name, never with "task"."""
    made = {}

    def start():
        made.update(alice.upload(name="stop.stl"))
        alice.call("DELETE", f"/api/v1/part/{made['part_id']}/upload-file/")

    last = alice.events(lambda e: e.get("part_id") == made.get("part_id")
                        and e["event"] in ("cancelled", "finished"), start)[-1]
    assert last["id"] > 0
    if last["event"] == "cancelled":
        assert last["job"] == "process_and_store_CAD" and "task" not in last


# --- at the same time --------------------------------------------------------------------------

def test_overwrite_while_reading(alice):
    """A reader gets the old or the new file, never a mixture, never nothing."""
    size = 300_000
    part = alice.upload(b"0" * size, name="x.bin", kind="misc")["part_id"]
    seen, wrong, stop = set(), [], threading.Event()

    def read(user):
        while not stop.is_set():
            got = get(user, part, "x.bin")
            if got.status_code != 200 or len(got.content) != size or len(set(got.content)) != 1:
                wrong.append((got.status_code, len(got.content), set(got.content)))
            seen.add(got.content[:1])

    readers = [threading.Thread(target=read, args=(type(alice)(alice.stack, alice.token),))
               for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for turn in range(1, 10):
            alice.upload(str(turn).encode() * size, name="x.bin", part=part, kind="misc",
                         overwrite="true")
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert not wrong and len(seen) > 1


def test_what_was_removed_leaves_the_store_after_the_grace(new_stack):
    """With a grace of one second the store holds exactly what rows own, soon after."""
    stack = new_stack(FILEAPI_STORE_GRACE="1")
    user = stack.user("alice")
    part = user.upload(name="a.stl")["part_id"]
    user.upload(b"1", name="x.txt", part=part, kind="misc")
    user.wait(part)
    assert len(stack.objects.names()) == 5
    user.call("DELETE", f"/api/v1/part/{part}/upload-file/")
    until(lambda: len(stack.objects.names()) == 1, 30)
    assert stack.sql("SELECT count(*) FROM object_tombstone") == "0"
    store_holds_what_rows_name(stack)


# --- settled, not written yet ------------------------------------------------------------------

@pytest.mark.parametrize("route", ["optimal-orientation-file", "zip-request-for-quotation",
                                   "mail-request-for-quotation"])
def test_passing_every_check_answers_501(alice, helpers, route):
    """Access and state are checked as they always will be; then the answer is 501."""
    part = alice.upload(name="a.stl")["part_id"]
    helpers.assert_problem(alice.get(f"/api/v1/part/{part}/{route}/"), 501, "Not implemented yet.")


def test_their_errors_are_settled(stack, alice, helpers):
    """401, 404, 403, the state of the storage and 415, in the contract's order."""
    def call(user, route, part):
        return user.get(f"/api/v1/part/{part}/{route}/")

    routes = ("optimal-orientation-file", "fetch-optimal-orientation-file",
              "zip-request-for-quotation", "mail-request-for-quotation")
    empty = alice.upload(b"1", name="x.txt", kind="misc")["part_id"]
    stranger = stack.user("mallory", org="evil")
    for route in routes:
        helpers.assert_problem(call(helpers.Api(stack, None), route, empty), 401,
                               "Authentication credentials were not provided.")
        helpers.assert_problem(call(alice, route, uuid.uuid4().hex), 404,
                               "Object not found in database.")
        helpers.assert_problem(call(stranger, route, empty), 403, "Access forbidden.")
    for route in routes[:3]:
        helpers.assert_problem(call(alice, route, empty), 404, "Object not found in storage.")
    other = alice.upload(b"ply", name="scan.ply")["part_id"]
    helpers.assert_problem(call(alice, routes[0], other), 415,
                           "Only STL and STP files allowed at the moment.")
    drawing = alice.upload(b"%PDF", name="a.pdf", kind="drawing")["part_id"]
    helpers.assert_problem(call(alice, routes[2], drawing), 501, "Not implemented yet.")
    assert alice.call("HEAD", f"/api/v1/part/{other}/{routes[0]}/").status_code == 405
