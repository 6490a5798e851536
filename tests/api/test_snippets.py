"""Every usage of the reference, run by axios under Node against the stack over TLS."""
import hashlib
import json
import os
import subprocess

import pytest
from routes import PART, service_routes

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DRAWING = b"%PDF-1.7 of a drawing"
# The routes that answer 501 in this version.
NOT_YET = {"status": 501, "detail": "Not implemented yet."}
NO_FILE = {"status": 404, "detail": "Object not found in storage."}


@pytest.fixture(scope="module")
def part(alice):
    """A part whose name has white space, with CAD, derived files and a drawing."""
    made = alice.upload(name="My Part.stl")
    alice.upload(DRAWING, name="myDrawing.pdf", part=made["part_id"], kind="drawing",
                 skip_drawing_analysis="true")
    assert alice.wait(made["part_id"]) == "finished"
    return {"id": made["part_id"], "name": made["name"], "basename": "My Part.stl"}


@pytest.fixture
def run(stack, alice, helpers, npm):
    """Runs a snippet; what the page has seen."""
    def run(name, part, method, path):
        if (method, path) not in service_routes(helpers.ROOT):
            pytest.skip(f"{method} {path} is no route yet")
        done = subprocess.run(
            ["node", helpers.ROOT / "tests/client/snippets.cjs", name], input=json.dumps(part),
            capture_output=True, text=True, timeout=60, env={
                **os.environ, "NODE_PATH": str(npm / "node_modules"),
                "NODE_EXTRA_CA_CERTS": stack.ca, "FILEAPI_URL": stack.url, "NO_PROXY": "*",
                "FILEAPI_WS_URL": stack.env["FILEAPI_WS_URL"], "FILEAPI_TOKEN": alice.token})
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)
    return run


def assert_saved(seen, alice, path, file_name, media_type):
    """The page has saved the bytes that a plain GET delivers, under the snippet's name."""
    content = alice.get(path).content
    assert "error" not in seen and content
    assert seen["saved"] == [{"fileName": file_name, "type": media_type, "size": len(content),
                              "sha256": hashlib.sha256(content).hexdigest()}]


def test_report(run, alice, part):
    """WebSocket, start, event, fetch: the report is saved."""
    seen = run("report", part, "GET", PART + "fetch-analysis-results-file/")
    assert seen["logged"] == ["Celery worker for storing analysis result file started."]
    assert_saved(seen, alice, f"/api/v1/part/{part['id']}/fetch-analysis-results-file/",
                 "Results_My_Part.xlsx", XLSX)


@pytest.mark.parametrize("name, route, file_name, media_type", [
    ("visualization", "visualization-file/", "Results_My_Part.glb", "model/gltf-binary"),
    ("thumbnail", "thumbnail-file/", "Results_My_Part.png", "image/png"),
    ("cad", "upload-file/", "MyCad_My_Part.step", "model/stl"),
])
def test_downloads(run, alice, part, name, route, file_name, media_type):
    """A blob with the file's bytes and type, saved under a name the page makes."""
    seen = run(name, part, "GET", PART + route)
    assert_saved(seen, alice, f"/api/v1/part/{part['id']}/{route}", file_name, media_type)


def test_asset(run, alice, part):
    """An asset by its basename in the query."""
    seen = run("asset", part, "GET", PART + "assets/")
    assert_saved(seen, alice, f"/api/v1/part/{part['id']}/assets/?basename=myDrawing.pdf",
                 "myDrawing.pdf", "application/pdf")


@pytest.mark.parametrize("name, route, error", [
    ("orientation", "optimal-orientation-file/", NOT_YET),
    ("fetchOrientation", "fetch-optimal-orientation-file/", NO_FILE),
    ("zip", "zip-request-for-quotation/", NOT_YET),
    ("mail", "mail-request-for-quotation/", NOT_YET),
])
def test_not_yet(run, part, name, route, error):
    """What does not work yet says so, as problem+json that the page can read, and saves nothing."""
    seen = run(name, part, "GET", PART + route)
    assert seen == {"saved": [], "logged": [], "opened": [], "error": error}


def test_upload_asset(run, alice):
    """A drawing makes a new part."""
    answer, = run("uploadAsset", {}, "POST", PART + "assets/")["logged"]
    asset, = answer["assets"].values()
    assert (answer["task"], answer["message"], answer["name"]) == (
        "PartAssetApi", "asset created", "MyDrawing")
    assert (asset["basename"], asset["asset_type"]) == ("MyDrawing.pdf", "drawing")
    assert list(asset["asset_stat"]["choices"]) == ["upload", "image_analysis"]
    assert alice.stack.sql("SELECT size FROM asset WHERE part_id = "
                           f"'{answer['part_id']}'") == str(len(DRAWING))


def test_delete_asset(run, alice):
    """Deletes by DELETE; the POST that the reference prints is refused and deletes nothing."""
    made = alice.upload(DRAWING, name="MyDrawing.pdf", kind="document")
    part = {"id": made["part_id"]}
    seen = run("deleteAssetAsPrinted", part, "POST", PART + "assets/")
    assert seen["error"] == {"status": 422, "detail": "Invalid user input."}
    assert "MyDrawing.pdf" in alice.assets(part["id"])
    answer, = run("deleteAsset", part, "DELETE", PART + "assets/")["logged"]
    assert (answer["task"], answer["message"]) == ("PartAssetApi", "Asset deleted.")
    assert [a["basename"] for a in answer["assets"].values()] == ["note.txt"]


def test_delete_part(run, alice):
    """CAD and all that came from it are gone."""
    made = alice.upload(name="My Part.stl")
    seen = run("deletePart", {"id": made["part_id"]}, "DELETE", PART + "upload-file/")
    assert seen["logged"] == ["CAD and associated files were deleted."]
    assert alice.get(f"/api/v1/part/{made['part_id']}/upload-file/").status_code == 404
