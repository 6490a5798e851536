"""Requests that are wrong: the right status and message, and nothing left behind."""
import socket
import uuid

import pytest
from processes import until


@pytest.fixture(autouse=True)
def nothing_left(request, stack):
    """A refused request stores nothing and leaves nothing in the spool."""
    until(lambda: stack.sql("SELECT count(*) FROM job WHERE state IN ('queued', 'running')") == "0", 60)
    before = stack.objects.names(), stack.sql("SELECT count(*) FROM asset")
    yield
    if "stores" not in request.keywords:
        assert (stack.objects.names(), stack.sql("SELECT count(*) FROM asset")) == before


def test_token_is_needed(stack, helpers):
    nobody = helpers.Api(stack, None)
    answer = nobody.get("/api/v1/anything")
    helpers.assert_problem(answer, 401, "Authentication credentials were not provided.")
    assert answer.headers["www-authenticate"] == "Bearer"
    for token in ("x", "a.b.c", stack.token("late", ttl=-60)):
        helpers.assert_problem(helpers.Api(stack, token).post(), 401, "Invalid token.")
    helpers.assert_problem(nobody.get("/api/v1/", headers={"Authorization": "Basic eDp5"}), 401,
                           "Invalid token.")


def test_open_paths_need_none(stack, helpers):
    nobody = helpers.Api(stack, None)
    assert nobody.get("/healthz").status_code == 200
    assert nobody.get("/readyz").status_code == 200
    answer = nobody.call("OPTIONS", f"/api/v1/part/{uuid.uuid4().hex}/upload-file/")
    assert answer.status_code == 204 and answer.headers["allow"] == "GET, HEAD, DELETE, OPTIONS"


def test_unknown_paths_and_methods(alice, helpers):
    helpers.assert_problem(alice.get("/api/v1/nothing/"), 404, "Not found.")
    answer = alice.call("PATCH", f"/api/v1/part/{uuid.uuid4().hex}/thumbnail-file/")
    helpers.assert_problem(answer, 405, "Method not allowed.")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert alice.call("HEAD", f"/api/v1/part/{uuid.uuid4().hex}/analysis-results-file/"
                      ).status_code == 405


@pytest.mark.parametrize("route", ["upload-file", "visualization-file", "thumbnail-file",
                                   "analysis-results-file", "fetch-analysis-results-file"])
def test_unknown_part(alice, helpers, route):
    for part in (uuid.uuid4().hex, str(uuid.uuid4()).upper(), "nonsense"):
        helpers.assert_problem(alice.get(f"/api/v1/part/{part}/{route}/"), 404,
                               "Object not found in database.")


def test_upload_to_unknown_or_malformed_part(alice, helpers):
    helpers.assert_problem(alice.post(part=uuid.uuid4().hex), 404, "Object not found in database.")
    helpers.assert_problem(alice.post(part="nonsense"), 422, "Invalid user input.", ["part_id"])


@pytest.mark.stores
def test_access(stack, alice, helpers):
    """The organization reads, its managers write, others get 403 and learn nothing."""
    part = alice.upload(name="shared.stl")["part_id"]
    alice.wait(part)
    colleague = stack.user("bob", org="acme")
    manager = stack.user("carol", org="acme", role="manager")
    stranger = stack.user("mallory", org="evil", role="admin")
    for user, read, write in ((colleague, 200, 403), (manager, 200, 200), (stranger, 403, 403)):
        assert user.get(f"/api/v1/part/{part}/upload-file/").status_code == read
        answer = user.post(name=f"{uuid.uuid4().hex}.stl", part=part)
        assert answer.status_code == write, helpers.told(answer)
        if write == 403:
            helpers.assert_problem(answer, 403, "Access forbidden.")


@pytest.mark.parametrize("fields, wrong", [
    ({"kind": "sculpture"}, ["asset_type"]),
    ({"overwrite": "yes"}, ["overwrite"]),
    ({"overwrite": "1", "skip_drawing_analysis": "0"}, ["overwrite", "skip_drawing_analysis"]),
    ({"name": "x.txt"}, ["file"]),
    ({"name": "a" * 222 + ".stl"}, ["file"]),
    ({"name": ".."}, ["file"]),
])
def test_wrong_fields_are_named(alice, helpers, fields, wrong):
    helpers.assert_problem(alice.post(**fields), 422, "Invalid user input.", wrong)


def form(*parts, end=b"--B--\r\n"):
    return b"".join(b"--B\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + body + b"\r\n"
                    for head, body in parts) + end


FILE = (b'name="file"; filename="x.stl"', b"solid")
TYPE = (b'name="asset_type"', b"cad")


@pytest.mark.parametrize("body, wrong", [
    (form(TYPE), ["file"]),
    (form(FILE), ["asset_type"]),
    (form(TYPE, FILE, FILE), ["file"]),
    (form(TYPE, (b'name="file"; filename="x\0y.stl"', b"solid")), ["file"]),
    (form(TYPE, (b'name="file"', b"solid")), ["file"]),
    (form(TYPE, (b'name="overwrite"', b"0" * 8193), FILE), ["overwrite"]),
    (form(TYPE, FILE, end=b""), ["body"]),
    (form(TYPE, FILE, end=b"--B-"), ["body"]),
    (b"", ["body"]),
    (b"\0" * 100000, ["body"]),
], ids=["no file", "no type", "two files", "NUL in the name", "file as text", "long text", "no end", "half an end",
        "empty", "zeroes"])
def test_malformed_forms(alice, helpers, body, wrong):
    answer = alice.call("POST", "/api/v1/part/0/assets/", data=body,
                        headers={"Content-Type": "multipart/form-data; boundary=B"})
    helpers.assert_problem(answer, 422, "Invalid user input.", wrong)


@pytest.mark.parametrize("content_type, body, wrong", [
    ("application/x-www-form-urlencoded", b"name=%zz", ["name"]),
    ("application/x-www-form-urlencoded", b"quantity=many", ["quantity"]),
    ("application/x-www-form-urlencoded", b"&a" * 65, ["name"]),
    ("application/json", b"{\"quantity\":", ["body"]),
    ("application/json", b"[]", ["body"]),
    ("text/plain", b"name=x", ["body"]),
])
def test_malformed_texts(alice, helpers, content_type, body, wrong):
    answer = alice.call("PATCH", f"/api/v1/part/{uuid.uuid4().hex}/", data=body,
                        headers={"Content-Type": content_type})
    helpers.assert_problem(answer, 422, "Invalid user input.", wrong)


def test_a_text_has_an_end(alice, helpers):
    """64 KiB are read of a body that is no form with a file; more is 413."""
    for size, status, detail in ((1 << 16, 404, "Object not found in database."),
                                 ((1 << 16) + 1, 413, "File too large.")):
        answer = alice.call("PATCH", f"/api/v1/part/{uuid.uuid4().hex}/", data=b"x=" + b"x" * (size - 2),
                            headers={"Content-Type": "application/x-www-form-urlencoded"})
        helpers.assert_problem(answer, status, detail)


@pytest.mark.parametrize("content_type", ["multipart/form-data", "application/json", ""])
def test_no_boundary(alice, helpers, content_type):
    answer = alice.call("POST", "/api/v1/part/0/assets/", data=form(TYPE, FILE),
                        headers={"Content-Type": content_type})
    helpers.assert_problem(answer, 422, "Invalid user input.", ["body"])


@pytest.mark.stores
def test_names_are_kept_and_cleaned(alice):
    """A path is cut off; any other valid UTF-8 is stored and returned as given."""
    for given, kept in (("../../x.stl", "x.stl"), ("C:\\a\\y.stl", "y.stl"),
                        ("Größe „ä“ 😀.stl", "Größe „ä“ 😀.stl"), ("a" * 221 + ".stl",) * 2):
        body = form(TYPE, (f'name="file"; filename="{given}"'.encode(), b"solid"))
        answer = alice.call("POST", "/api/v1/part/0/assets/", data=body,
                            headers={"Content-Type": "multipart/form-data; boundary=B"}).json()
        asset, = answer["assets"].values()
        assert asset["basename"] == kept


@pytest.mark.stores
def test_same_name_is_a_conflict(alice, helpers):
    """Equal after NFC is one name; overwrite replaces it and makes it the newest."""
    part = alice.upload(name="Gr\u00f6\u00dfe.stl")["part_id"]
    helpers.assert_problem(alice.post(name="Gro\u0308\u00dfe.stl", part=part), 409,
                           "Asset already exists.")
    answer = alice.upload(b"solid", name="Gro\u0308\u00dfe.stl", part=part, overwrite="True")
    asset, = answer["assets"].values()
    assert asset["basename"] == "Gro\u0308\u00dfe.stl"
    assert alice.get(f"/api/v1/part/{part}/upload-file/").content == b"solid"


def test_too_large(alice):
    """nginx refuses by Content-Length before a byte is sent, with the contract's body."""
    with alice.begin_upload(3 << 30) as connection:
        answer = connection.recv(65536)
        while b"}" not in answer:
            answer += connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413") and b'"detail":"File too large."' in answer
    assert b"application/problem+json" in answer


def test_client_that_leaves(alice):
    """A body that breaks off stores nothing, and the next request works."""
    alice.begin_upload(100000, form(TYPE, FILE, end=b"")).close()
    assert alice.get("/readyz").status_code == 200


def fcgi_record(kind, content):
    return bytes([1, kind, 0, 1]) + len(content).to_bytes(2, "big") + b"\0\0" + content


def test_short_fastcgi_body(alice, stack):
    """A body shorter than CONTENT_LENGTH is a failed request, never a shorter file."""
    body = form(TYPE, FILE)
    params = {"REQUEST_METHOD": "POST", "REQUEST_URI": "/api/v1/part/0/assets/",
              "CONTENT_TYPE": "multipart/form-data; boundary=B", "REQUEST_ID": "short",
              "CONTENT_LENGTH": str(len(body) + 1), "HTTP_AUTHORIZATION": f"Bearer {alice.token}"}
    pairs = b"".join(bytes([len(k)]) + (0x80000000 | len(v)).to_bytes(4, "big") + (k + v).encode()
                     for k, v in params.items())
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(stack.env["FILEAPI_SOCKET"])
        connection.sendall(fcgi_record(1, bytes([0, 1, 0, 0, 0, 0, 0, 0])) + fcgi_record(4, pairs)
                           + fcgi_record(4, b"") + fcgi_record(5, body) + fcgi_record(5, b""))
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert b"Status: 400" in answer


@pytest.mark.stores
def test_downloads(alice):
    """Range, conditions and HEAD, with a strong ETag made from the content."""
    part = alice.upload(name="range.stl")["part_id"]
    path = f"/api/v1/part/{part}/upload-file/"
    whole = alice.get(path)
    etag = whole.headers["etag"]
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["cache-control"] == "private, no-cache"
    head = alice.call("HEAD", path)
    assert head.content == b"" and head.headers["content-length"] == str(len(whole.content))
    for value, content in (("bytes=0-9", whole.content[:10]), ("bytes=-5", whole.content[-5:])):
        part_of = alice.get(path, headers={"Range": value})
        assert part_of.status_code == 206 and part_of.content == content
    assert alice.get(path, headers={"Range": "bytes=999999-"}).status_code == 416
    assert alice.get(path, headers={"Range": "bytes=0-9", "If-Range": etag}).status_code == 206
    assert alice.get(path, headers={"Range": "bytes=0-9", "If-Range": '"x"'}).status_code == 200
    not_modified = alice.get(path, headers={"If-None-Match": etag})
    assert not_modified.status_code == 304 and not_modified.headers["etag"] == etag
    assert alice.get(path, headers={"If-Match": '"x"'}).status_code == 412
    assert alice.get(path, headers={
        "If-Modified-Since": whole.headers["last-modified"]}).status_code == 304


@pytest.mark.stores
def test_missing_object_is_no_clean_answer(alice, helpers):
    """An object that vanished from the store is the contract's 404."""
    part = alice.upload(name="gone.stl")["part_id"]
    key = alice.stack.sql(f"SELECT object_key FROM asset WHERE part_id = '{part}'")
    alice.stack.sql(f"UPDATE asset SET object_key = '00/{'0' * 32}' WHERE part_id = '{part}'")
    helpers.assert_problem(alice.get(f"/api/v1/part/{part}/upload-file/"), 404,
                           "Object not found in storage.")
    alice.stack.sql(f"UPDATE asset SET object_key = '{key}' WHERE part_id = '{part}'")


def test_tokens_reach_no_log(stack, alice):
    """After all this, no log holds the token, nor its signature."""
    signature = alice.token.rsplit(".", 1)[1]
    for log in sorted(__import__("pathlib").Path(stack.env["FILEAPI_LOGS"]).glob("*")):
        assert signature not in log.read_text(errors="replace"), log
