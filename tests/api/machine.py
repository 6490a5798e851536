"""Supervisors of the tests' own beside a stack's, each as if on a machine of its own."""
import os
import shutil
import signal
from pathlib import Path

from processes import Program, alive, children_of, named, until


def hurry(stack, part):
    """Once the job's attempt has crashed its next one begins: the pause before it is not waited for."""
    until(lambda: stack.sql(f"SELECT state, crashes > 0 FROM job WHERE part_id = '{part}'") == "queued|t")
    stack.sql(f"UPDATE job SET not_before = now() WHERE part_id = '{part}'; NOTIFY fileapi_job")


def crashes(stack, part):
    """Of the part's job, as text."""
    return stack.sql(f"SELECT crashes FROM job WHERE part_id = '{part}'")


class Machine(Program):
    """A fileapi-jobs; `programs` are names in its folder of programs that are replaced by scripts."""

    program, ready = "fileapi-jobs", "supervisor_started"

    def __init__(self, stack, folder, name, programs=None, **environment):
        self.folder, self.name = Path(folder), name
        super().__init__(stack, self.folder / f"{name}.log", FILEAPI_JOB_MACHINE=name, **environment)
        owner = (Path(stack.folder).resolve() / "env").stat()
        if os.getuid() == 0:
            self.user = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
        if programs:
            self.replace(programs)
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

    def jobs(self):
        """Its children that are no spare."""
        return [pid for pid in named(children_of(self.pid), "fileapi-job")
                if b"--spare" not in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def find(self, program):
        """The one child that works, or its parser, stopped as soon as it is there."""
        found = []

        def there():
            for job in named(children_of(self.pid), "fileapi-job"):
                for cad in named(children_of(job), "fileapi-cad"):
                    found.append(cad if program == "fileapi-cad" else job)
            return found

        until(there, pause=0.002)
        os.kill(found[0], signal.SIGSTOP)
        return found[0]


def stop_own(stack):
    """The stack's supervisor leaves: the tests' own take over."""
    pid = stack.status()["fileapi-jobs"]
    os.kill(int(pid), signal.SIGTERM)
    until(lambda: not alive(pid))
