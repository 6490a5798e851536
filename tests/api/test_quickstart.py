"""./quickstart: what it prints to go on with, and what it refuses before it installs anything."""
import json
import os
import subprocess

import pytest

NAMES = ["flange.stl", "two words.stl", "semi;colon, comma.stl", "it's \"quoted\".stl",
         "$(touch pasted) `touch pasted` $HOME.stl", "-F @x.stl", "percent %22 & #.stl", "größe.stl"]


@pytest.mark.parametrize("name", NAMES)
def test_the_line_to_paste(helpers, stack, alice, tmp_path, name):
    """The curl line uploads the very file, from any folder, and runs nothing that its name says."""
    folder = tmp_path / "it's a \"clone\""
    folder.mkdir()
    (folder / name).write_bytes(helpers.box_stl())
    quickstart = folder / "quickstart"
    quickstart.write_text(f"#!/bin/sh\n[ \"$1\" = token ] && echo {alice.token}\n")
    quickstart.chmod(0o755)
    line = subprocess.run(
        ["bash", "-c", '. "$0/scripts/lib/upload-line.sh"; upload_line "$@"', helpers.ROOT,
         folder / name, quickstart, stack.url, stack.ca],
        capture_output=True, text=True, check=True).stdout
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(["bash", "-c", line.replace("curl ", "curl -sS --noproxy '*' ", 1)],
                          cwd=elsewhere, capture_output=True, text=True)
    assert done.returncode == 0 and '"asset created"' in done.stdout, (line, done)
    part = json.loads(done.stdout)["part_id"]
    got = stack.sql(f"SELECT basename FROM asset WHERE part_id = '{part}'")
    # %22 in a form's name is a quote.
    assert got == name.replace("%22", '"')
    assert list(elsewhere.iterdir()) == []


def test_files_that_cannot_go_through(helpers, tmp_path):
    """A folder, a pipe, a missing file and a name that is not UTF-8 are refused with the reason."""
    os.mkfifo(tmp_path / "fifo.stl")
    latin = os.fsencode(tmp_path) + b"/gr\xf6\xdfe.stl"
    with open(latin, "wb") as out:
        out.write(helpers.box_stl())
    for path, reason in ((latin, "is not UTF-8"), (tmp_path, "is no regular file"),
                         (tmp_path / "fifo.stl", "is no regular file"),
                         (tmp_path / "none.stl", "there is no file")):
        done = subprocess.run([helpers.ROOT / "quickstart", path], capture_output=True, text=True,
                              errors="replace", timeout=20)
        assert done.returncode == 1 and reason in done.stderr and not done.stdout, done


def test_words_of_the_command_line(helpers, tmp_path):
    """Unknown options print the usage and end with 2; token and stop need a stack."""
    for arguments in (["--frob"], ["-x"], ["a.stl", "b.stl"]):
        done = subprocess.run([helpers.ROOT / "quickstart", *arguments], capture_output=True,
                              text=True, timeout=20)
        assert done.returncode == 2 and "./quickstart [FILE]" in done.stderr, done
    clone = tmp_path / "clone"
    clone.mkdir()
    (clone / "scripts").symlink_to(helpers.ROOT / "scripts")
    (clone / "quickstart").write_bytes((helpers.ROOT / "quickstart").read_bytes())
    for word in ("token", "stop"):
        done = subprocess.run(["bash", clone / "quickstart", word], capture_output=True, text=True,
                              timeout=20)
        assert done.returncode == 1 and "run ./quickstart first" in done.stderr, done
