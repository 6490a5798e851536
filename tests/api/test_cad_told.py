"""fileapi-cad by hand: what is said of a mesh that cannot be used, and of one that is used in part."""
import json
import os
import struct
import subprocess
from pathlib import Path

import pytest
from service import ROOT

CAD = Path(os.environ.get("FILEAPI_BUILD", ROOT / "build"), "fileapi-cad")


def binary(*facets, announced=None, behind=b""):
    """A binary STL of facets of nine numbers each."""
    return (b"x" * 80 + struct.pack("<I", len(facets) if announced is None else announced)
            + b"".join(struct.pack("<12fH", 0, 0, 0, *facet, 0) for facet in facets) + behind)


def run(folder, name, content):
    path, figures = folder / name, folder / "figures.json"
    path.write_bytes(content)
    return subprocess.run([CAD, "--in", path, "--metrics", figures], capture_output=True, text=True,
                          timeout=60), figures


FACET = (0, 0, 0, 1, 0, 0, 0, 1, 0)


@pytest.mark.parametrize("name, content, message, action", [
    ("point.stl", binary((1,) * 9), "All facets of the file are points or lines.",
     "Export the part again, in millimetres and as binary STL."),
    ("nowhere.stl", binary((float("nan"),) * 9), "Not one facet of the file has readable coordinates.",
     "Export the part again as binary STL."),
    ("empty.obj", b"o x\nv 0 0 0\n", "The OBJ file holds no face that can be used.",
     "Export the part again, as binary STL or STEP."),
    ("beyond.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n", "The OBJ file holds no face that can be used.",
     "Export the part again, as binary STL or STEP."),
    ("cut.igs", b" " * 72 + b"S      1\n", "The IGES file cannot be read: it is cut short or malformed.",
     "Export the part again, as STEP if that is possible."),
])
def test_what_cannot_be_used(tmp_path, name, content, message, action):
    done, _ = run(tmp_path, name, content)
    assert done.returncode == 3
    assert done.stderr == f"fileapi-cad: {message}\nHINT: {action}\n"


@pytest.mark.parametrize("content, note", [
    (binary(FACET, behind=b"and more"), "There are bytes behind the last facet; they were ignored."),
    (binary(FACET, FACET[::-1], announced=5), "The file announces 5 facets but holds 2; these were used."),
])
def test_what_is_used_in_part(tmp_path, content, note):
    done, figures = run(tmp_path, "part.stl", content)
    assert done.returncode == 0, done.stderr
    assert note in json.loads(figures.read_text())["notes"]


def test_what_is_not_there(tmp_path):
    done = subprocess.run([CAD, "--in", tmp_path / "none.stl"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "none.stl: No such file or directory" in done.stderr
    assert subprocess.run([CAD], capture_output=True, timeout=60).returncode == 64
