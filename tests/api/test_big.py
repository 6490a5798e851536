"""Large uploads: the worker's memory does not grow with the file."""
from pathlib import Path


def peak_rss(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0


def test_worker_memory(stack, alice, helpers, sanitized):
    """1 GiB (64 MiB without --full) is stored whole; no worker ever held 32 MiB."""
    size = (1 << 30) if helpers.FULL else (64 << 20)
    head = (b'--B\r\nContent-Disposition: form-data; name="asset_type"\r\n\r\nmisc\r\n'
            b'--B\r\nContent-Disposition: form-data; name="file"; filename="big.bin"\r\n\r\n')
    end = b"\r\n--B--\r\n"
    block = bytes(range(256)) * 4096
    connection = stack.http(timeout=300)
    connection.putrequest("POST", "/api/v1/part/0/assets/")
    for name, value in (("Authorization", f"Bearer {alice.token}"),
                        ("Content-Type", "multipart/form-data; boundary=B"),
                        ("Content-Length", str(len(head) + size + len(end)))):
        connection.putheader(name, value)
    connection.endheaders(head)
    for _ in range(size // len(block)):
        connection.send(block)
    connection.send(end)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    pool = int(stack.status()["fileapi"])
    workers = Path(f"/proc/{pool}/task/{pool}/children").read_text().split()
    peak = max(peak_rss(worker) for worker in workers)
    print(f"\npeak worker RSS after {size >> 20} MiB: {peak >> 20} MiB")
    assert sanitized or peak < 32 << 20
    assert stack.sql("SELECT max(size) FROM asset") == str(size)


def test_limit(new_stack, helpers):
    """One byte above FILEAPI_MAX_UPLOAD is 413; at the limit it is stored."""
    stack = new_stack(FILEAPI_MAX_UPLOAD="100k")
    user = stack.user("alice")
    assert user.post(b"x" * 102400, kind="misc", name="a.bin").status_code == 200
    helpers.assert_problem(user.post(b"x" * 102401, kind="misc", name="b.bin"), 413,
                           "File too large.")
    assert len(stack.objects.names()) == 1


def test_two_stacks_side_by_side(new_stack, stack, helpers):
    """Stacks share nothing: a token of one is nothing to the other."""
    other = new_stack()
    assert other.url != stack.url
    helpers.assert_problem(helpers.Api(other, stack.token("alice")).get("/api/v1/x"), 401,
                           "Invalid token.")
    assert other.user("alice").get("/readyz").status_code == 200


def test_migrations_apply_once(stack):
    """A second run finds everything present; a changed file is refused."""
    done = stack.ctl("migrate")
    assert done.returncode == 0 and "applied" not in done.stdout, done.stderr
    stack.sql("UPDATE schema_migration SET sha256 = '\\x00'::bytea WHERE version = 1")
    done = stack.ctl("migrate")
    assert done.returncode == 1 and "has changed since it was applied" in done.stderr
    stack.sql("UPDATE schema_migration SET sha256 = s.sha256 FROM (SELECT sha256(convert_to("
              f"pg_read_file('{stack.env['FILEAPI_SQL']}/0001_base.sql'), 'UTF8')) AS sha256) s"
              " WHERE version = 1")
