"""Parts of very many facets: their models have a budget, and levels of detail."""
import array
import json
import math
import resource
import struct
import subprocess

import pytest
from cad import BUILD
from validator import complaints

BUDGET = 1000000


def waves(side):
    """A closed slab whose top is waved, as binary STL: 4 * side^2 + 8 * side facets."""
    height = [[10 + math.sin(x / 7) + math.cos(y / 5) for x in range(side + 1)] for y in range(side + 1)]
    pack = struct.Struct("<12fH").pack
    facets = []

    def add(*corners):
        facets.append(pack(0, 0, 0, *(number for corner in corners for number in corner), 0))

    for y in range(side):
        for x in range(side):
            top = [(i, j, height[j][i]) for i, j in ((x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1))]
            low = [(i, j, 0) for i, j, _ in top]
            add(top[0], top[1], top[2])
            add(top[1], top[3], top[2])
            add(low[0], low[2], low[1])
            add(low[1], low[2], low[3])
    for k in range(side):
        for p, q in (((k, 0), (k + 1, 0)), ((k + 1, side), (k, side)), ((side, k), (side, k + 1)),
                     ((0, k + 1), (0, k))):
            low, high = [(*p, 0), (*q, 0)], [(*p, height[p[1]][p[0]]), (*q, height[q[1]][q[0]])]
            add(low[0], low[1], high[1])
            add(low[0], high[1], high[0])
    return bytes(80) + struct.pack("<I", len(facets)) + b"".join(facets)


def make_model(folder, side, *options):
    (folder / "waves.stl").write_bytes(waves(side))
    done = subprocess.run([BUILD / "fileapi-cad", "--in", folder / "waves.stl", "--metrics", folder / "m.json",
                           "--glb", folder / "waves.glb", *options], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    glb = (folder / "waves.glb").read_bytes()
    length, = struct.unpack_from("<I", glb, 12)
    return json.loads((folder / "m.json").read_text()), json.loads(glb[20:20 + length]), glb[28 + length:]


def triangles(model, mesh):
    return sum(model["accessors"][p["indices"]]["count"] for p in model["meshes"][mesh]["primitives"]) // 3


def volume(model, chunk, node):
    """Of a node's mesh, in its parent's coordinates."""
    matrix = node["matrix"]
    total = 0
    for primitive in model["meshes"][node["mesh"]]["primitives"]:
        place = model["accessors"][primitive["attributes"]["POSITION"]]
        view = model["bufferViews"][place["bufferView"]]
        start = view.get("byteOffset", 0) + place.get("byteOffset", 0)
        index = model["accessors"][primitive["indices"]]
        at = model["bufferViews"][index["bufferView"]].get("byteOffset", 0) + index.get("byteOffset", 0)
        numbers = array.array({5121: "B", 5123: "H", 5125: "I"}[index["componentType"]])
        numbers.frombytes(chunk[at:at + numbers.itemsize * index["count"]])
        points = [struct.unpack_from("<3H", chunk, start + i * view["byteStride"]) for i in range(place["count"])]
        for i in range(0, len(numbers), 3):
            a, b, c = (points[n] for n in numbers[i:i + 3])
            total += a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) \
                + a[2] * (b[0] * c[1] - b[1] * c[0])
    return total * matrix[0] ** 3 / 6


def test_levels_of_detail(npm, tmp_path):
    """Above 250,000 facets a model has two coarser levels of the same shape, for viewers that know MSFT_lod."""
    cad, model, chunk = make_model(tmp_path, 260)
    assert cad["facets"] == 4 * 260 * 260 + 8 * 260 and cad["watertight"]
    assert "MSFT_lod" in model["extensionsUsed"] and "MSFT_lod" not in model["extensionsRequired"]
    finest = next(node for node in model["nodes"] if "mesh" in node)
    levels = [finest] + [model["nodes"][number] for number in finest["extensions"]["MSFT_lod"]["ids"]]
    counts = [triangles(model, node["mesh"]) for node in levels]
    assert counts[0] == cad["facets"] and len(counts) == 3
    assert counts[1] < 0.3 * counts[0] and counts[2] < 0.3 * counts[1] and counts[2] > 100
    assert len(finest["extras"]["MSFT_screencoverage"]) == 3
    assert volume(model, chunk, levels[0]) == pytest.approx(cad["volume_mm3"], rel=1e-3)
    assert volume(model, chunk, levels[2]) == pytest.approx(cad["volume_mm3"], rel=0.02)
    assert complaints(npm, [tmp_path / "waves.glb"]) == []


def test_small_parts_have_one_level(helpers, tmp_path):
    """A part of few facets has no levels, and its model no trace of them."""
    (tmp_path / "box.stl").write_bytes(helpers.box_stl())
    subprocess.run([BUILD / "fileapi-cad", "--in", tmp_path / "box.stl", "--glb", tmp_path / "box.glb"], check=True)
    assert b"MSFT_lod" not in (tmp_path / "box.glb").read_bytes()


def test_width_of_indices(npm, tmp_path):
    """Indices are as narrow as the number of vertices allows; compressed, two bytes at least."""
    for side, options, kind in ((5, (), 5121), (5, ("--meshopt",), 5123), (12, (), 5123), (185, (), 5125)):
        cad, model, chunk = make_model(tmp_path, side, *options)
        mesh = next(node for node in model["nodes"] if "mesh" in node)
        index = model["accessors"][model["meshes"][mesh["mesh"]]["primitives"][0]["indices"]]
        assert index["componentType"] == kind and index["count"] == 3 * cad["facets"]
        if not options:
            assert volume(model, chunk, mesh) == pytest.approx(cad["volume_mm3"], rel=1e-3)
        assert complaints(npm, [tmp_path / "waves.glb"]) == []


def crowd(copies):
    """So many cubes in one place, as binary STL."""
    corners = [(10 * (i & 1), 10 * (i >> 1 & 1), 10 * (i >> 2 & 1)) for i in range(8)]
    sides = [(0, 2, 1), (1, 2, 3), (4, 5, 6), (5, 7, 6), (0, 1, 4), (1, 5, 4), (2, 6, 3), (3, 6, 7), (0, 4, 2),
             (2, 4, 6), (1, 3, 5), (3, 7, 5)]
    body = b"".join(struct.pack("<12fH", 0, 0, 0, *(v for c in side for v in corners[c]), 0)
                    for _ in range(copies) for side in sides)
    return bytes(80) + struct.pack("<I", 12 * copies) + body


def draw(folder, data):
    (folder / "crowd.stl").write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run([BUILD / "fileapi-cad", "--in", folder / "crowd.stl", "--png", folder / "crowd.png"], check=True)
    return (folder / "crowd.png").read_bytes(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def test_pictures_of_crowds(tmp_path):
    """Thousands of facets on each other look like a few of them, and take seconds, not a minute."""
    few, _ = draw(tmp_path, crowd(20))
    many, seconds = draw(tmp_path, crowd(3000))
    assert many == few and seconds < 10


def test_budget(helpers, tmp_path):
    """A model has a million facets at most, whatever the part has; its figures are those of all of them."""
    if not helpers.FULL:
        pytest.skip("a million facets take a minute to make: ./check --full")
    cad, model, chunk = make_model(tmp_path, 560)
    assert cad["facets"] > 1.25 * BUDGET
    finest = next(node for node in model["nodes"] if "mesh" in node)
    assert 0.5 * BUDGET < triangles(model, finest["mesh"]) <= BUDGET
    assert volume(model, chunk, finest) == pytest.approx(cad["volume_mm3"], rel=1e-3)
