"""What every store must do for the service, through the whole of it; ./check runs this on each of them."""
import os

import pytest
from processes import until

# What is not needed goes at once.
OWN = {"FILEAPI_STORE_GRACE": "1"}


def rows(stack):
    return set(stack.sql("SELECT object_key FROM asset UNION SELECT object_key FROM derived_file").split())


def until_clean(stack):
    """Until the store holds what rows own, and no upload in parts is left."""
    def clean():
        stack.collect()
        return stack.objects.names() == rows(stack) and not getattr(stack.objects, "uploads", list)()

    until(clean, 30, 0.2)


@pytest.mark.parametrize("size", [1, 4095, (5 << 20) + 1, (32 << 20) + 1, 75_000_001])
def test_sizes(own, user, size):
    """A file of any size, also of those that go in parts, comes back to the byte, whole and by its ends."""
    content = os.urandom(size)
    part = user.upload(content, name=f"{size}.bin", kind="misc")["part_id"]
    path = f"/api/v1/part/{part}/assets/?basename={size}.bin"
    assert user.get(path).content == content
    head = user.call("HEAD", path)
    assert head.status_code == 200 and head.headers["content-length"] == str(size)
    assert user.get(path, headers={"If-None-Match": head.headers["etag"]}).status_code == 304
    last = user.get(path, headers={"Range": "bytes=-1"})
    assert last.status_code == 206 and last.content == content[-1:]
    assert last.headers["content-range"] == f"bytes {size - 1}-{size - 1}/{size}"
    beyond = user.get(path, headers={"Range": f"bytes={size}-"})
    assert beyond.status_code == 416 and beyond.headers["content-range"] == f"bytes */{size}"
    key = own.sql(f"SELECT object_key FROM asset WHERE part_id = '{part}'")
    assert own.objects.get(key) == content


def test_copies(own, user, helpers):
    """Derived files of known content are copied in the store, and outlive the first."""
    content = helpers.box_stl()
    first = user.upload(content, name="a.stl")["part_id"]
    assert user.wait(first) == "finished"
    second = user.upload(content, name="b.stl")["part_id"]
    assert own.sql(f"SELECT count(*) FROM job WHERE part_id = '{second}'") == "0"
    picture = user.get(f"/api/v1/part/{first}/thumbnail-file/").content
    assert user.call("DELETE", f"/api/v1/part/{first}/").ok
    until_clean(own)
    assert user.get(f"/api/v1/part/{second}/thumbnail-file/").content == picture


def test_overwrite_and_delete(own, user):
    """The new content is there at once, the old object goes after the grace, and all of it in the end."""
    part = user.upload(b"old", name="x.bin", kind="misc")["part_id"]
    path = f"/api/v1/part/{part}/assets/?basename=x.bin"
    user.upload(b"new", name="x.bin", kind="misc", part=part, overwrite="true")
    assert user.get(path).content == b"new"
    until_clean(own)
    assert user.get(path).content == b"new"
    for part in own.sql("SELECT part_id FROM part").split():
        assert user.call("DELETE", f"/api/v1/part/{part}/").ok
    until_clean(own)
    assert own.objects.names() == set()


def test_lost_object(own, user, helpers):
    """An object that the store has lost is the contract's 404."""
    part = user.upload(b"lost", name="x.bin", kind="misc")["part_id"]
    own.objects.delete(own.sql(f"SELECT object_key FROM asset WHERE part_id = '{part}'"))
    helpers.assert_problem(user.get(f"/api/v1/part/{part}/assets/?basename=x.bin"), 404,
                           "Object not found in storage.")
