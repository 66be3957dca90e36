"""Fault: huge grids and dimensions (1e12 cells, d = 1e9).

Promise: estimate of memory, time, disk; refused with the numbers unless --force (an allocation may
succeed lazily: estimate, do not try).

The process may not grow by more than a part of what it would need, so that trying is found out.
"""

import re

import pytest
from warm import LINUX, judge, run, untraced

pytestmark = [LINUX, pytest.mark.needs_compiler]

GRID = """
import itertools
import nqmbench as nq

def grid():
    for a, B in itertools.product(range(10**6), repeat=2):
        yield nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(1e-6 * (a + 1)), batch=B + 1)

suite = nq.Suite("huge", experiments=grid)

@suite.claim("constant", of="error")
def constant():
    return 1.0
"""

WIDE = """
import numpy as np
import nqmbench as nq

def wide(d):
    h = np.broadcast_to(0.5, d)  # one number, repeated
    method = nq.preconditioned(nq.heavy_ball(0.1, 0.9), power=0.5)
    return nq.Experiment(nq.NoisyQuadratic(h, sigma=2.0), method, observables=["w2[i]"])

suite = nq.Suite("huge", experiments=[wide(10**9)])

@suite.claim("constant", of="{of}", at="last")
def constant():
    return 1.0
"""

LONG = """
import nqmbench as nq

suite = nq.Suite("huge", experiments=[
    nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(1 / (i + 1)), steps=10**6) for i in range(1500)])

@suite.claim("constant", of="error", at="last")
def constant():
    return 1.0
"""

CASES = {
    "1e12 cells": (GRID, "experiments", r"more than 2,001, of 2,000"),
    "d = 1e9": (WIDE.format(of="error"), "memory", r"at least 200 GB, of \d.*"),
    "1e9 cells": (WIDE.format(of="w2[i]"), "cells", r"at least 1,000,000,000"),
    "long": (LONG, "time", r"at least 27.3 h on 1 thread, of 24 h"),
}

LITTLE = """
import os, resource
used = int(open("/proc/self/statm").read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
resource.setrlimit(resource.RLIMIT_AS, (used + 2 * 10**9,) * 2)
"""


def suites(folder, text):
    (folder / "suites").mkdir()
    (folder / "suites" / "huge.py").write_text(text)
    return folder / "suites"


@pytest.mark.parametrize("case", CASES)
def test_huge_grids(tmp_path, case):
    text, number, seen = CASES[case]
    options = "--threads", "1", "--preset", "strict"
    before = LITTLE + "import nqmbench.estimate; nqmbench.estimate.MOST_EXPERIMENTS = 2000"
    done = untraced(judge(suites(tmp_path, text), tmp_path / "out", *options, before=before))
    assert done.returncode == 2
    assert done.stderr.startswith("error: this run is too large:\n")
    told = dict(re.findall(r"^  (\w+) +(.*)$", done.stderr, re.MULTILINE))
    assert list(told) == ["cells", "experiments", "memory", "time", "disk"]
    assert re.fullmatch(seen, told[number]), told
    assert "--force (in Python force=True) starts it all the same" in done.stderr
    assert not (tmp_path / "out").exists()


def test_huge_runs_start_with_force(tmp_path):
    few = suites(tmp_path, GRID.replace("range(10**6), repeat=2", "range(2), range(2)"))
    small = "import nqmbench.estimate; nqmbench.estimate.MOST_EXPERIMENTS = 3"
    done = untraced(judge(few, tmp_path / "out", before=small))
    assert done.returncode == 2
    assert "experiments  more than 4, of 3" in done.stderr
    assert judge(few, tmp_path / "out", "--force", before=small).returncode == 0
    assert judge(few, tmp_path / "out").returncode == 0  # which is asked for as before


def test_a_huge_suite_is_listed_and_not_shown(tmp_path):
    folder = suites(tmp_path, WIDE.format(of="w2[i]"))
    assert "huge" in untraced(run("list", "--suites", folder, before=LITTLE)).stdout
    done = untraced(run("show", "huge", "--suites", folder, before=LITTLE))
    assert done.returncode == 2
    assert "too large" in done.stderr
