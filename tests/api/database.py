"""The way from tests to a stack's database, as its superuser: a statement through libpq, scripts and
sessions through psql."""
import os
import select
import subprocess
import threading

import psycopg

# Debian's psql in the path is a wrapper in Perl, which takes four times as long.
PSQL = ["/usr/lib/postgresql/15/bin/psql", "-qAtX", "-U", "postgres", "-v", "ON_ERROR_STOP=1"]


_kept = threading.local()  # each thread's connection to the server that it asked last


def ask(env, statement):
    """What `psql -At` prints of it."""
    try:
        return "\n".join(lines(connection_to(env).execute(statement))).strip()
    except psycopg.Error as failure:
        raise AssertionError(f"{failure}: {statement}") from failure


def connection_to(env):
    where = {"host": env["PGHOST"], "port": env["PGPORT"], "dbname": env["PGDATABASE"]}
    kept, its_where = getattr(_kept, "connection", (None, None))
    # Nothing is to be read from an idle connection but its end: servers come and go.
    if its_where != where or kept.closed or select.select([kept], [], [], 0)[0]:
        kept = psycopg.connect(**where, user="postgres", autocommit=True, prepare_threshold=None)
        _kept.connection = kept, where
    return kept


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
