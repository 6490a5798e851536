"""What npm, PyPI and Maven bring: installed once, outside the tree, for all suites that run at once."""
import fcntl
import os
import shutil
import subprocess
from pathlib import Path

CACHE = Path(os.environ.get("FILEAPI_CACHE", Path.home() / ".cache/fileapi"))
SECONDS = 300  # for one command, on a slow line


class Missing(Exception):
    """What a test needs cannot be had here; the text says why."""


def cached(name, wanted, *commands):
    """The folder `name` of the cache, filled by `commands`, which run in it, unless they did so for
    the same `wanted` before. One process fills it, others wait; a folder half full is begun anew."""
    folder, mark = CACHE / name, CACHE / name / "wanted"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if mark.exists() and mark.read_text() == wanted:
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for command in commands:
            run(command, folder)
        mark.write_text(wanted)
    return folder


def run(command, folder):
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    except FileNotFoundError:
        raise Missing(f"{command[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise Missing(f"{' '.join(command)} does not end within {SECONDS} s") from None
    if done.returncode:
        raise Missing(f"{' '.join(command)}: {(done.stdout + done.stderr).strip()[-300:]}")


def cached_python(name, *requirements):
    """The programs of a virtual environment with these packages of PyPI."""
    wanted = "\n".join(requirements) + "\n"
    return cached(name, wanted, ["/usr/bin/python3", "-m", "venv", "."],
                  ["bin/pip", "install", "-q", *requirements]) / "bin"
