"""Conditions and ranges of downloads (RFC 9110, 13 and 14), by tables over the routes that deliver files."""
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
