"""A stack whose connections lead through fault proxies, and whose processes get killed."""
import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from service import ROOT, STORE_KIND, Stack
from minio_server import MinIO
from processes import children_of, until
from proxy import Http, Postgres, Proxy, Raw

SERVICES = ("postgres", "fileapi-jobs", "fileapi-ws", "fileapi", "nginx")


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


class Hurt(Stack):
    """proxies: .front (client -> nginx), .database (worker -> PostgreSQL), .s3 (worker and nginx ->
    MinIO, where the store is "s3")."""

    def __init__(self, grace=3, spool="", store=STORE_KIND, prepare=lambda folder: None,
                 **environment):
        self.keep = tempfile.TemporaryDirectory(prefix="fileapi-faults-",
                                                ignore_cleanup_errors=True)
        folder = self.keep.name
        os.chmod(folder, 0o755)
        prepare(folder)  # before anything starts
        self.database = Proxy(f"{folder}/run/.s.PGSQL.5432", Postgres)
        self.proxies = [self.database]
        self.minio = None
        if spool:
            environment["FILEAPI_SPOOL"] = f"{folder}/{spool}"
        if store == "s3":
            self.minio = MinIO(f"{folder}/minio")
            self.s3 = Proxy(self.minio.address, Http)
            self.proxies.append(self.s3)
            environment.update(self.minio.settings(self.s3.address), FILEAPI_S3_MULTIPART="16M")
        host, port = self.database.address
        try:
            super().__init__(folder, store, FILEAPI_DATABASE=f"host={host} port={port}",
                             FILEAPI_DATABASE_DIRECT="dbname=fileapi",
                             FILEAPI_STORE_GRACE=str(grace), **environment)
        except BaseException:
            self.close_helpers()
            raise
        self.front = Proxy(("127.0.0.1", urllib.parse.urlsplit(self.url).port), Raw)
        self.proxies.append(self.front)

    def close(self):
        try:
            self.stop()
        finally:
            self.close_helpers()

    def close_helpers(self):
        for proxy in self.proxies:
            proxy.close()
        if self.minio:
            self.minio.close()
        self.keep.cleanup()

    # --- processes ----------------------------------------------------------------------------

    def pid(self, service):
        """Of a service that was started last; it may have ended."""
        return int(Path(self.folder, "run", f"{service}.pid").read_text().split()[0])

    def workers(self):
        return children_of(self.pid("fileapi"))

    def job_children(self):
        return children_of(self.pid("fileapi-jobs"))

    def backends(self, user="fileapi_app"):
        return [pid for pid in children_of(self.pid("postgres"))
                if f"postgres: {user} " in command_of(pid)]

    def kill_group(self, service, number=signal.SIGKILL):
        os.killpg(self.pid(service), number)

    def runs(self, service):
        """True while the process that was started last is there (not its zombie, nor its number)."""
        pid, started = Path(self.folder, "run", f"{service}.pid").read_text().split()
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return fields[0] != "Z" and fields[19] == started

    def answers(self):
        try:
            caller = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                                 urllib.request.HTTPSHandler(context=self.tls()))
            return caller.open(f"{self.url}/readyz", timeout=5).status == 200
        except OSError:
            return False

    def repair(self, patience=60):
        """Starts what was killed, until the service answers."""
        if self.minio and self.minio.process.poll() is not None:
            self.minio.start()
        deadline = time.monotonic() + patience
        while not (all(self.runs(service) for service in SERVICES) and self.answers()):
            done = subprocess.run([ROOT / "scripts/stack", "start", "--dir", self.folder],
                                  env=self.environment, capture_output=True, text=True, timeout=90)
            if done.returncode == 0:
                continue
            # Dying processes may hold a socket for a moment.
            assert time.monotonic() < deadline, done.stderr
            time.sleep(0.2)

    def restart_postgres(self, then=lambda: None):
        """Starts it again, and does `then`; the moment at which it answered."""
        def answers():
            try:
                return self.sql("SELECT 1") == "1"
            except AssertionError:
                return False

        rest = threading.Thread(target=self.repair)
        rest.start()
        until(answers, 90, 0.01)
        moment = time.monotonic()
        then()
        rest.join(90)
        return moment

    def settle(self, patience=60):
        """Until no job is open; their pauses are cut short."""
        deadline = time.monotonic() + patience
        while self.sql("SELECT count(*) FROM job WHERE state IN ('queued', 'running')") != "0":
            assert time.monotonic() < deadline, "jobs stay open: " + self.sql(
                "SELECT * FROM job WHERE state IN ('queued', 'running')")
            self.sql("UPDATE job SET not_before = now()"
                     " WHERE state = 'queued' AND not_before > now()")
            time.sleep(0.05)

    # --- the collector ------------------------------------------------------------------------

    def collect(self):
        """One cycle of the collector, with all that it may ever remove due now."""
        self.sql("UPDATE object_intent SET deadline = now();"
                 " UPDATE object_tombstone SET due_at = now()")
        def collected():
            super(Hurt, self).collect()
            return self.sql("SELECT (SELECT count(*) FROM object_intent WHERE deadline < now())"
                            " + (SELECT count(*) FROM object_tombstone)") == "0"

        # The supervisor's own collector may be at it just now.
        until(collected, 30)


@contextlib.contextmanager
def small_disk(folder, megabytes):
    """A file system of its own on a folder, for everybody."""
    os.makedirs(folder, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=1777", "tmpfs",
                           folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
