"""A stack whose connections lead through fault proxies, and whose processes get killed."""
import os
import signal
import subprocess
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

from api_conftest import ROOT, Stack
from proxy import Postgres, Proxy, Raw

SERVICES = ("fileapi", "fileapi-jobs", "fileapi-ws", "nginx", "postgres")


def children_of(pid):
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


class Hurt(Stack):
    """proxies: .front (client -> nginx), .database (worker -> PostgreSQL)."""

    def __init__(self, grace=3, spool="", prepare=lambda folder: None, **environment):
        self.keep = tempfile.TemporaryDirectory(prefix="fileapi-faults-",
                                                ignore_cleanup_errors=True)
        os.chmod(self.keep.name, 0o755)
        prepare(self.keep.name)  # before the stack starts
        self.database = Proxy(f"{self.keep.name}/run/.s.PGSQL.5432", Postgres)
        self.proxies = [self.database]
        if spool:
            environment["FILEAPI_SPOOL"] = f"{self.keep.name}/{spool}"
        host, port = self.database.address
        super().__init__(self.keep.name, FILEAPI_DATABASE=f"host={host} port={port}",
                         FILEAPI_DATABASE_DIRECT="dbname=fileapi", FILEAPI_STORE_GRACE=str(grace),
                         **environment)
        self.front = Proxy(("127.0.0.1", urllib.parse.urlsplit(self.url).port), Raw)
        self.proxies.append(self.front)

    def close(self):
        try:
            self.stop()
        finally:
            for proxy in self.proxies:
                proxy.close()
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

    def repair(self, patience=60):
        """Starts what was killed, until the service answers."""
        deadline = time.monotonic() + patience
        while True:
            done = subprocess.run([ROOT / "scripts/stack", "start", "--dir", self.folder],
                                  env=self.environment, capture_output=True, text=True, timeout=90)
            if done.returncode == 0:
                return
            # Dying processes may hold a socket for a moment.
            assert time.monotonic() < deadline, done.stderr + self.logs()
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
        while not answers():
            time.sleep(0.01)
        moment = time.monotonic()
        then()
        rest.join(90)
        return moment

    def settle(self, patience=60):
        """Until no job is open; their pauses are cut short."""
        deadline = time.monotonic() + patience
        while self.sql("SELECT count(*) FROM job WHERE state IN ('queued', 'running')") != "0":
            assert time.monotonic() < deadline, "jobs stay open: " + self.sql(
                "SELECT * FROM job WHERE state IN ('queued', 'running')") + self.logs()
            self.sql("UPDATE job SET not_before = now()"
                     " WHERE state = 'queued' AND not_before > now()")
            time.sleep(0.05)

    # --- the collector ------------------------------------------------------------------------

    def collect(self):
        """One cycle of the collector, with all that it may ever remove due now."""
        self.sql("UPDATE object_intent SET deadline = now();"
                 " UPDATE object_tombstone SET due_at = now()")
        # A supervisor keeps house as soon as it starts.
        os.kill(self.pid("fileapi-jobs"), signal.SIGKILL)
        self.repair()
        deadline = time.monotonic() + 10
        while self.sql("SELECT count(*) FROM object_intent, now() WHERE deadline < now") != "0" or \
                self.sql("SELECT count(*) FROM object_tombstone") != "0":
            assert time.monotonic() < deadline, "the collector has not ended" + self.logs()
            time.sleep(0.05)
