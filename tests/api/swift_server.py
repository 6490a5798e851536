"""OpenStack Swift with its S3 interface, out of Debian's packages: an S3 server that shares no code with MinIO.

Of the two that Debian has (the other is Ceph's radosgw), it needs no cluster beside it: four daemons and
memcached, 6 s from nothing to the first answer, where radosgw takes a monitor, a manager, an OSD and 35 s.
It checks signatures, hashes and sizes of parts, and refuses what is not in the common subset of S3.
"""
import configparser
import getpass
import itertools
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from cache import Missing

DAEMONS = ("account", "container", "object", "proxy")
PIPELINE = ("catch_errors gatekeeper healthcheck cache listing_formats s3api tempauth bulk copy slo"
            " proxy-logging proxy-server")


def free_ports(count):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


class Swift:
    """One server, in a folder that goes away with it."""

    def __init__(self):
        for program in [f"swift-{name}-server" for name in DAEMONS] + ["memcached"]:
            if not shutil.which(program):
                raise Missing(f"{program} is not installed (Debian's swift-proxy, swift-account,"
                              " swift-container, swift-object, memcached)")
        self.keep = tempfile.TemporaryDirectory(prefix="fileapi-swift-", ignore_cleanup_errors=True)
        self.folder = Path(self.keep.name)
        self.ports = dict(zip((*DAEMONS, "memcached"), free_ports(5)))
        self.secret = secrets.token_hex(20)
        self.processes = []
        (self.folder / "devices/d0").mkdir(parents=True)
        self.url = f"http://127.0.0.1:{self.ports['proxy']}"
        self.numbers = itertools.count(1)
        try:
            self.write_rings()
            self.write_settings()
            self.start()
        except BaseException:
            self.close()
            raise

    def write_rings(self):
        """One device, one copy of everything."""
        from swift.common.ring import RingBuilder
        for kind in ("account", "container", "object"):
            builder = RingBuilder(4, 1, 0)
            builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1.0, "device": "d0", "meta": "",
                             "ip": "127.0.0.1", "port": self.ports[kind],
                             "replication_ip": "127.0.0.1", "replication_port": self.ports[kind]})
            builder.rebalance()
            builder.get_ring().save(str(self.folder / f"{kind}.ring.gz"))

    def write(self, name, sections):
        parser = configparser.RawConfigParser()
        parser.read_dict(sections)
        with open(self.folder / name, "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            parser.write(file)

    def write_settings(self):
        self.write("swift.conf", {"swift-hash": {"swift_hash_path_suffix": secrets.token_hex(8)},
                                  "storage-policy:0": {"name": "one", "default": "yes"}})
        for name in DAEMONS:
            sections = {
                "DEFAULT": {"bind_ip": "127.0.0.1", "bind_port": self.ports[name], "workers": 0,
                            "user": getpass.getuser(), "swift_dir": self.folder,
                            "devices": self.folder / "devices", "mount_check": "false",
                            "fallocate_reserve": 0, "log_address": self.folder / "no-syslog"},
                "pipeline:main": {"pipeline": f"{name}-server"},
                f"app:{name}-server": {"use": f"egg:swift#{name}"}}
            if name == "proxy":
                sections["app:proxy-server"].update(account_autocreate="true")
                sections["pipeline:main"]["pipeline"] = PIPELINE
                for filter_name in PIPELINE.split()[:-1]:
                    entry = {"cache": "memcache"}.get(filter_name, filter_name.replace("-", "_"))
                    sections[f"filter:{filter_name}"] = {"use": f"egg:swift#{entry}"}
                sections["filter:cache"]["memcache_servers"] = f"127.0.0.1:{self.ports['memcached']}"
                sections["filter:tempauth"]["user_fileapi_app"] = f"{self.secret} .admin"
                sections["filter:s3api"]["location"] = "us-east-1"
            self.write(f"{name}.conf", sections)

    def start(self):
        log = open(self.folder / "log", "ab")
        commands = [["memcached", "-l", "127.0.0.1", "-p", str(self.ports["memcached"]), "-m", "16",
                     "-u", getpass.getuser()]]
        commands += [[f"swift-{name}-server", str(self.folder / f"{name}.conf")] for name in DAEMONS]
        for command in commands:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL))
        deadline = time.monotonic() + 60
        while True:
            try:
                return urllib.request.urlopen(self.url + "/healthcheck", timeout=5).read()
            except OSError as why:
                if time.monotonic() > deadline or any(p.poll() is not None for p in self.processes):
                    raise RuntimeError(f"Swift does not start: {why}\n{self.log()}") from why
                time.sleep(0.1)

    def new_bucket(self):
        """Makes one; what `scripts/stack start --store s3` must find in its environment to use it."""
        from objects import s3_client
        environment = {"AWS_ENDPOINT_URL_S3": self.url, "AWS_ACCESS_KEY_ID": "fileapi:app",
                       "AWS_SECRET_ACCESS_KEY_FILE": str(self.folder / "secret"),
                       "AWS_REGION": "us-east-1",
                       "FILEAPI_S3_BUCKET": f"bucket-{next(self.numbers)}"}
        (self.folder / "secret").write_text(self.secret)
        s3_client(environment).create_bucket(Bucket=environment["FILEAPI_S3_BUCKET"])
        return environment

    def log(self):
        return "".join((self.folder / "log").open(errors="replace").readlines()[-20:])

    def close(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.keep.cleanup()
