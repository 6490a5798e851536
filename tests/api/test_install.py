"""make install: what the units and docs/operations.md name is there, and fits together."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def root(helpers, tmp_path_factory):
    build = Path(os.environ.get("FILEAPI_BUILD", helpers.ROOT / "build"))
    root = tmp_path_factory.mktemp("root")
    done = subprocess.run(["make", "-s", "-C", build, "install", f"DESTDIR={root}"],
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    return root


def units(root):
    found = sorted((root / "usr/lib/systemd/system").glob("*.service"))
    assert len(found) == 4
    return [(unit.name, unit.read_text()) for unit in found]


def test_units_name_what_is_installed(root):
    """Every program and every document that a unit names is installed."""
    for name, text in units(root):
        for path in re.findall(r"^(?:ExecStart=|Documentation=file:)(/usr/\S+)", text, re.M):
            assert (root / path[1:]).is_file(), (name, path)


def test_folders_have_one_mode(root):
    """Units and tmpfiles agree about the folders, so that no start takes the group's bit away."""
    modes = dict(re.findall(r"^d (\S+) (\d+)", (root / "usr/lib/tmpfiles.d/fileapi.conf").read_text(),
                            re.M))
    for name, text in units(root):
        settings = dict(re.findall(r"^(\w+)=(.*)$", text, re.M))
        assert settings["StateDirectoryMode"] == modes["/var/lib/fileapi"], name
        assert settings["RuntimeDirectoryMode"] == modes["/run/fileapi"], name


def test_the_documented_command_for_nginx(root):
    """The render command of operations.md works on the installed template, to the last value."""
    text = (root / "usr/share/doc/fileapi/operations.md").read_text()
    command = re.search(r"^ +(/usr/share/fileapi/render.*?) > /etc/nginx", text, re.M | re.S)[1]
    done = subprocess.run(["sh", "-ec", command.replace("/usr/share/", f"{root}/usr/share/")],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "client_max_body_size 2049m;" in done.stdout and "server_name files.example.com;" in done.stdout


def test_the_accounts_and_folders(root):
    """sysusers and tmpfiles read the installed files and make what they say."""
    if os.geteuid() != 0 or not shutil.which("systemd-sysusers"):
        pytest.skip("needs root and systemd")
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/group").write_text("www-data:x:33:\n")
    (root / "etc/passwd").write_text("www-data:x:33:33::/var/www:/usr/sbin/nologin\n")
    for tool, arguments in (("systemd-sysusers", []), ("systemd-tmpfiles", ["--create"])):
        done = subprocess.run([tool, f"--root={root}", *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert re.search(r"^fileapi:x:\d+:.*www-data", (root / "etc/group").read_text(), re.M)
    assert (root / "var/lib/fileapi/store").stat().st_mode & 0o7777 == 0o2750
