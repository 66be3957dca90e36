"""Fault: read-only installation, no home folder.

Promise: kernels still compile (temporary cache), one line says so.

The installation is a copy of the package in folders of mode 555. Who may write everywhere, as root,
gives that up first. Each of these runs compiles all kernels; one of them does for every day.
"""

import ctypes
import os
import shutil
import sys
from pathlib import Path

import pytest
from small import SUITE, command, notes, tables
from warm import undisturbed

import nqmbench

pytestmark = pytest.mark.needs_compiler
slow = pytest.mark.slow

PACKAGE = Path(nqmbench.__file__).parent

# Linux: prctl(PR_CAPBSET_DROP, ...) holds from the next program on.
DROP, MAY_WRITE_ALL, MAY_READ_ALL = 24, 1, 2
ORDINARY = f"""
import ctypes, os, sys
if os.getuid() == 0 and "ORDINARY" not in os.environ:
    for right in ({MAY_WRITE_ALL}, {MAY_READ_ALL}):
        ctypes.CDLL(None).prctl({DROP}, right, 0, 0, 0)
    os.environ["ORDINARY"] = "1"
    os.execv(sys.executable, sys.orig_argv)
"""

# A user without a home: no variable, and no entry among the users.
HOMELESS = """
import pwd
def nobody(uid):
    raise KeyError(uid)
pwd.getpwuid = nobody
"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    """The root of a copy of the package that cannot be written, and of a home that cannot."""
    if not sys.platform.startswith("linux") or (os.getuid() == 0 and not droppable()):
        pytest.skip("this user may write everywhere and cannot give that up")
    root = tmp_path_factory.mktemp("installed")
    shutil.copytree(PACKAGE, root / "nqmbench", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "home").mkdir()
    folders = [root, *(p for p in root.rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    yield root
    for folder in folders:
        folder.chmod(0o755)


def droppable():
    """Whether this process may give up rights (PR_CAPBSET_READ of CAP_SETPCAP)."""
    return ctypes.CDLL(None).prctl(23, 8, 0, 0, 0) == 1


@pytest.fixture(scope="module")
def usual():
    """The tables of the run where nothing is wrong."""
    return tables(undisturbed(SUITE)[1])


def faulty(installation, folder, before, **environment):
    """Run on the read-only copy, with a folder of its own for temporary files."""
    (folder / "temporary").mkdir()
    changed = {
        "NUMBA_CACHE_DIR": None,
        "XDG_CACHE_HOME": None,
        "XDG_CONFIG_HOME": None,
        "MPLCONFIGDIR": None,
        "PYTHONPATH": f"{installation}{os.pathsep}{Path(__file__).parent}",
        "TMPDIR": str(folder / "temporary"),
    }
    return command(folder / "suites", folder / "out", before=before, **(changed | environment))


@pytest.mark.parametrize("home", [pytest.param("read-only", marks=slow), "none"])
def test_read_only_installation_no_home_folder(installation, usual, tmp_path, home):
    there = str(installation / "home") if home == "read-only" else None
    before = ORDINARY if home == "read-only" else ORDINARY + HOMELESS
    done = faulty(installation, tmp_path, before, HOME=there)
    assert done.returncode == 0, done.stderr
    assert len(notes(done)) == 1, done.stderr
    assert notes(done)[0].startswith("compiled kernels cannot be kept: ")
    assert tables(tmp_path / "out") == usual
    # The temporary folders are gone with the process.
    assert list((tmp_path / "temporary").iterdir()) == []
    assert [p.name for p in (tmp_path / "out").iterdir() if p.name.startswith(".")] == []


@slow
def test_read_only_everything_but_the_results(installation, usual, tmp_path):
    # No folder for temporary files either: kernels are compiled in memory, each time.
    nowhere = "import tempfile\ntempfile._candidate_tempdir_list = lambda: ['/dev/null/none']\n"
    done = faulty(installation, tmp_path, ORDINARY + nowhere, HOME=str(installation / "home"))
    assert done.returncode == 0, done.stderr
    assert "nor is any temporary folder" in notes(done)[0]
    assert tables(tmp_path / "out") == usual


def test_the_negative_control_could_not_write(installation, tmp_path):
    probe = f"open({str(installation / 'nqmbench' / 'x')!r}, 'w')\n"
    done = faulty(installation, tmp_path, ORDINARY + probe, HOME=None)
    assert "PermissionError" in done.stderr
