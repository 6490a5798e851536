"""make install: what the units and docs/operations.md name is there, and fits together."""
import json
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
    check_nginx(done.stdout, root)


def check_nginx(text, root):
    """nginx itself takes the file, in a http block as Debian's; what it opens is put where we may write."""
    folder = root / "nginx"
    folder.mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=files.example.com",
                    "-keyout", folder / "key", "-out", folder / "certificate"],
                   capture_output=True, check=True)
    for place, instead in (("listen 443 ", f"listen unix:{folder}/socket "),
                           ("/etc/ssl/files.example.com.pem", folder / "certificate"),
                           ("/etc/ssl/private/files.example.com.key", folder / "key"),
                           ("/var/log/nginx", folder)):
        assert place in text, place
        text = text.replace(place, str(instead))
    (folder / "fileapi.conf").write_text(text)
    (folder / "nginx.conf").write_text(
        "load_module /usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so;\n"
        f"pid {folder}/pid;\nerror_log stderr;\nevents {{ }}\nhttp {{\n"
        + "".join(f"  {name}_temp_path {folder}/{name};\n"
                  for name in ("client_body", "fastcgi", "proxy", "uwsgi", "scgi"))
        + f"  include {folder}/fileapi.conf;\n}}\n")
    done = subprocess.run(["nginx", "-t", "-q", "-e", "stderr", "-c", folder / "nginx.conf"],
                          env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"},
                          capture_output=True, text=True)
    assert done.returncode == 0 and "[warn]" not in done.stderr, done.stderr


def documented_render(root, *more):
    text = (root / "usr/share/doc/fileapi/operations.md").read_text()
    command = re.search(r"^ +(/usr/share/fileapi/render.*?) > /etc/nginx", text, re.M | re.S)[1]
    command = command.replace("S3_ENDPOINT= ", " ".join(more) + " ")
    return subprocess.run(["sh", "-ec", command.replace("/usr/share/", f"{root}/usr/share/")],
                          capture_output=True, text=True)


# AWS_ENDPOINT_URL_S3, and what nginx connects to, says as Host, and looks for in the certificate.
ENDPOINTS = [
    ("https://s3.example.com:9000", "s3.example.com:9000", "s3.example.com:9000", "s3.example.com"),
    ("https://s3.example.com/", "s3.example.com:443", "s3.example.com", "s3.example.com"),
    ("https://s3.example.com:443", "s3.example.com:443", "s3.example.com", "s3.example.com"),
    ("http://192.0.2.1:80", "192.0.2.1:80", "192.0.2.1", "192.0.2.1"),
    ("http://[2001:db8::1]:9000", "[2001:db8::1]:9000", "[2001:db8::1]:9000", "[2001:db8::1]"),
    ("http://[2001:db8::1]", "[2001:db8::1]:80", "[2001:db8::1]", "[2001:db8::1]"),
]


@pytest.mark.parametrize("endpoint, server, host, name", ENDPOINTS)
def test_the_documented_values_for_s3(root, endpoint, server, host, name):
    """With an endpoint the S3 location is there, and names the server as workers sign it."""
    text = (root / "usr/share/doc/fileapi/operations.md").read_text()
    values = re.search(r"^ +S3_ENDPOINT=\S+ (S3_CA=.*)$", text, re.M)[1]
    done = documented_render(root, f"S3_ENDPOINT={endpoint}", values)
    assert done.returncode == 0, done.stderr
    for line in (f"  server {server} max_fails=0;", f'proxy_set_header Host "{host}";', f'proxy_ssl_name "{name}";',
                 f"proxy_pass {endpoint.split(':')[0]}://$fileapi_s3_server/", "max_size=10g",
                 "proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;"):
        assert line in done.stdout, line


@pytest.mark.parametrize("endpoint", ["ftp://x", "https://", "https://u@x", "https://x/path", "x:9000",
                                      "'https://x;'", "'https://x y'", "https://x:123456"])
def test_endpoints_that_are_none(root, endpoint):
    """What is no http[s]://host[:port] never gets into nginx's file."""
    done = documented_render(root, f"S3_ENDPOINT={endpoint}", "S3_CA= S3_CACHE=/x S3_CACHE_SIZE=1g")
    assert done.returncode != 0 and "S3_ENDPOINT" in done.stderr and not done.stdout


def test_without_s3_there_is_no_way_to_one(root):
    """An empty endpoint leaves nothing of the S3 location."""
    done = documented_render(root, "S3_ENDPOINT=")
    assert done.returncode == 0 and "fileapi_s3" not in done.stdout and "_s3" not in done.stdout


def test_the_policy_names_one_bucket(root):
    """The installed policy is JSON that allows six actions on the bucket it was rendered for."""
    done = subprocess.run([root / "usr/share/fileapi/render", root / "usr/share/fileapi/s3-policy.json.in",
                           "BUCKET=parts"], capture_output=True, text=True)
    statements = json.loads(done.stdout)["Statement"]
    assert {r for s in statements for r in s["Resource"]} == {"arn:aws:s3:::parts", "arn:aws:s3:::parts/*"}
    assert sorted(a for s in statements for a in s["Action"]) == [
        "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket",
        "s3:ListBucketMultipartUploads", "s3:PutObject"]


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
