"""The way from tests to a stack's database, as its superuser: a statement through libpq, scripts and
sessions through psql."""
import os
import subprocess

import psycopg

# Debian's psql in the path is a wrapper in Perl, which takes four times as long.
PSQL = ["/usr/lib/postgresql/15/bin/psql", "-qAtX", "-U", "postgres", "-v", "ON_ERROR_STOP=1"]


def ask(env, statement):
    """What `psql -At` prints of it. Each has a connection of its own: a server comes and goes."""
    try:
        with psycopg.connect(host=env["PGHOST"], port=env["PGPORT"], dbname=env["PGDATABASE"],
                             user="postgres", autocommit=True) as connection:
            return "\n".join(lines(connection.execute(statement))).strip()
    except psycopg.Error as failure:
        raise AssertionError(f"{failure}: {statement}") from failure


def lines(cursor):
    more = True
    while more:
        result = cursor.pgresult
        for row in range(result.ntuples):
            yield "|".join((result.get_value(row, column) or b"").decode()
                           for column in range(result.nfields))
        more = cursor.nextset()


def psql(env, script):
    """Runs it to its end; subprocess's result."""
    return subprocess.run(PSQL, input=script, env={**os.environ, **env}, capture_output=True, text=True)


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
