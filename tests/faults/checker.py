"""Compares rows and objects, by a reading of its own: no code of the service is asked.

Every object that a row owns must be there with the row's size and SHA-256; every object in the store
must be named by a row, an intent or a tombstone; after a cycle of the collector by a row alone.
"""
import hashlib
from pathlib import Path

from minio_server import BUCKET


def known(content):
    return len(content), hashlib.sha256(content).hexdigest()


def objects_of(stack):
    """Key -> (size, SHA-256) of everything in the store, whatever its name."""
    found = {}
    if not stack.minio:
        for path in Path(stack.env["FILEAPI_STORE"]).rglob("*"):
            try:
                found[str(path.relative_to(stack.env["FILEAPI_STORE"]))] = known(path.read_bytes())
            except (FileNotFoundError, IsADirectoryError):
                continue
        return found
    client = stack.minio.client()
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for entry in page.get("Contents", []):
            try:
                body = client.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
            except client.exceptions.NoSuchKey:  # the collector was faster
                continue
            found[entry["Key"]] = known(body)
    return found


def unfinished(stack):
    """Keys of multipart uploads that have not ended; MinIO lists those of one key only."""
    if not stack.minio:
        return []
    return [path.name for path in
            Path(stack.minio.folder, ".minio.sys/multipart").glob("*/*") if path.is_dir()]


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


def differences(stack):
    """What is wrong, one sentence each; nothing while all is well."""
    owned, pending, stored = owned_by_rows(stack), named_by_protocol(stack), objects_of(stack)
    wrong = [f"object {key} of a row is not in the store" for key in owned.keys() - stored.keys()]
    wrong += [f"object {key} is {stored[key]}, its row says {owned[key]}"
              for key in owned.keys() & stored.keys() if owned[key] != stored[key]]
    wrong += [f"object {key} is owned and to be removed" for key in owned.keys() & pending]
    wrong += [f"object {key} is named by nothing" for key in stored.keys() - owned.keys() - pending]
    return wrong


def check(stack):
    """Before and after one cycle of the collector, at rest."""
    wrong = differences(stack)
    assert not wrong, wrong
    before = owned_by_rows(stack)
    stack.collect()
    wrong = differences(stack)
    assert not wrong, wrong
    assert owned_by_rows(stack) == before, "rows have changed at rest"
    assert named_by_protocol(stack) == set(), "the collector has left names"
    orphans = objects_of(stack).keys() - before.keys()
    assert not orphans, f"orphans: {orphans}"
    assert not unfinished(stack), "multipart uploads are left"
