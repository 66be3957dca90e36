"""Fault: output folder cannot be written.

Promise: exit 73 before anything is simulated.

Root gives itself up first: a user who may write everywhere would not notice.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from small import SUITE
from warm import LINUX, judge, names, run, undisturbed, untraced

pytestmark = [LINUX, pytest.mark.needs_compiler]

NOBODY = 65534
ORDINARY = f"""
import os
if os.getuid() == 0:
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
"""
IDLE = """
import nqmbench.simulator
def trajectories(*_):
    raise AssertionError("simulated")
nqmbench.simulator.Simulator.trajectories = trajectories
"""


@pytest.fixture
def place():
    """A folder that any user can reach, with a suite; other temporary ones only their owner can."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        shutil.copytree(undisturbed(SUITE)[0], root / "suites")
        if os.getuid() == 0:
            for path in (root, *root.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        yield root
        for path in (root, *root.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)


def refused(place, out, before="", **more):
    """The error of a run, which has simulated nothing and left everything as it was."""
    there = names(place)
    done = untraced(judge(place / "suites", out, before=before + IDLE, **more))
    assert done.returncode == 73, done
    assert names(place) == there
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "choose another --out" in line
    return line


def test_output_folder_cannot_be_written(place):
    out = place / "out"
    out.mkdir()
    out.chmod(0o555)
    line = refused(place, out, ORDINARY)
    assert line.startswith(f"error: {out}/")
    assert "cannot be written (Permission denied)" in line


def test_output_folder_of_an_earlier_run_cannot_be_written_any_more(place):
    out = place / "out"
    shutil.copytree(undisturbed(SUITE)[1], out)
    out.chmod(0o555)
    refused(place, out, ORDINARY)
    done = untraced(run("report", out, before=ORDINARY))
    assert done.returncode == 73


def test_output_folder_cannot_be_made(place):
    (place / "closed").mkdir()
    (place / "closed").chmod(0o555)
    refused(place, place / "closed" / "out", ORDINARY)
    # Without --out, where the default is below a folder that cannot be written.
    place_of_default = "--preset", "quick", "--suites", place / "suites"
    done = untraced(run("run", "small", *place_of_default, before=ORDINARY + IDLE,
                        folder=place / "closed"))  # fmt: skip
    assert done.returncode == 73
    assert "reports" in done.stderr
    assert "choose another --out" in done.stderr


def test_the_negative_control_may_write(place):
    assert judge(place / "suites", place / "out", "--threads", "1", before=ORDINARY).returncode == 0


@pytest.mark.parametrize("what", ["a file", "below a file", "a dangling link", "a long name"])
def test_output_folder_is_no_folder(place, what):
    (place / "file").write_text("mine")
    (place / "link").symlink_to(place / "nowhere")
    out = {
        "a file": place / "file",
        "below a file": place / "file" / "out",
        "a dangling link": place / "link",
        "a long name": place / ("x" * 300),
    }[what]
    refused(place, out)
    assert (place / "file").read_text() == "mine"
