"""What openapi.yaml says, for the tests that hold the service and its page against it."""
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("get", "head", "post", "put", "patch", "delete")
FILE = yaml.safe_load((ROOT / "openapi.yaml").read_text())
DRAWING = b"%PDF-1.4\n%%EOF\n"


def resolve(value):
    while "$ref" in value:
        target = FILE
        for step in value["$ref"].lstrip("#/").split("/"):
            target = target[step]
        value = {**target, **{k: v for k, v in value.items() if k != "$ref"}}
    return value


def operations():
    """(METHOD, path) -> operation, with the path's parameters in it."""
    return {(m.upper(), path): {**item[m], "parameters": [
        resolve(p) for p in item.get("parameters", []) + item[m].get("parameters", [])]}
        for path, item in FILE["paths"].items() for m in METHODS if m in item}


@pytest.fixture
def make_part(alice):
    """Makes a part that has all there is to get."""
    def make():
        part = alice.upload(name="MyPart.stl")["part_id"]
        alice.upload(DRAWING, name="MyDrawing.pdf", part=part, kind="drawing")
        alice.wait(part)
        alice.get(f"/api/v1/part/{part}/analysis-results-file/")
        assert alice.wait(part, "write_and_store_analysis_results_XLS") == "finished"
        return part

    return make
