"""Rows and objects to match, made and looked at without fileapi's own code."""
import hashlib
import time
import uuid

from database import psql
from objects import Folder

DAY = 86400


def new_key(age=0.0):
    """A key as fileapi makes them, `age` seconds ago: a version 7 UUID behind its last byte."""
    number = int((time.time() - age) * 1000) << 80 | uuid.uuid4().int & (1 << 80) - 1
    number = number & ~(0xF << 76) | 7 << 76
    digits = f"{number & ~(3 << 62) | 2 << 62:032x}"
    return f"{digits[-2:]}/{digits}"


def owned(stack):
    """What rows own: key -> (size, sha256 in hex)."""
    rows = stack.sql("SELECT object_key, size, encode(sha256, 'hex') FROM asset UNION ALL"
                     " SELECT object_key, size, encode(sha256, 'hex') FROM derived_file")
    return {key: (int(size), sha256) for key, size, sha256 in
            (line.split("|") for line in rows.splitlines())}


def assert_whole(stack, side):
    """Every object that a row owns is in the store, byte for byte."""
    for key, (size, sha256) in owned(stack).items():
        content = side.get(key)
        assert (len(content), hashlib.sha256(content).hexdigest()) == (size, sha256), key


def fill(stack, put, count, content=lambda i: b"object %d" % i):
    """A part with `count` assets, by SQL; `put(key, bytes)` stores their objects."""
    part, lines = uuid.uuid4().hex, []
    for i in range(count):
        key, data = new_key(2 * DAY), content(i)
        put(key, data)
        lines.append(f"{uuid.uuid4().hex}\t{part}\tfile {i}\tmisc\t{key}\t{len(data)}\t"
                     f"\\\\x{hashlib.sha256(data).hexdigest()}")
    script = (f"INSERT INTO account (account_id, issuer, subject) VALUES ('{part}', 'x', '{part}');"
              f"INSERT INTO part (part_id, owner_id, name) VALUES ('{part}', '{part}', 'filled');"
              "COPY asset (asset_id, part_id, basename, asset_type, object_key, size, sha256)"
              " FROM stdin;\n" + "\n".join(lines) + "\n\\.\nANALYZE;\n")
    done = psql(stack.env, script)
    assert done.returncode == 0, done.stderr
    return part


class Rig:
    """A stack's database, and a store of either kind, with nobody at work but the test."""

    def __init__(self, stack, kind, minio=None):
        self.stack, self.kind = stack, kind
        self.side = minio.objects if kind == "s3" else Folder(stack.env)
        self.env = self.side.settings

    def clean(self):
        self.stack.sql("TRUNCATE part, account, object_intent, object_tombstone CASCADE")
        for name in self.side.names():
            self.side.delete(name)

    def ctl(self, *arguments, **env):
        return self.stack.ctl(*arguments, **{**self.env, **env})

    def command(self, *arguments, **env):
        return self.stack.command(*arguments, **{**self.env, **env})

    def fill(self, count, **options):
        return fill(self.stack, self.side.put, count, **options)

    def intent(self, key, seconds):
        self.stack.sql("INSERT INTO object_intent (object_key, deadline) VALUES"
                       f" ('{key}', now() + interval '{seconds} s')")

    def tombstone(self, key, seconds):
        self.stack.sql("INSERT INTO object_tombstone (object_key, due_at) VALUES"
                       f" ('{key}', now() + interval '{seconds} s')")

    def object(self, age=2 * DAY, content=b"object"):
        key = new_key(age)
        self.side.put(key, content)
        return key

    def named(self, table):
        return set(self.stack.sql(f"SELECT object_key FROM {table}").split())
