"""Idempotency-Key: a request sent again gets the first answer."""
from concurrent.futures import ThreadPoolExecutor

import pytest
from processes import until


def post(user, key, content=b"content", name="a.txt", part="0", kind="misc", **fields):
    form = [("asset_type", (None, kind))] + [(k, (None, v)) for k, v in fields.items()]
    form.append(("file", (name, content, "application/octet-stream")))
    return user.call("POST", f"/api/v1/part/{part}/assets/", files=form,
                     headers={"Idempotency-Key": key})


@pytest.fixture(scope="module")
def user(stack):
    return stack.user("idem", org="idem")


def test_retry_gets_the_first_answer(helpers, stack, user):
    """Same status and bytes, marked as replayed, and nothing is stored again."""
    one = post(user, "retry-1")
    assert one.status_code == 200 and "idempotency-replayed" not in one.headers, helpers.told(one)
    files, assets = stack.objects.names(), stack.sql("SELECT count(*) FROM asset")
    two = post(user, "retry-1")
    assert two.status_code == 200 and two.content == one.content, helpers.told(two)
    assert two.headers["idempotency-replayed"] == "true"
    assert stack.objects.names() == files
    assert stack.sql("SELECT count(*) FROM asset") == assets
    assert post(user, '"retry-1"').content == one.content, "a quoted key is the same key"


@pytest.mark.parametrize("change", [{"content": b"other"}, {"name": "b.txt"},
                                    {"kind": "document"}, {"overwrite": "true"},
                                    {"part": "00000000000000000000000000000000"}])
def test_other_request_under_the_key(helpers, user, change):
    """A key stands for one request; another one is refused (a part that is not there is 404)."""
    assert post(user, "other-1").status_code == 200
    answer = post(user, "other-1", **change)
    if "part" in change:
        helpers.assert_problem(answer, 404, "Object not found in database.")
    else:
        helpers.assert_problem(answer, 422, "Invalid user input.", {"Idempotency-Key"})


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", '"open', '"a"b', '""', "ü".encode()])
def test_malformed_keys(helpers, user, key):
    """A key that is none is told, not ignored."""
    helpers.assert_problem(post(user, key), 422, "Invalid user input.", {"Idempotency-Key"})


def test_longest_key_and_blanks_in_quotes(user):
    """255 characters are a key, and so is a quoted text with blanks."""
    for key in ("k" * 255, r'"a \"quoted\" key"'):
        assert post(user, key).content == post(user, key).content


def test_keys_are_the_accounts_own(stack, user):
    """Another account's key is another key."""
    other = stack.user("idem-2", org="idem")
    assert post(user, "mine").json()["part_id"] != post(other, "mine").json()["part_id"]


def test_errors_are_not_kept(user):
    """A request that failed may be sent again under its key, and then works."""
    part = post(user, "base")
    path = part.json()["part_id"]
    assert post(user, "fails", part=path).status_code == 409
    assert post(user, "fails", part=path, overwrite="true").status_code == 200


def test_closed_part(helpers, stack):
    """Whoever may not write to the part any more does not get its answer again."""
    owner = stack.user("idem-owner", org="closing")
    part = owner.upload(b"x", name="x.txt", kind="misc")["part_id"]
    boss = stack.user("idem-boss", org="closing", role="manager")
    assert post(boss, "closing", part=part).status_code == 200
    was_boss = stack.user("idem-boss", org="closing")
    helpers.assert_problem(post(was_boss, "closing", part=part), 403, "Access forbidden.")


def test_many_at_once(stack, user):
    """Twenty of the same request at once make one asset and twenty equal answers."""
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: post(user, "at-once"), range(20)))
    assert {a.status_code for a in answers} == {200}
    assert len({a.content for a in answers}) == 1
    assert sum("idempotency-replayed" not in a.headers for a in answers) == 1


def test_worker_dies_before_it_answers(new_stack, helpers, failpoints):
    """Killed between commit and answer: the retry gets the first answer, and there is one asset."""
    stack = new_stack(FILEAPI_FAILPOINTS="upload.after_commit=kill")
    user = stack.user("alice")
    assert post(user, "dies").status_code == 502
    kept = stack.sql("SELECT body FROM replay WHERE key = 'dies'")
    answer = post(user, "dies")
    assert answer.status_code == 200 and answer.text == kept, helpers.told(answer)
    assert answer.headers["idempotency-replayed"] == "true"
    assert stack.sql("SELECT count(*) FROM asset") == "1"


def test_answers_are_dropped_after_a_day(stack, user):
    """The housekeeping forgets what is older than a day."""
    assert post(user, "old").status_code == 200
    stack.sql("UPDATE replay SET created_at = now() - interval '25 hours' WHERE key = 'old'")
    until(lambda: stack.sql("SELECT count(*) FROM replay WHERE key = 'old'") == "0")
