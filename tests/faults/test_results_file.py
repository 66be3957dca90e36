"""Fault: results file truncated, foreign, newer schema.

Promise: exit 65, file untouched, says what to do.
"""

import shutil

import pytest
from small import SUITE, tables
from warm import LINUX, judge, undisturbed, untraced

from nqmbench.schema import SCHEMA_VERSION

pytestmark = [LINUX, pytest.mark.needs_compiler]

AGAIN = "delete it and repeat the command (its content is computed again), or choose another --out"


def newer(sound):
    return sound[:60] + (SCHEMA_VERSION + 1).to_bytes(4, "big") + sound[64:]


FAULTS = {
    "cut in half": (lambda sound: sound[: len(sound) // 2], AGAIN),
    "cut after its head": (lambda sound: sound[:100], AGAIN),
    "cut in its head": (lambda sound: sound[:50], AGAIN),
    "a table renamed": (lambda _: tables(undisturbed(SUITE)[1])["cells.csv"], AGAIN),
    "another program's": (lambda sound: sound[:68] + b"else" + sound[72:], "choose another --out"),
    "newer": (newer, "update nqmbench, or choose another --out"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_results_file(tmp_path, fault):
    suites, usual = undisturbed(SUITE)
    out, (spoil, advice) = tmp_path / "out", FAULTS[fault]
    out.mkdir()
    spoiled = spoil((usual / "run.sqlite").read_bytes())
    (out / "run.sqlite").write_bytes(spoiled)
    done = untraced(judge(suites, out))
    assert done.returncode == 65
    assert f"error: {out / 'run.sqlite'}: " in done.stderr
    assert advice in done.stderr
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {"run.sqlite": spoiled}


def test_what_the_message_advises_helps(tmp_path):
    suites, usual = undisturbed(SUITE)
    out = tmp_path / "out"
    shutil.copytree(usual, out)
    (out / "run.sqlite").write_bytes((usual / "run.sqlite").read_bytes()[:5000])
    assert judge(suites, out).returncode == 65
    assert tables(out) == tables(usual)
    (out / "run.sqlite").unlink()
    assert judge(suites, out).returncode == 0
    assert tables(out) == tables(usual)
