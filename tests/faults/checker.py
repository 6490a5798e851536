"""Compares rows and objects, by a reading of its own: no code of the service is asked.

Every object that a row owns must be there with the row's size and SHA-256; every object in the store
must be named by a row, an intent or a tombstone; after a cycle of the collector by a row alone.
"""
import hashlib
from pathlib import Path


def objects_of_folder(folder):
    """Key -> (size, SHA-256) of every file below, whatever its name."""
    found = {}
    for path in Path(folder).rglob("*"):
        try:
            content = path.read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            continue
        found[str(path.relative_to(folder))] = (len(content), hashlib.sha256(content).hexdigest())
    return found


def owned_by_rows(stack):
    """Key -> (size, SHA-256) as the rows have it."""
    lines = stack.sql("SELECT object_key, size, encode(sha256, 'hex') FROM asset UNION ALL"
                      " SELECT object_key, size, encode(sha256, 'hex') FROM derived_file")
    rows = [line.split("|") for line in lines.splitlines()]
    assert len({key for key, _, _ in rows}) == len(rows), "two rows own one object"
    return {key: (int(size), sha256) for key, size, sha256 in rows}


def named_by_protocol(stack):
    return set(stack.sql("SELECT object_key FROM object_intent UNION"
                         " SELECT object_key FROM object_tombstone").split())


def differences(stack, objects):
    """What is wrong, one sentence each; nothing while all is well."""
    owned, pending, stored = owned_by_rows(stack), named_by_protocol(stack), objects()
    wrong = [f"object {key} of a row is not in the store" for key in owned.keys() - stored.keys()]
    wrong += [f"object {key} is {stored[key]}, its row says {owned[key]}"
              for key in owned.keys() & stored.keys() if owned[key] != stored[key]]
    wrong += [f"object {key} is owned and to be removed" for key in owned.keys() & pending]
    wrong += [f"object {key} is named by nothing" for key in stored.keys() - owned.keys() - pending]
    return wrong


def check(stack, objects):
    """Before and after one cycle of the collector, at rest."""
    wrong = differences(stack, objects)
    assert not wrong, wrong
    before = owned_by_rows(stack)
    stack.collect()
    wrong = differences(stack, objects)
    assert not wrong, wrong
    assert owned_by_rows(stack) == before, "rows have changed at rest"
    assert named_by_protocol(stack) == set(), "the collector has left names"
    orphans = objects().keys() - before.keys()
    assert not orphans, f"orphans: {orphans}"
