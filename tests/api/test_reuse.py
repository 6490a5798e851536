"""The same content again: analysed once in an organization, and known to no other."""
import time

TASK = "process_and_store_CAD"


def content(helpers, mark):
    return helpers.box_stl(name=mark)


def jobs(stack, part):
    return int(stack.sql(f"SELECT count(*) FROM job WHERE part_id = '{part}'"))


def first(user, data):
    part = user.upload(data, name="first.stl")["part_id"]
    assert user.wait(part) == "finished"
    return part


def test_second_upload_needs_no_job(helpers, stack):
    """Figures, model and picture are there with the answer, byte for byte, and the event comes."""
    data = content(helpers, b"second upload")
    one, two = stack.user("r-one", org="reuse"), stack.user("r-two", org="reuse")
    old = first(one, data)
    answers = []
    events = two.events(lambda m: m.get("task") == TASK,
                        lambda: answers.append(two.upload(data, name="Again.STL")))
    part = answers[0]["part_id"]
    (key, asset), = answers[0]["assets"].items()
    assert jobs(stack, part) == 0
    assert asset["analysis_results"]["cad"]["volume_mm3"] > 0
    assert asset["asset_stat"]["previous"] == "thumbnail"
    assert asset["asset_stat"]["active"] == "pending"
    assert [e["event"] for e in events] == ["finished"]
    assert events[0]["part_id"] == part and events[0]["asset_id"] == key and events[0]["id"] > 0
    assert stack.sql(f"SELECT status FROM part WHERE part_id = '{part}'") == "ready"
    for path, name in (("visualization-file", "Again_visual.glb"),
                       ("thumbnail-file", "Again_thumbnail.png")):
        a, b = one.get(f"/api/v1/part/{old}/{path}/"), two.get(f"/api/v1/part/{part}/{path}/")
        assert a.status_code == b.status_code == 200 and a.content == b.content
        assert name in b.headers["content-disposition"]


def test_copies_outlive_the_first(helpers, stack):
    """Each part owns its files: what is removed with one part is still there in the other."""
    data = content(helpers, b"outlive")
    user = stack.user("r-owner", org="outlive")
    old = first(user, data)
    new = user.upload(data, name="new.stl")["part_id"]
    keys = stack.sql(f"SELECT object_key FROM derived_file WHERE part_id = '{old}'").split()
    copies = stack.sql(f"SELECT object_key FROM derived_file WHERE part_id = '{new}'").split()
    assert len(keys) == len(copies) == 3 and not set(keys) & set(copies)
    for key in keys:
        stack.objects.delete(key)
    assert user.get(f"/api/v1/part/{new}/visualization-file/").status_code == 200
    assert user.get(f"/api/v1/part/{new}/thumbnail-file/").status_code == 200


def test_other_organizations_are_not_looked_at(helpers, stack):
    """Another organization, and a user without one, get a job of their own for the same bytes."""
    data = content(helpers, b"secret")
    first(stack.user("r-a", org="org-a"), data)
    for other in (stack.user("r-b", org="org-b"), stack.user("r-lone")):
        part = other.upload(data, name="x.stl")["part_id"]
        assert jobs(stack, part) == 1
        assert other.wait(part) == "finished"
    lone = stack.user("r-lone")
    assert jobs(stack, lone.upload(data, name="y.stl")["part_id"]) == 0
    assert jobs(stack, stack.user("r-lone-2").upload(data, name="y.stl")["part_id"]) == 1


def test_what_is_not_used_again(helpers, stack):
    """Failed analyses, other formats, older releases' results and lost files lead to a job."""
    user = stack.user("r-not", org="not")
    bad = b"solid nothing\nendsolid nothing\n"
    part = user.upload(bad, name="bad.stl")["part_id"]
    assert user.wait(part) == "failed"
    assert jobs(stack, user.upload(bad, name="bad.stl")["part_id"]) == 1
    data = content(helpers, b"format")
    old = first(user, data)
    assert jobs(stack, user.upload(data, name="x.stp")["part_id"]) == 1
    asset = stack.sql(f"SELECT asset_id FROM asset WHERE part_id = '{old}'")
    stack.sql(f"UPDATE cad_content SET version = 0 WHERE asset_id = '{asset}'")
    part = user.upload(data, name="x.stl")["part_id"]
    assert jobs(stack, part) == 1 and user.wait(part) == "finished"
    for key in stack.sql(f"SELECT object_key FROM derived_file WHERE part_id = '{part}'").split():
        stack.objects.delete(key)
    again = user.upload(data, name="z.stl")["part_id"]
    assert jobs(stack, again) == 1 and user.wait(again) == "finished"


def test_overwrite_with_known_content(helpers, stack):
    """Overwriting with content that is known replaces the derived files in the same step."""
    user = stack.user("r-over", org="over")
    data = content(helpers, b"over")
    part = first(user, data)
    asset, = user.upload(data, name="first.stl", part=part, overwrite="true")["assets"].values()
    assert jobs(stack, part) == 1 and asset["analysis_results"]["cad"]
    assert user.get(f"/api/v1/part/{part}/visualization-file/").status_code == 200


def test_failing_copy_falls_back(new_stack, helpers, failpoints):
    """A store that cannot copy costs the shortcut, not the upload."""
    stack = new_stack(FILEAPI_FAILPOINTS="store.copy=error")
    user = stack.user("alice")
    content = helpers.box_stl()
    first(user, content)
    part = user.upload(content, name="b.stl")["part_id"]
    assert jobs(stack, part) == 1 and user.wait(part) == "finished"


def test_time_of_the_shortcut(helpers, stack):
    """The event of known content is there within a second; said with the measured time."""
    user = stack.user("r-time", org="time")
    data = content(helpers, b"time")
    first(user, data)
    began = []
    user.events(lambda m: m.get("task") == TASK,
                lambda: (began.append(time.monotonic()), user.upload(data, name="t.stl")))
    took = time.monotonic() - began[0]
    print(f"\nevent {took * 1000:.0f} ms after the upload began")
    assert took < 5
