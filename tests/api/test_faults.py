"""Kills and restarts: the next request works, no job stays pending, nothing half-stored is seen."""
import os
import signal

from processes import children_of, until

# A stack of their own, because it is going to be hurt.
OWN = {"FILEAPI_STORE_GRACE": "1"}


def test_worker_killed_while_an_upload_runs(own, user):
    """Killing every worker mid-upload stores nothing; the pool fills again and serves."""
    pool = int(own.status()["fileapi"])
    with user.begin_upload(50000000, b"--B\r\n") as connection:
        connection.sendall(b"x" * 1000000)
        for worker in children_of(pool):
            os.kill(worker, signal.SIGKILL)
    until(lambda: len(children_of(pool)) == 4)
    assert user.get("/readyz").status_code == 200
    assert own.sql("SELECT count(*) FROM asset") == "0" and own.objects.names() == set()
    assert user.upload(name="after.stl")["message"] == "asset created"


def test_job_child_killed(own, user, helpers):
    """A job whose child is killed is tried again and ends."""
    part = user.upload((helpers.SHARED / "models/stl/rear_case.stl").read_bytes()
                       if (helpers.SHARED / "models").exists() else None, name="k.stl")["part_id"]

    def killed():
        pid = own.sql(f"SELECT pid FROM job WHERE part_id = '{part}' AND state = 'running'")
        if pid:
            os.killpg(int(pid), signal.SIGKILL)
        return pid or own.sql(f"SELECT 1 FROM job WHERE part_id = '{part}' AND state = 'finished'")

    until(killed)
    assert user.wait(part) == "finished"
    assert user.get(f"/api/v1/part/{part}/thumbnail-file/").status_code == 200
    stages = user.assets(part)["k.stl"]["asset_stat"]
    assert stages["active"] == "pending" and stages["choices"]["thumbnail"]["finished"]


def test_supervisor_killed(own, user):
    """Jobs that are queued while the supervisor is dead run when it is back."""
    os.kill(int(own.status()["fileapi-jobs"]), signal.SIGKILL)
    part = user.upload(name="later.stl")["part_id"]
    own.run("start")
    assert user.wait(part) == "finished"


def test_database_killed(own, user):
    """A killed backend makes the server recover: 503 with Retry-After meanwhile, then all works."""
    assert user.get("/readyz").status_code == 200
    backend = own.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'fileapi' LIMIT 1")
    os.kill(int(backend), signal.SIGKILL)
    seen = []

    def well():
        answer = user.post(name="recovered.stl")
        seen.append(answer.status_code)
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 503:
            assert answer.headers["retry-after"] and answer.json()["status"] == 503
        return answer.status_code == 200 and 503 in seen

    until(well, 60)
    # All workers, not just the one that was asked last.
    assert [user.get("/readyz").status_code for _ in range(12)] == [200] * 12
    part = user.upload(name="afterwards.stl")["part_id"]
    assert user.wait(part) == "finished"


def test_events_after_the_database_was_gone(own, user):
    """The WebSocket daemon listens again after its connection was cut."""
    sessions = "SELECT pid FROM pg_stat_activity WHERE application_name = 'fileapi-ws'"
    before = own.sql(sessions)
    own.sql(f"SELECT pg_terminate_backend(pid) FROM ({sessions}) AS daemon")
    until(lambda: own.sql(sessions) not in ("", before), 10)
    made = {}
    events = user.events(lambda e: e.get("task") and e["part_id"] == made.get("part_id"),
                         lambda: made.update(user.upload(name="news.stl")))
    assert events[-1]["event"] == "finished"


def test_drain_and_restart(own, user):
    """SIGTERM drains; a started stack goes on where it was."""
    part = user.upload(name="before.stl")["part_id"]
    own.stop()
    assert set(own.status().values()) == {"-"}
    own.run("start")
    assert user.wait(part) == "finished"
    assert user.get(f"/api/v1/part/{part}/upload-file/").status_code == 200


def test_replaced_objects_are_collected(own, user):
    """After the grace the store holds what rows own, and nothing else."""
    user.upload(name="twice.stl", part=(part := user.upload(name="twice.stl")["part_id"]),
                overwrite="true")
    user.wait(part)
    # What the kills above have left half done is due now, not in an hour.
    own.sql("UPDATE object_intent SET deadline = now()")

    def clean():
        own.collect()
        owned = own.sql("SELECT object_key FROM asset UNION SELECT object_key FROM derived_file")
        return own.objects.names() == set(owned.split()) and own.sql("SELECT count(*) FROM object_intent") == "0"

    until(clean, pause=0.2)
