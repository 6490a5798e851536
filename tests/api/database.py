"""The one way from tests to a stack's database: psql, as its superuser."""
import os
import subprocess

PSQL = ["psql", "-qAtX", "-U", "postgres", "-v", "ON_ERROR_STOP=1"]


def psql(env, *arguments, script=None):
    """Runs it to its end, with a script on its standard input; subprocess's result."""
    return subprocess.run([*PSQL, *arguments], input=script, env={**os.environ, **env},
                          capture_output=True, text=True)


class Session:
    """A session of its own, with transactions that stay open."""

    def __init__(self, env):
        self.process = subprocess.Popen(PSQL, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **env})

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.process.communicate(timeout=10)

    def run(self, statement):
        """The rows of the statement, and notifications that have come."""
        self.process.stdin.write(f"{statement};\n\\echo done\n")
        self.process.stdin.flush()
        lines = []
        while not lines or lines[-1] != "done\n":
            lines.append(self.process.stdout.readline())
            assert lines[-1], f"the session has ended at {statement}"
        return [line.rstrip("\n") for line in lines[:-1]]
