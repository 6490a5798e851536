"""Supervisors of the tests' own beside a stack's, each as if on a machine of its own."""
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

from processes import alive, children_of, named, until


def hurry(stack, part):
    """Once the job's attempt has crashed its next one begins: the pause before it is not waited for."""
    until(lambda: stack.sql(f"SELECT state, crashes > 0 FROM job WHERE part_id = '{part}'") == "queued|t")
    stack.sql(f"UPDATE job SET not_before = now() WHERE part_id = '{part}'; NOTIFY fileapi_job")


class Machine:
    """A fileapi-jobs; `programs` are names in its folder of programs that are replaced by scripts."""

    def __init__(self, stack, folder, name, programs=None, **environment):
        self.stack = stack
        self.folder = Path(folder)
        self.name = name
        self.log = self.folder / f"{name}.log"
        self.environment = {**os.environ, **stack.env, "FILEAPI_JOB_MACHINE": name, **environment}
        owner = (Path(stack.folder).resolve() / "env").stat()
        self.user = ({"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
                     if os.getuid() == 0 else {})
        if programs:
            self.replace(programs)
        self.process = None
        self.start()

    def replace(self, programs):
        libexec = self.folder / f"{self.name}-libexec"
        libexec.mkdir()
        for each in ("fileapi-job", "fileapi-cad"):
            if each in programs:
                (libexec / each).write_text(programs[each])
            else:
                shutil.copy(Path(self.stack.env["FILEAPI_LIBEXEC"], each), libexec)
            (libexec / each).chmod(0o755)
        for folder in (self.folder, libexec):
            folder.chmod(0o755)
        self.environment["FILEAPI_LIBEXEC"] = str(libexec)

    def start(self):
        with self.log.open("a") as log:
            started = len(self.lines("supervisor_started"))
            self.process = subprocess.Popen([Path(self.stack.env["FILEAPI_BIN"], "fileapi-jobs")],
                                            env=self.environment, stderr=log, **self.user)
        until(lambda: len(self.lines("supervisor_started")) > started or self.process.poll())

    def lines(self, event):
        """What the log says about an event."""
        # The last line may be on its way.
        told = [json.loads(line) for line in self.log.read_text().split("\n")[:-1] if line]
        return [line for line in told if line["event"] == event]

    @property
    def pid(self):
        return self.process.pid

    def jobs(self):
        """Its children that are no spare."""
        return [pid for pid in named(children_of(self.pid), "fileapi-job")
                if b"--spare" not in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def kill(self):
        """The supervisor alone; its children go on."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(60)


def stop_own(stack):
    """The stack's supervisor leaves: the tests' own take over."""
    pid = stack.status()["fileapi-jobs"]
    os.kill(int(pid), signal.SIGTERM)
    until(lambda: not alive(pid))
