"""What a stack's store holds, seen from beside the service: the same questions to a folder and to a bucket."""
import contextlib
from pathlib import Path


class Folder:
    """A directory store."""

    def __init__(self, env):
        self.root = Path(env["FILEAPI_STORE"])

    def keys(self):
        """Names of all that is there, also of what is no object of ours."""
        return sorted(str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file())

    def read(self, key):
        return (self.root / key).read_bytes()

    def remove(self, key):
        (self.root / key).unlink()

    @contextlib.contextmanager
    def away(self, key):
        """The object is not there while the block runs."""
        held = (self.root / key).rename((self.root / key).with_suffix(".away"))
        try:
            yield
        finally:
            held.rename(self.root / key)


class Bucket:
    """A bucket of an S3 server, by a client that is not ours."""

    def __init__(self, env):
        self.name = env["FILEAPI_S3_BUCKET"]
        self.client = s3_client(env)

    def keys(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))

    def uploads(self):
        """Keys of multipart uploads that have not ended."""
        told = self.client.list_multipart_uploads(Bucket=self.name)
        return sorted(upload["Key"] for upload in told.get("Uploads", []))

    def read(self, key):
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def remove(self, key):
        self.client.delete_object(Bucket=self.name, Key=key)

    @contextlib.contextmanager
    def away(self, key):
        content = self.read(key)
        self.remove(key)
        try:
            yield
        finally:
            self.client.put_object(Bucket=self.name, Key=key, Body=content)


def s3_client(env):
    """boto3's client for the server and the user that a stack's settings name."""
    import boto3
    from botocore.config import Config
    return boto3.client(
        "s3", endpoint_url=env["AWS_ENDPOINT_URL_S3"], region_name=env["AWS_REGION"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=Path(env["AWS_SECRET_ACCESS_KEY_FILE"]).read_text().strip(),
        verify=env.get("FILEAPI_S3_CA") or None,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0},
                      signature_version="s3v4", proxies={}))


def objects_of(env):
    return (Bucket if env.get("AWS_ENDPOINT_URL_S3") else Folder)(env)
