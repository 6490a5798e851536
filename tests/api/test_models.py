"""Real parts: every one ends with model, picture and figures, or with a clear error."""
import io
import os
import subprocess
import zipfile

import pytest
from validator import complaints


def models(helpers):
    folder = helpers.SHARED / "models"
    if not folder.exists():
        pytest.skip(f"no real parts: FILEAPI_SHARED ({helpers.SHARED}) is not there")
    return sorted([*folder.glob("stl/*"), *folder.glob("step/*"),
                   *folder.glob("print-orientation/*.stl")])


def test_every_model_ends(stack, alice, helpers, npm, tmp_path):
    """No job stays open and no stage active; GLBs pass the Khronos validator with 0/0."""
    parts = {path: alice.upload(path.read_bytes(), name=path.name)["part_id"]
             for path in models(helpers)}
    failed, glbs = {}, []
    for path, part in parts.items():
        state = alice.wait(part, timeout=120)
        asset = alice.assets(part)[path.name]
        stat = asset["asset_stat"]
        assert stat["active"] == "pending", (path.name, stat)
        if state == "failed":
            error = stat["choices"]["cad_analysis"]["error"]
            assert error["error_raised"] and error["message"] and error["recommmended_user_action"]
            failed[path.name] = error["message"]
            continue
        assert state == "finished" and asset["analysis_results"]["cad"]["facets"] > 0
        for query, side in (("", 512), ("?size=512", 512), ("?size=256", 256)):
            picture = alice.get(f"/api/v1/part/{part}/thumbnail-file/{query}").content
            assert picture.startswith(b"\x89PNG")
            assert picture[16:24] == side.to_bytes(4, "big") * 2
        glbs.append(tmp_path / f"{part}.glb")
        glbs[-1].write_bytes(alice.get(f"/api/v1/part/{part}/visualization-file/").content)
    assert set(failed) == {"empty.stl", "stl_empty_ascii.stl", "stl_empty_bin.stl"}, failed
    assert complaints(npm, glbs) == []


TETRAHEDRON = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
PACKED = """<model unit="centimeter"><resources><object id="7"><mesh>
<vertices><vertex x="0" y="0" z="0"/><vertex x="1" y="0" z="0"/><vertex x="0" y="1" z="0"/>
<vertex x="0" y="0" z="1"/></vertices><triangles><triangle v1="0" v2="2" v3="1"/><triangle v1="0" v2="1" v3="3"/>
<triangle v1="0" v2="3" v3="2"/><triangle v1="1" v2="2" v3="3"/></triangles></mesh></object></resources>
<build><item objectid="7"/></build></model>"""


def packed():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("3D/3dmodel.model", PACKED)
    return file.getvalue()


@pytest.mark.parametrize("name, content, volume", [
    ("tetrahedron.obj", TETRAHEDRON.encode(), 1 / 6), ("tetrahedron.3mf", packed(), 1000 / 6),
], ids=["obj", "3mf"])
def test_further_formats(alice, name, content, volume):
    """OBJ and 3MF get figures, a model and a picture as STL does; 3MF says its unit."""
    part = alice.upload(content, name=name)["part_id"]
    assert alice.wait(part) == "finished"
    cad = alice.assets(part)[name]["analysis_results"]["cad"]
    assert cad["volume_mm3"] == pytest.approx(volume, rel=1e-6) and cad["watertight"]
    assert cad["unit"]["stated"] is name.endswith(".3mf")
    assert alice.get(f"/api/v1/part/{part}/visualization-file/").content.startswith(b"glTF")
    assert alice.get(f"/api/v1/part/{part}/thumbnail-file/").content.startswith(b"\x89PNG")


@pytest.mark.parametrize("name, content, message", [
    ("nothing.stl", b"", "The file is empty."),
    ("claims.stl", b"x" * 80 + b"\xff" * 4, "The file announces 4294967295 facets but holds none."),
    ("letter.stl", b"Dear Sir or Madam, " * 20,
     "The file is no STL: it holds neither facets nor text."),
    ("part.step", b"ISO-10303-21;\nHEADER;\n",
     "The STEP file cannot be read: it is cut short or malformed."),
], ids=["empty", "claims", "letter", "step"])
def test_useless_content(alice, name, content, message):
    """Stored, then a clear error in asset_stat and an event."""
    made = {}
    events = alice.events(lambda e: e.get("event") == "failed" and e["part_id"] == made.get("part_id"),
                          lambda: made.update(alice.upload(content, name=name)))
    assert events[-1]["message"] == message and events[-1]["stage"] == "cad_analysis"
    part = made["part_id"]
    error = alice.assets(part)[name]["asset_stat"]["choices"]["cad_analysis"]["error"]
    assert error["message"] == message and error["recommmended_user_action"]
    assert alice.get(f"/api/v1/part/{part}/upload-file/").content == content
    assert alice.get(f"/api/v1/part/{part}/thumbnail-file/").status_code == 404


def test_noise(alice):
    """10 MB of noise end as an error, not as a part."""
    part = alice.upload(os.urandom(10_000_000), name="noise.stl")["part_id"]
    assert alice.wait(part) == "failed"
    assert alice.stack.sql(f"SELECT status FROM part WHERE part_id = '{part}'") == "failed"


def test_axios(stack, alice, helpers, npm, tmp_path):
    """The frontend's own client: upload, wait, picture as a blob, problem+json on errors."""
    part = tmp_path / "box.stl"
    part.write_bytes(helpers.box_stl())
    done = subprocess.run(["node", helpers.ROOT / "tests/client/axios.cjs", part],
                          capture_output=True, text=True, timeout=60, env={
                              **os.environ, "NODE_PATH": str(npm / "node_modules"),
                              "NODE_EXTRA_CA_CERTS": stack.ca, "FILEAPI_URL": stack.url,
                              "FILEAPI_TOKEN": alice.token, "NO_PROXY": "*"})
    assert done.returncode == 0, done.stdout + done.stderr
