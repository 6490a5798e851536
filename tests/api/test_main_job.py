"""The main job: a part goes up, is analysed, shown and reported."""
import io
import json
import struct

import openpyxl
import pytest
from PIL import Image


def test_upload_answers_in_the_reference_json(alice):
    """The answer is the contract's, field by field, before the job has run."""
    answer = alice.upload(name="MyPart.stl")
    assert list(answer) == ["part_id", "task", "message", "name", "assets"]
    assert (answer["task"], answer["message"], answer["name"]) == (
        "PartAssetApi", "asset created", "MyPart")
    asset, = answer["assets"].values()
    assert asset["basename"] == "MyPart.stl" and asset["asset_type"] == "cad"
    assert asset["analysis_results"] == {} or "cad" in asset["analysis_results"]
    stat = asset["asset_stat"]
    assert list(stat["choices"]) == ["upload", "cad_analysis", "visualization", "thumbnail",
                                     "optimal_orientation", "analysis_report"]
    assert [c["index"] for c in stat["choices"].values()] == [0, 1, 2, 3, 4, 5]
    assert stat["choices"]["upload"] == {
        "name": "Upload", "error": {"message": None, "error_raised": False,
                                    "recommmended_user_action": None},
        "index": 0, "finished": True, "active_message": "Uploading CAD file",
        "finished_message": "CAD file uploaded."}


def test_the_whole_job(alice):
    """Progress and the finished event arrive; model, picture, CAD and report are delivered."""
    made = {}

    def start():
        made.update(alice.upload(name="Bracket one.stl"))

    def of_part(event, task):
        return event.get("task") == task and event["part_id"] == made.get("part_id")

    events = alice.events(lambda e: of_part(e, "process_and_store_CAD"), start)
    part = made["part_id"]
    events = [e for e in events if e["part_id"] == part]
    stages = [e["stage"] for e in events if e["event"] == "progress"]
    assert list(dict.fromkeys(stages)) == ["cad_analysis", "visualization", "thumbnail"]
    assert all("task" not in e for e in events[:-1])
    assert events[-1]["id"] > 0 and len({e["asset_id"] for e in events}) == 1
    asset = alice.assets(part)["Bracket one.stl"]
    assert asset["asset_stat"]["active"] == "pending"
    assert asset["asset_stat"]["previous"] == "thumbnail"
    cad = asset["analysis_results"]["cad"]
    assert cad["volume_mm3"] == 4199.0 and cad["area_mm2"] == 1582.0 and cad["watertight"]
    assert cad["bounding_box_mm"] == {"min": [0.0, 0.0, 0.0], "max": [13.0, 17.0, 19.0]}

    model = alice.get(f"/api/v1/part/{part}/visualization-file/")
    assert model.headers["content-type"] == "model/gltf-binary"
    assert 'filename="Bracket one_visual.glb"' in model.headers["content-disposition"]
    assert struct.unpack("<4sII", model.content[:12]) == (b"glTF", 2, len(model.content))
    picture = alice.get(f"/api/v1/part/{part}/thumbnail-file")
    assert picture.headers["content-type"] == "image/png"
    image = Image.open(io.BytesIO(picture.content))
    assert image.size == (512, 512) and image.mode == "RGBA"
    assert image.getpixel((0, 0))[3] == 0 and image.getpixel((256, 256))[3] == 255

    def ask():
        answer = alice.get(f"/api/v1/part/{part}/analysis-results-file/")
        assert answer.json() == "Celery worker for storing analysis result file started."

    events = alice.events(lambda e: of_part(e, "write_and_store_analysis_results_XLS"), ask)
    events = [e for e in events if e["part_id"] == part]
    assert "analysis_report" in {e.get("stage") for e in events}
    assert not any("asset_id" in e for e in events)
    report = alice.get(f"/api/v1/part/{part}/fetch-analysis-results-file/")
    assert 'filename="analysis_results_file_temp.xlsx"' in report.headers["content-disposition"]
    book = openpyxl.load_workbook(io.BytesIO(report.content))
    rows = {row[0].value: row[1].value for row in book["Data"].iter_rows()}
    assert rows["volume_mm3"] == 4199 and rows["part_id"] == part
    assert len(book["Analysis"]._images) == 1
    # A current report is announced again without a new job.
    events = alice.events(lambda e: of_part(e, "write_and_store_analysis_results_XLS"), ask)
    assert alice.stack.sql(f"SELECT count(*) FROM job WHERE part_id = '{part}'") == "2"


@pytest.mark.parametrize("name, kind, told", [
    ("offer.pdf", "offer", "The part has no CAD file."),
    ("stored-only.sat", "cad", "The CAD file has not been analysed."),
])
def test_report_without_figures_says_so(alice, name, kind, told):
    """A part without CAD still gets its report, and so does one whose CAD is stored only."""
    part = alice.upload(b"%PDF-", name=name, kind=kind)["part_id"]
    alice.get(f"/api/v1/part/{part}/analysis-results-file/")
    assert alice.wait(part, "write_and_store_analysis_results_XLS") == "finished"
    report = alice.get(f"/api/v1/part/{part}/fetch-analysis-results-file/")
    book = openpyxl.load_workbook(io.BytesIO(report.content))
    assert any(cell.value == told for row in book["Analysis"] for cell in row)


def test_replay_brings_what_was_missed(alice):
    """last_event_id brings the events that came while nobody listened, in order."""
    parts = [alice.upload(name=f"missed-{i}.stl")["part_id"] for i in range(3)]
    for part in parts:
        assert alice.wait(part) == "finished"
    ids = "', '".join(parts)
    last = alice.stack.sql(f"SELECT min(event_id) - 1 FROM event WHERE part_id IN ('{ids}')")
    waiting = set(parts)

    def all_seen(event):
        waiting.discard(event["part_id"])
        return not waiting

    ids = [e["id"] for e in alice.events(all_seen, query=f"&last_event_id={last}")]
    assert ids == sorted(set(ids)) and ids[0] == int(last) + 1


def test_events_stay_with_their_owner(stack, alice):
    """Another organization's user hears nothing of a part."""
    mallory = stack.user("mallory", org="evil")
    part = {}

    def work():
        part.update(alice.upload(name="secret.stl"))
        alice.wait(part["part_id"])
        mallory.wait(mallory.upload(name="own.stl")["part_id"])

    events = mallory.events(lambda e: e.get("event") == "finished", work)
    assert part["part_id"] not in json.dumps(events)


def test_a_new_cad_takes_over(alice):
    """With a new CAD the old derived files are gone until made anew; the older CAD's stages are reset."""
    part = alice.upload(name="first.stl")["part_id"]
    assert alice.wait(part) == "finished"
    before = alice.get(f"/api/v1/part/{part}/thumbnail-file/").headers["etag"]
    alice.upload(b"solid nothing\nendsolid\n", name="second.stl", part=part)
    assert alice.wait(part) == "failed"
    assert alice.get(f"/api/v1/part/{part}/thumbnail-file/").status_code == 404
    assets = alice.assets(part)
    assert assets["first.stl"]["asset_stat"]["previous"] == "upload"
    assert assets["second.stl"]["asset_stat"]["choices"]["cad_analysis"]["error"] == {
        "message": "The file holds no facet.", "error_raised": True,
        "recommmended_user_action": "Export the part again as binary STL."}
    alice.upload(name="second.stl", part=part, overwrite="TRUE")
    assert alice.wait(part) == "finished"
    assert alice.get(f"/api/v1/part/{part}/thumbnail-file/").headers["etag"] == before


def test_a_report_that_was_asked_for_outlives_a_new_cad(alice):
    """Whoever asked for a report gets one, about the CAD that has taken over."""
    part = alice.upload(name="old.stl")["part_id"]
    alice.get(f"/api/v1/part/{part}/analysis-results-file/")
    alice.upload(name="new.stl", part=part)
    assert alice.wait(part, "write_and_store_analysis_results_XLS") == "finished"
    report = alice.get(f"/api/v1/part/{part}/fetch-analysis-results-file/")
    book = openpyxl.load_workbook(io.BytesIO(report.content))
    rows = {row[0].value: row[1].value for row in book["Data"].iter_rows()}
    assert rows["cad_name"] == "new.stl" and rows["volume_mm3"] == 4199
    assets = alice.assets(part)
    assert assets["new.stl"]["asset_stat"]["choices"]["analysis_report"]["finished"]
    assert not assets["old.stl"]["asset_stat"]["choices"]["analysis_report"]["finished"]
