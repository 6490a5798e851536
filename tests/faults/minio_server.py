"""A MinIO of the tests' own, which can be killed and started again with what it holds."""
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from api_conftest import ROOT

USER, SECRET, BUCKET = "fault-tests", "fault-tests-secret", "fileapi"


class MinIO:
    """Listens at .address, which stays the same; its data lies in `folder`."""

    def __init__(self, folder):
        found = subprocess.run([ROOT / "scripts/minio"], capture_output=True, text=True)
        if found.returncode:
            pytest.skip(found.stderr.strip().splitlines()[0])
        self.program = found.stdout.strip()
        self.folder = str(folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = free.getsockname()
        self.process = None
        self.start()
        self.client().create_bucket(Bucket=BUCKET)

    def settings(self, address=None):
        """The environment of who uses it, at its own address or at a proxy's."""
        host, port = address or self.address
        return {"AWS_ENDPOINT_URL_S3": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": USER,
                "AWS_SECRET_ACCESS_KEY": SECRET, "FILEAPI_S3_BUCKET": BUCKET}

    def client(self):
        import boto3
        from botocore.config import Config
        return boto3.client("s3", endpoint_url="http://%s:%d" % self.address,
                            region_name="us-east-1", aws_access_key_id=USER,
                            aws_secret_access_key=SECRET,
                            config=Config(s3={"addressing_style": "path"}, proxies={},
                                          retries={"max_attempts": 0}))

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        environment = {**os.environ, "MINIO_ROOT_USER": USER, "MINIO_ROOT_PASSWORD": SECRET,
                       "MINIO_BROWSER": "off", "MINIO_UPDATE": "off", "HOME": self.folder}
        with open(Path(self.folder).parent / "minio.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "server", "--quiet", "--address", "%s:%d" % self.address,
                 self.folder], env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.client().list_buckets()
            except Exception:  # pylint: disable=broad-except
                assert self.process.poll() is None, "MinIO has ended"
                assert time.monotonic() < deadline, "MinIO does not answer"
                time.sleep(0.05)

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait(10)

    def close(self):
        if self.process.poll() is None:
            self.kill()
