"""Conditions and ranges of downloads (RFC 9110, 13 and 14), by tables over the routes that deliver files."""
import uuid

import pytest

OLD, FUTURE = "Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
ROUTES = ("upload-file", "visualization-file", "thumbnail-file", "fetch-analysis-results-file")

# Headers, with E for the ETag and M for Last-Modified, and the status they lead to.
CONDITIONS = [
    ({"If-Match": "E"}, 200), ({"If-Match": '"x", E'}, 200), ({"If-Match": "*"}, 200),
    ({"If-Match": '"x"'}, 412), ({"If-Match": "W/E"}, 412),
    ({"If-Match": "E", "If-Unmodified-Since": OLD}, 200),
    ({"If-Unmodified-Since": OLD}, 412), ({"If-Unmodified-Since": "M"}, 200),
    ({"If-None-Match": "E"}, 304), ({"If-None-Match": "W/E"}, 304), ({"If-None-Match": "*"}, 304),
    ({"If-None-Match": '"x", E'}, 304), ({"If-None-Match": '"x"'}, 200),
    ({"If-None-Match": '"x"', "If-Modified-Since": FUTURE}, 200),
    ({"If-Modified-Since": "M"}, 304), ({"If-Modified-Since": OLD}, 200),
    ({"If-Match": "E", "If-None-Match": "E"}, 304),
    # A comma within quotes ends no member; a star counts alone; what has no quotes is no member.
    ({"If-None-Match": '"x,*"'}, 200), ({"If-Match": '"x,*"'}, 412), ({"If-Match": '"x", *'}, 412),
    ({"If-None-Match": '*, "x"'}, 200), ({"If-Match": '"x,", E'}, 200),
    ({"If-None-Match": 'W/"x,y", E'}, 304), ({"If-None-Match": "x, E"}, 304), ({"If-Match": '"'}, 412),
    ({"If-None-Match": 'W/, "x'}, 200), ({"If-Match": ",, E"}, 200), ({"If-Match": 'W/"x'}, 412),
    ({"Range": "bytes=0-9"}, 206), ({"Range": "bytes=-5"}, 206), ({"Range": "bytes=999999999-"}, 416),
    ({"Range": "bytes=0-9", "If-Match": "E"}, 206),
    ({"Range": "bytes=0-9", "If-Range": "E"}, 206), ({"Range": "bytes=0-9", "If-Range": "W/E"}, 200),
    ({"Range": "bytes=0-9", "If-Range": '"x"'}, 200), ({"Range": "bytes=0-9", "If-Range": "M"}, 206),
    ({"Range": "bytes=0-9", "If-Range": OLD}, 200),
]


@pytest.fixture(scope="module")
def part(alice):
    part = alice.upload(name="download.stl")["part_id"]
    assert alice.wait(part) == "finished"
    assert alice.get(f"/api/v1/part/{part}/analysis-results-file/").status_code == 200
    assert alice.wait(part, "write_and_store_analysis_results_XLS") == "finished"
    return part


@pytest.mark.parametrize("route", ROUTES)
def test_conditions(alice, helpers, part, route):
    """Every file route answers every condition and range as RFC 9110 says, HEAD as GET."""
    path = f"/api/v1/part/{part}/{route}/"
    whole = alice.get(path)
    assert whole.status_code == 200, helpers.told(whole)
    assert whole.headers["content-disposition"].startswith("attachment;")
    assert whole.headers["content-security-policy"] == "sandbox; default-src 'none'"
    names = {"E": whole.headers["etag"], "M": whole.headers["last-modified"]}
    wrong = []
    for headers, status in CONDITIONS:
        sent = {k: names.get(v, v.replace(", E", ", " + names["E"]).replace("W/E", "W/" + names["E"]))
                for k, v in headers.items()}
        for method in ("GET", "HEAD") if "Range" not in headers else ("GET",):
            answer = alice.call(method, path, headers=sent)
            if answer.status_code != status:
                wrong.append((method, headers, status, answer.status_code))
            elif method == "GET" and status == 200:
                assert answer.content == whole.content
    assert wrong == []


def test_conditions_of_put(alice, part):
    """To a PUT, "not modified" is no answer, and If-Modified-Since and Range are nothing (RFC 9110, 13.1, 14.2)."""
    path = f"/api/v1/part/{part}/fetch-analysis-results-file/"
    whole = alice.call("PUT", path)
    assert whole.status_code == 200
    etag, modified = whole.headers["etag"], whole.headers["last-modified"]
    for headers, status in (({"If-None-Match": etag}, 412), ({"If-None-Match": "*"}, 412),
                            ({"If-None-Match": '"x"'}, 200), ({"If-Modified-Since": modified}, 200),
                            ({"If-Match": etag}, 200), ({"If-Match": '"x"'}, 412),
                            ({"Range": "bytes=0-9"}, 200), ({"Range": "bytes=999999999-"}, 200),
                            ({"If-Unmodified-Since": OLD}, 412)):
        answer = alice.call("PUT", path, headers=headers)
        assert answer.status_code == status, (headers, answer.status_code)
        assert status != 200 or answer.content == whole.content


def test_answers_without_the_file_leave_the_store_alone(stack, alice, helpers):
    """With the object gone, every answer that carries no file is the same; only the file itself is missed."""
    part = alice.upload(b"solid " + uuid.uuid4().bytes, name="apart.stl")["part_id"]
    path = f"/api/v1/part/{part}/upload-file/"
    whole = alice.get(path)
    nobody = helpers.Api(stack, None)
    stranger = stack.user("mallory", org="evil")
    key = stack.sql(
        f"SELECT object_key FROM asset WHERE part_id = '{part}' AND basename = 'apart.stl'")
    same = {"If-None-Match": whole.headers["etag"]}
    with stack.objects.away(key):
        assert alice.get(path, headers=same).status_code == 304
        assert alice.call("HEAD", path, headers=same).status_code == 304
        helpers.assert_problem(alice.get(path, headers={"If-Match": '"x"'}), 412,
                               "Precondition failed.")
        helpers.assert_problem(nobody.get(path, headers=same), 401,
                               "Authentication credentials were not provided.")
        helpers.assert_problem(stranger.get(path, headers=same), 403, "Access forbidden.")
        helpers.assert_problem(alice.get(path.replace(part, uuid.uuid4().hex), headers=same), 404,
                               "Object not found in database.")
        helpers.assert_problem(alice.get(path), 404, "Object not found in storage.")
    assert alice.get(path).content == whole.content


@pytest.mark.parametrize("route", ROUTES)
def test_several_ranges_are_the_whole_file(alice, part, route):
    """A request for several ranges gets the whole file, wherever it lies (RFC 9110, 14.2 allows it)."""
    path = f"/api/v1/part/{part}/{route}/"
    whole = alice.get(path)
    for _ in range(2):  # a file that nginx keeps comes from elsewhere the second time
        answer = alice.get(path, headers={"Range": "bytes=0-4,10-14"})
        assert answer.status_code == 200 and answer.content == whole.content
        assert answer.headers["content-type"] == whole.headers["content-type"]
        assert "content-range" not in answer.headers


def test_head_knows_no_range(alice, part):
    """HEAD tells the whole file's length, whatever Range says (RFC 9110, 14.2)."""
    path = f"/api/v1/part/{part}/upload-file/"
    size = len(alice.get(path).content)
    for value in ("bytes=0-9", "bytes=999999999-"):
        head = alice.call("HEAD", path, headers={"Range": value})
        assert head.status_code == 200 and head.headers["content-length"] == str(size)
        assert "content-range" not in head.headers
