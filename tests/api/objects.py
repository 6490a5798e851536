"""What a store holds, seen from beside the service: the same questions to a folder and to a bucket."""
import contextlib
import os
from pathlib import Path


class Store:
    """names(), get(), put() and delete() of what is there, also of what is no object of ours."""

    @contextlib.contextmanager
    def away(self, name):
        """The object is not there while the block runs."""
        content = self.get(name)
        self.delete(name)
        try:
            yield
        finally:
            self.put(name, content)


class Folder(Store):
    """A directory store."""

    def __init__(self, env):
        self.settings = {"AWS_ENDPOINT_URL_S3": ""}
        self.root = Path(env["FILEAPI_STORE"])
        self.owner = self.root.stat().st_uid, self.root.stat().st_gid

    def names(self):
        return {str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file()}

    def get(self, name):
        return (self.root / name).read_bytes()

    def put(self, name, content):
        path = self.root / name
        made = [p for p in (path, *path.parents) if not p.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        for each in made:
            os.chown(each, *self.owner)

    def delete(self, name):
        (self.root / name).unlink()


class Bucket(Store):
    """A bucket of an S3 server, by a client that is not ours."""

    def __init__(self, env):
        self.settings = {name: env[name] for name in (
            "AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
            "AWS_SECRET_ACCESS_KEY_FILE", "AWS_REGION", "FILEAPI_S3_BUCKET", "FILEAPI_S3_CA")
            if name in env}
        self.name = env["FILEAPI_S3_BUCKET"]
        self.client = s3_client(env)

    def names(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return {entry["Key"] for page in pages for entry in page.get("Contents", [])}

    def uploads(self):
        """Keys of multipart uploads that have not ended."""
        told = self.client.list_multipart_uploads(Bucket=self.name)
        return sorted(upload["Key"] for upload in told.get("Uploads", []))

    def get(self, name):
        return self.client.get_object(Bucket=self.name, Key=name)["Body"].read()

    def put(self, name, content):
        self.client.put_object(Bucket=self.name, Key=name, Body=content)

    def delete(self, name):
        self.client.delete_object(Bucket=self.name, Key=name)


def s3_client(env):
    """boto3's client for the server and the user that settings name."""
    import boto3
    from botocore.config import Config
    from botocore.handlers import add_expect_header
    secret = env.get("AWS_SECRET_ACCESS_KEY") or Path(env["AWS_SECRET_ACCESS_KEY_FILE"]).read_text()
    client = boto3.client(
        "s3", endpoint_url=env["AWS_ENDPOINT_URL_S3"], region_name=env["AWS_REGION"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"], aws_secret_access_key=secret.strip(),
        verify=env.get("FILEAPI_S3_CA") or None,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0},
                      signature_version="s3v4", proxies={}))
    # MinIO keeps the request behind an empty body that was announced so waiting for half a minute.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client


def objects_of(env):
    return (Bucket if env.get("AWS_ENDPOINT_URL_S3") else Folder)(env)
