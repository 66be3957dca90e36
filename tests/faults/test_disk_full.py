"""Fault: disk full.

Promise: exit 74, "disk full at PATH: free space and repeat the command", what was stored is intact.

A limit on the size of a file strikes the largest one first; a small disk of its own, which takes
the rights of root, all of them together.
"""

import contextlib
import os
import shutil
import subprocess

import pytest
from small import SUITE, command, tables
from warm import GROWS, LINUX, exports, judge, names, run, undisturbed, untraced

from nqmbench.store import Store

pytestmark = [LINUX, pytest.mark.needs_compiler]

LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))"


def sound(out):
    """How many records the results file of a run holds; all of them are sound."""
    with Store.open(out / "run.sqlite", readonly=True) as store:
        info = store.info()
    assert info.damaged == 0
    return info.records


def full(done, place):
    """The file at which the disk was full, after a look at the message and what is beside it."""
    assert untraced(done).returncode == 74
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    path = line.removeprefix("error: disk full at ")
    assert path.endswith(": free space and repeat the command"), line
    assert not {name for name in names(place) if "part" in name or "test" in name}
    return path.removeprefix(f"{place}/").split(":")[0]


@pytest.mark.parametrize("size", [10_000, 60_000, 100_000])
def test_disk_full_while_the_results_file_grows(tmp_path, size):
    suites, usual = undisturbed(GROWS)
    out = tmp_path / "out"
    done = judge(suites, out, before=LIMIT.format(size))
    assert full(done, out) == "run.sqlite"
    assert names(out) == {"run.sqlite"}
    kept = sound(out) if size > 10_000 else 0
    assert kept < sound(usual)
    assert size < 100_000 or kept > 5
    done = judge(suites, out)
    assert done.returncode == 0, done
    assert (kept > 0) == ("\n0 looks found" not in done.stdout)
    assert exports(out) == exports(usual)


def largest(usual, pattern):
    """The largest of the files of a run."""
    return max(usual.glob(pattern), key=lambda path: path.stat().st_size)


@pytest.mark.parametrize("pattern", ["*.csv", "figures/*"])
def test_disk_full_while_tables_and_figures_are_written(tmp_path, pattern):
    suites, usual = undisturbed(GROWS)
    out, file = tmp_path / "out", largest(usual, pattern)
    out.mkdir()
    shutil.copy(usual / "run.sqlite", out)
    done = judge(suites, out, before=LIMIT.format(file.stat().st_size - 1))
    assert full(done, out) == str(file.relative_to(usual))
    if pattern == "*.csv":  # all tables or none
        assert names(out) == {"run.sqlite"}
    else:
        assert {path.name for path in usual.iterdir()} - names(out) <= {"drawn.json"}
    assert sound(out) == sound(usual)
    assert judge(suites, out).returncode == 0
    assert exports(out) == exports(usual)


def test_disk_full_when_a_finished_run_is_repeated(tmp_path):
    suites, usual = undisturbed(GROWS)
    out = tmp_path / "out"
    shutil.copytree(usual, out)
    for size in (500, largest(usual, "*.csv").stat().st_size - 1):
        full(judge(suites, out, before=LIMIT.format(size)), out)
        assert exports(out) == exports(usual)
        assert names(out) == names(usual)


@contextlib.contextmanager
def disk(place, size):
    """A small disk at a folder."""
    if os.getuid() != 0:
        pytest.skip("only root may mount a disk")
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if (
        not shutil.which("mount")
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("this system does not let a disk be mounted")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("size", ["80k", "200k"])
def test_disk_full(tmp_path, size):
    suites, usual = undisturbed(GROWS)
    place = tmp_path / "disk"
    with disk(place, size):
        done = judge(suites, place / "out")
        assert (full(done, place) == "out/run.sqlite") == (size == "80k")
        assert 3 < sound(place / "out") <= sound(usual)
        subprocess.run(["mount", "-o", "remount,size=4m", str(place)], check=True)
        assert judge(suites, place / "out").returncode == 0
        assert exports(place / "out") == exports(usual)


def test_disk_full_where_the_output_goes(tmp_path):
    suites, usual = undisturbed(SUITE)
    shutil.copytree(usual, tmp_path / "out")
    device = "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), {0})"
    done = untraced(judge(suites, tmp_path / "out", before=device.format(1)))
    assert done.returncode == 74
    assert "error: disk full at the output: free space and repeat the command" in done.stderr
    assert untraced(judge(suites, tmp_path / "out", before=device.format(2))).returncode == 74
    assert exports(tmp_path / "out") == exports(usual)
    assert run("list", "--suites", suites, before=device.format(1)).returncode == 74


@pytest.mark.slow  # compiles all kernels afresh
def test_disk_full_where_kernels_are_kept(tmp_path):
    usual = undisturbed(SUITE)[1]
    with disk(tmp_path / "disk", "100k"):
        done = command(
            tmp_path / "suites", tmp_path / "out", NUMBA_CACHE_DIR=str(tmp_path / "disk")
        )
    assert untraced(done).returncode == 0
    (line,) = [line for line in done.stderr.splitlines() if "cannot be kept" in line]
    assert "No space left on device" in line
    assert tables(tmp_path / "out") == tables(usual)
