"""Fault: same folder, other suites or seed.

Promise: exit 2, names the difference, asks for another --out.
"""

import shutil

import pytest
from small import SUITE, tables
from warm import LINUX, judge, run, undisturbed, untraced

pytestmark = [LINUX, pytest.mark.needs_compiler]

OTHER = SUITE.replace('Suite("small"', 'Suite("other"')
MORE = """
@suite.claim("halves again", of="w[0]", at="last", expect="confirmed")
def again(w0):
    return w0 / 16
"""


@pytest.fixture
def out(tmp_path):
    """The folder of a run of the small suite, with seed 0."""
    shutil.copytree(undisturbed(SUITE)[1], tmp_path / "out")
    return tmp_path / "out"


def kept(out):
    return {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("cache", [[], ["--no-cache"]])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--seed", "1"], "holds results of seed 0, not of seed 1"),
        (["--precision", "f32"], "holds results of precision mixed, not of precision f32"),
    ],
)
def test_other_seed(out, options, said, cache):
    before = kept(out)
    done = untraced(judge(undisturbed(SUITE)[0], out, *options, *cache))
    assert done.returncode == 2
    assert said in done.stderr
    assert "choose another --out" in done.stderr
    assert kept(out) == before


@pytest.mark.parametrize("cache", [[], ["--no-cache"]])
def test_other_suites(tmp_path, out, cache):
    before = kept(out)
    both = tmp_path / "both"
    both.mkdir()
    (both / "small.py").write_text(SUITE)
    (both / "other.py").write_text(OTHER)
    for names, wanted in (["other"], "other"), (["all"], "other, small"):
        options = "--preset", "quick", "--suites", both, "--out", out
        done = untraced(run("run", *names, *options, *cache))
        assert done.returncode == 2
        assert f"holds a run of the suites small, not of {wanted}, " in done.stderr
        assert "choose another --out" in done.stderr
        assert kept(out) == before


def test_killed_before_any_table_the_seed_is_known_all_the_same(out):
    for path in out.glob("*.csv"):
        path.unlink()
    (out / "run.json").unlink()
    done = untraced(judge(undisturbed(SUITE)[0], out, "--seed", "1"))
    assert done.returncode == 2
    assert "holds results of seed 0, not of seed 1: choose another --out" in done.stderr


def test_the_same_suites_go_on_with_more_claims_another_preset_and_new_neighbours(tmp_path):
    suites, out = tmp_path / "suites", tmp_path / "run"
    suites.mkdir()
    (suites / "small.py").write_text(SUITE)
    assert judge(suites, out).returncode == 0
    (suites / "small.py").write_text(SUITE + MORE)
    done = judge(suites, out)
    assert done.returncode == 0, done
    assert "1 look found in the results file, 0 simulated" in done.stdout
    assert b"halves again" in tables(out)["verdicts.csv"]
    done = judge(suites, out, "--preset", "standard")
    assert done.returncode == 0, done
    (suites / "other.py").write_text(OTHER)  # the very same command, and "all" has become more
    done = judge(suites, out)
    assert done.returncode == 0, done
    assert b"other" in tables(out)["verdicts.csv"]
