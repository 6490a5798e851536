"""Quotas: what fits is taken, what does not is refused with words that say which."""
from concurrent.futures import ThreadPoolExecutor

from processes import until

OWN = {"FILEAPI_QUOTA_USER_BYTES": "10k", "FILEAPI_QUOTA_USER_PARTS": "20",
       "FILEAPI_QUOTA_ORGANIZATION_BYTES": "15k", "FILEAPI_QUOTA_ORGANIZATION_PARTS": "30",
       "FILEAPI_QUOTA_USER_JOBS": "2", "FILEAPI_QUOTA_ORGANIZATION_JOBS": "3",
       "FILEAPI_JOB_SLOTS": "1"}


def many(user, count, size=0, name="f{}.bin", part="0"):
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda i: user.post(b"x" * size, name=name.format(i), kind="misc",
                                                 part=part), range(count)))


def quota(user):
    answer = user.get("/api/v1/quota/")
    assert answer.status_code == 200
    return answer.json()


def assert_quota(helpers, answer, status, detail, owner, resource):
    helpers.assert_problem(answer, status, detail, {"quota"})
    told = answer.json()["quota"]
    assert told["owner"] == owner and told["resource"] == resource, told
    return told


def test_without_limits(stack):
    """Without limits the use is told all the same; a user without organization has none."""
    user = stack.user("q-free")
    assert quota(user) == {"user": {r: {"used": 0, "limit": None}
                                    for r in ("bytes", "parts", "jobs")}, "organization": None}
    part = user.upload(b"12345", name="a.bin", kind="misc")["part_id"]
    user.upload(b"123", name="a.bin", kind="misc", part=part, overwrite="true")
    user.upload(b"1", name="b.bin", kind="misc", part=part)
    used = quota(user)["user"]
    assert used["bytes"]["used"] == 4 and used["parts"]["used"] == 1
    assert user.call("DELETE", f"/api/v1/part/{part}/assets/?basename=b.bin").status_code == 200
    assert quota(user)["user"]["bytes"]["used"] == 3
    assert user.call("DELETE", f"/api/v1/part/{part}/").status_code == 200
    assert quota(user)["user"]["bytes"]["used"] == quota(user)["user"]["parts"]["used"] == 0


def test_parts_of_a_user_exactly(helpers, own):
    """Of fifty uploads at once exactly as many new parts are made as the user may have."""
    user = own.user("q-parts")
    answers = many(user, 50)
    assert sum(a.status_code == 200 for a in answers) == 20
    refused = [a for a in answers if a.status_code != 200]
    told = assert_quota(helpers, refused[0], 413, "The user's quota of parts is exceeded.", "user",
                        "parts")
    assert told["used"] == told["limit"] == 20
    assert {a.status_code for a in refused} == {413}
    assert quota(user)["user"]["parts"] == {"used": 20, "limit": 20}


def test_bytes_of_a_user_exactly(helpers, own):
    """Fifty uploads of 1 KiB into one part: ten fit; a smaller overwrite is always allowed."""
    user = own.user("q-bytes")
    part = user.upload(b"", name="empty.bin", kind="misc")["part_id"]
    answers = many(user, 50, 1024, part=part)
    assert sum(a.status_code == 200 for a in answers) == 10
    refused = next(a for a in answers if a.status_code != 200)
    assert_quota(helpers, refused, 413, "The user's storage quota is exceeded.", "user", "bytes")
    done = [i for i, a in enumerate(answers) if a.status_code == 200][0]
    user.upload(b"x", name=f"f{done}.bin", kind="misc", part=part, overwrite="true")
    assert quota(user)["user"]["bytes"]["used"] == 9 * 1024 + 1


def test_organization_exactly(own):
    """Two users of one organization share its bytes and parts."""
    users = [own.user(f"q-org-{i}", org="sharing") for i in range(2)]
    with ThreadPoolExecutor(2) as pool:
        answers = sum(pool.map(lambda u: many(u, 15, 1024), users), [])
    assert sum(a.status_code == 200 for a in answers) == 15
    refused = [a for a in answers if a.status_code != 200]
    assert {a.json()["detail"] for a in refused} <= {
        "The organization's storage quota is exceeded.", "The user's storage quota is exceeded."}
    assert any(a.json()["quota"]["owner"] == "organization" for a in refused)
    assert quota(users[0])["organization"]["bytes"] == {"used": 15 * 1024, "limit": 15 * 1024}


def test_announced_size_alone_is_too_much(helpers, own):
    """A body that can never fit is refused by its Content-Length."""
    user = own.user("q-announced")
    answer = user.post(b"x" * (2 << 20), name="big.bin", kind="misc")
    told = assert_quota(helpers, answer, 413, "The user's storage quota is exceeded.", "user",
                        "bytes")
    assert told["used"] is None and told["limit"] == 10240


def test_forms_without_a_file_are_not_held_against_it(helpers, own):
    """A form that changes or deletes is never told of a quota of bytes, however large it is announced."""
    user = own.user("q-forms")
    part = user.upload(b"x", name="form.bin", kind="misc")["part_id"]
    large = (None, "x" * (2 << 20))
    for method, path, field in (("DELETE", "assets/", ("basename", (None, "form.bin"))),
                                ("PATCH", "", ("name", (None, "renamed")))):
        answer = user.call(method, f"/api/v1/part/{part}/{path}", files=[field, ("note", large)])
        assert answer.status_code == 200, helpers.told(answer)


def test_open_jobs(helpers, own):
    """Too many open jobs are 429 with Retry-After; when they have ended, it works again."""
    user = own.user("q-jobs")
    parts = [user.upload(b"", name=f"{i}.bin", kind="misc")["part_id"] for i in range(3)]
    for part in parts[:2]:
        own.sql("INSERT INTO job (job_id, part_id, task, request_id, not_before) VALUES"
                    f" (gen_random_uuid(), '{part}', 'test', '', now() + interval '1 hour')")
    answer = user.post(helpers.box_stl(name=b"jobs"), name="x.stl", part=parts[2])
    told = assert_quota(helpers, answer, 429, "The user has too many open jobs.", "user", "jobs")
    assert told["used"] == told["limit"] == 2 and answer.headers["retry-after"] == "10"
    report = user.get(f"/api/v1/part/{parts[2]}/analysis-results-file/")
    assert_quota(helpers, report, 429, "The user has too many open jobs.", "user", "jobs")
    assert quota(user)["user"]["jobs"] == {"used": 2, "limit": 2}
    own.sql("UPDATE job SET state = 'finished' WHERE task = 'test'")
    assert user.post(helpers.box_stl(name=b"jobs"), name="x.stl", part=parts[2]).status_code == 200


def test_ledger_is_folded(stack):
    """The housekeeping folds many changes into one row and changes no sum."""
    user = stack.user("q-fold")
    many(user, 10, 7)
    until(lambda: stack.sql("SELECT count(*) FROM quota_use WHERE NOT folded") == "0")
    assert quota(user)["user"]["bytes"]["used"] == 70
    assert quota(user)["user"]["parts"]["used"] == 10
