"""Broken files: thousands of damaged copies of real parts, every one ends within its limits."""
import os
import random
import resource
import subprocess

import pytest
from cad import BUILD

# AddressSanitizer reserves more address space than any limit leaves.
MEMORY = 0 if os.environ.get("FILEAPI_CAD_MEMORY") == "0" else 1 << 30
CPU_SECONDS = 20
KILLED_BY_LIMITS = {-6, -7, -8, -11, -24, -25}  # ABRT, BUS, FPE, SEGV, XCPU, XFSZ


def damage(data, chance):
    """One of seven ways to spoil a file."""
    data = bytearray(data)
    at = chance.randrange(len(data))
    way = chance.randrange(7)
    if way == 0:  # single bytes
        for _ in range(chance.randrange(1, 30)):
            data[chance.randrange(len(data))] = chance.randrange(256)
    elif way == 1:
        del data[at:]
    elif way == 2:
        del data[at:at + chance.randrange(1, 200)]
    elif way == 3:
        data[at:at] = data[at // 2:at // 2 + chance.randrange(1, 500)]
    elif way == 4:  # digits: references and counts that point elsewhere
        for _ in range(40):
            spot = chance.randrange(len(data))
            if 48 <= data[spot] <= 57:
                data[spot] = 48 + chance.randrange(10)
    elif way == 5:  # numbers of absurd size
        spot = data.find(b".", at)
        if spot > 0:
            data[spot:spot + 1] = chance.choice([b"E300", b"e-300.", b"99999999999.", b"nan", b"-."])
    else:
        spot = data.find(b"#", at)
        if spot > 0:
            data[spot:spot + 2] = b"#9"
    return bytes(data)


def in_open_cascade(report):
    """AddressSanitizer makes a report of a crash: the innermost frames with a library are Open CASCADE's."""
    frames = [line for line in report.splitlines() if line.lstrip().startswith(b"#")][:8]
    return b"DEADLYSIGNAL" in report and any(b"libTK" in frame for frame in frames)


def limit():
    if MEMORY:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def sources(helpers):
    folder = helpers.SHARED / "models"
    if not folder.exists():
        pytest.skip(f"no real parts: FILEAPI_SHARED ({helpers.SHARED}) is not there")
    return [folder / "step" / name for name in (
        "332_file.stp", "material.stp", "red_cube_blue_cylinder.step", "colored.step", "dm1-id-214.stp")] \
        + [folder / "stl" / name for name in ("Moon.stl", "multibody.stl", "soup.stl", "20mm-xyz-cube.stl")]


@pytest.mark.timeout(3600)
def test_mutants(helpers, tmp_path):
    """Each ends well, with a sentence, or by a signal that its caller explains; none hangs or lingers."""
    chance = random.Random(7)
    files = sources(helpers)
    ends = {}
    for number in range(2000 if helpers.FULL else 120):
        source = files[number % len(files)]
        file = tmp_path / f"mutant{source.suffix}"
        file.write_bytes(damage(source.read_bytes(), chance))
        done = subprocess.run([BUILD / "fileapi-cad", "--in", file, "--metrics", tmp_path / "m",
                               "--glb", tmp_path / "g", "--png", tmp_path / "p"],
                              capture_output=True, timeout=120, preexec_fn=limit)
        ends[done.returncode] = ends.get(done.returncode, 0) + 1
        if done.returncode == 3:
            assert b"HINT:" in done.stderr, done.stderr
        elif done.returncode != 0 and not in_open_cascade(done.stderr):
            assert done.returncode in KILLED_BY_LIMITS, (number, done.returncode, done.stderr[-500:])
    print(f"ends by status: {ends}")
    assert ends.get(0, 0) > 0 and ends.get(3, 0) > 0


def test_a_crash_is_told(alice, helpers, sanitized, tmp_path):
    """A part whose file ends the parser fails with a sentence, and the next one is analysed."""
    if sanitized:
        pytest.skip("AddressSanitizer turns the crash into an exit of its own")
    chance = random.Random(7)
    files = sources(helpers)[:5]
    for number in range(60):
        source = files[number % len(files)]
        data = damage(source.read_bytes(), chance)
        (tmp_path / "mutant.step").write_bytes(data)
        done = subprocess.run([BUILD / "fileapi-cad", "--in", tmp_path / "mutant.step", "--metrics",
                               tmp_path / "m"], capture_output=True, timeout=120, preexec_fn=limit)
        if done.returncode in (-6, -11):
            break
    else:
        pytest.skip("none of these mutants ends Open CASCADE")
    part = alice.upload(data, name="mutant.step")["part_id"]
    assert alice.wait(part, timeout=120) == "failed"
    error = alice.assets(part)["mutant.step"]["asset_stat"]["choices"]["cad_analysis"]["error"]
    assert "stopped at this file" in error["message"] and error["recommmended_user_action"]
    good = alice.upload(helpers.box_stl(), name="good.stl")["part_id"]
    assert alice.wait(good) == "finished"
