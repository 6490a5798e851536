"""fileapi-cad by hand, and what it makes."""
import json
import os
import struct
import subprocess
from pathlib import Path

BUILD = Path(os.environ.get("FILEAPI_BUILD", Path(__file__).resolve().parents[2] / "build"))


def run_cad(file, folder, *more):
    """Runs it on a file: (exit status, figures or None, GLB or None, standard error)."""
    out = {name: folder / f"{Path(file).name}.{name}" for name in ("json", "glb", "png")}
    done = subprocess.run([BUILD / "fileapi-cad", "--in", file, "--metrics", out["json"],
                           "--glb", out["glb"], "--png", out["png"], *more],
                          capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        return done.returncode, None, None, done.stderr
    assert out["png"].read_bytes().startswith(b"\x89PNG")
    return 0, json.loads(out["json"].read_text()), out["glb"].read_bytes(), done.stderr


def measure(file, folder):
    """The same without model and picture."""
    done = subprocess.run([BUILD / "fileapi-cad", "--in", file, "--metrics", folder / "json"],
                          capture_output=True, text=True, timeout=120)
    return done.returncode, json.loads((folder / "json").read_text() or "null"), done.stderr


def make(kind, file, *more):
    # Open CASCADE keeps some of its memory to the end, which is not this test's business.
    subprocess.run([BUILD / "make_parts", kind, file, *more], check=True, timeout=60,
                   env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    return file


def gltf(glb):
    length, = struct.unpack_from("<I", glb, 12)
    return json.loads(glb[20:20 + length])


STEP = """ISO-10303-21;
HEADER;
FILE_DESCRIPTION((''),'2;1');
FILE_NAME('x','2020-01-01T00:00:00',(''),(''),'','','');
FILE_SCHEMA(('AP242_MANAGED_MODEL_BASED_3D_ENGINEERING_MIM_LF { 1 0 10303 442 1 1 4 }'));
ENDSEC;
DATA;
%s
ENDSEC;
END-ISO-10303-21;
"""
