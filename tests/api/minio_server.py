"""A MinIO of the tests' own, which can be killed and started again with what it holds."""
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from objects import Bucket, s3_client

ROOT = Path(__file__).resolve().parents[2]
USER, SECRET, BUCKET = "tests", "tests-secret", "fileapi"


def find():
    """Its program; the test is skipped where there is none and none was built: ./check has tried."""
    done = subprocess.run([ROOT / "scripts/minio", "--no-build"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(done.stderr.strip().splitlines()[0])
    return done.stdout.strip()


class MinIO:
    """Listens at .address, which stays the same; its data lies in `folder`, its bucket in .objects."""

    def __init__(self, folder):
        self.program = find()
        self.folder = str(folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = free.getsockname()
        self.process = None
        self.start()
        self.client().create_bucket(Bucket=BUCKET)
        self.objects = Bucket(self.settings())

    def settings(self, address=None):
        """The environment of who uses it, at its own address or at a proxy's."""
        host, port = address or self.address
        return {"AWS_ENDPOINT_URL_S3": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": USER,
                "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1",
                "FILEAPI_S3_BUCKET": BUCKET, "FILEAPI_S3_CA": ""}

    def client(self):
        return s3_client(self.settings())

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
