"""Deaths at named places of the storage protocol; needs a build with --enable-failpoints."""

import pytest
from processes import until

# where the worker dies in an upload -> how many assets are there afterwards
UPLOAD = {"object.intended": 0, "store.linked": 0, "object.stored": 0, "upload.before_commit": 0,
          "upload.after_commit": 1}


pytestmark = pytest.mark.usefixtures("failpoints")


@pytest.mark.parametrize("place", UPLOAD)
def test_worker_dies_in_an_upload(new_stack, helpers, place):
    """Nothing half-stored is visible, the service goes on, and the collector leaves no orphan."""
    if place == "store.linked" and helpers.STORE_KIND != "dir":
        pytest.skip("a place in the directory store")
    stack = new_stack(FILEAPI_FAILPOINTS=f"{place}=kill", FILEAPI_STORE_GRACE="0")
    user = stack.user("alice")
    assert user.post(kind="misc", name="x.bin").status_code == 502
    assert user.get("/readyz").status_code == 200
    assert stack.sql("SELECT count(*) FROM asset") == str(UPLOAD[place])
    stack.sql("UPDATE object_intent SET deadline = now()")

    def clean():
        stack.collect()
        return (stack.sql("SELECT count(*) FROM object_intent") == "0"
                and len(stack.objects.names()) == UPLOAD[place])

    until(clean, pause=0.2)


@pytest.mark.parametrize("place", ["job.started", "job.stage"])
def test_job_that_always_dies_ends_as_failed(new_stack, place):
    """A job whose child dies each time is failed after its attempts, with a sentence for the user."""
    stack = new_stack(FILEAPI_FAILPOINTS=f"{place}=kill", FILEAPI_JOB_ATTEMPTS="2")
    user = stack.user("alice")
    part = user.upload(name="poison.stl")["part_id"]
    assert user.wait(part) == "failed"
    error = user.assets(part)["poison.stl"]["asset_stat"]["choices"]["cad_analysis"]["error"]
    assert error["message"].startswith("The work was tried 2 times and did not end")
    assert error["recommmended_user_action"]


def test_store_that_fails(new_stack, helpers):
    """A store that cannot take an object is 503 with Retry-After, and nothing is visible."""
    stack = new_stack(FILEAPI_FAILPOINTS="store.put=error")
    user = stack.user("alice")
    answer = user.post(name="x.stl")
    helpers.assert_problem(answer, 503, "Service temporarily unavailable.")
    assert answer.headers["retry-after"]
    assert stack.sql("SELECT count(*) FROM asset") == "0"


def test_a_full_queue_of_notifications(new_stack, helpers):
    """When NOTIFY fails, uploads and jobs do not, and what they tell still comes."""
    stack = new_stack(FILEAPI_FAILPOINTS="db.notify=error")
    user = stack.user("alice")
    content = helpers.box_stl()

    def upload():
        assert user.wait(user.upload(content)["part_id"]) == "finished"
    told = user.events(lambda m: "task" in m, then=upload)
    assert told[-1]["task"] == "process_and_store_CAD"
    # Content that is known makes its event in the upload itself.
    told = user.events(lambda m: "task" in m, then=lambda: user.upload(content))
    assert told[-1]["task"] == "process_and_store_CAD"
    assert user.get("/api/v1/events/").json()["events"][-1] == told[-1]
