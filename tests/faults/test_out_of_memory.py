"""Fault: out of memory (RLIMIT_AS).

Promise: resumable, with advice.

The limit is set in the process itself, so much above what it has then.
"""

import pytest
from warm import GROWS, LINUX, exports, judge, names, undisturbed, untraced

pytestmark = [LINUX, pytest.mark.needs_compiler]

LIMIT = """
import os, resource
def limit():
    used = int(open("/proc/self/statm").read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + {0} * 2**20,) * 2)
"""
AT_ONCE = LIMIT + "limit()\n"
# After the third look, at the next piece of memory that is wanted.
LATER = (
    LIMIT
    + """
import nqmbench.simulator
real, calls = nqmbench.simulator.run_pass, []
def run_pass(*args, **kwargs):
    calls.append(1)
    if len(calls) == 4:
        limit()
    return real(*args, **kwargs)
nqmbench.simulator.run_pass = run_pass
"""
)
# When figures are drawn, by a large array.
DRAWING = (
    LIMIT
    + """
import nqmbench.report.figures, numpy
def draw(figure):
    limit()
    numpy.ones(10**9)
nqmbench.report.figures.draw = draw
"""
)


def starved(done):
    """Check the message of a run that had too little memory."""
    assert untraced(done).returncode == 74
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert line.startswith("error: out of memory")
    for advice in (
        "what was simulated is kept",
        "repeat the command",
        "fewer --threads",
        "smaller",
    ):
        assert advice in line


@pytest.mark.parametrize(
    ("before", "megabytes", "threads", "looks"),
    [(AT_ONCE, 0, 1, 0), (AT_ONCE, 13, 2, 0), (LATER, 0, 1, 3), (DRAWING, 100, 2, 18)],
    ids=["at once", "threads", "simulating", "drawing"],
)
def test_out_of_memory(tmp_path, before, megabytes, threads, looks):
    suites, usual = undisturbed(GROWS)
    out = tmp_path / "out"
    options = "--threads", threads, "--force"  # what memory there is may be too little at once
    starved(judge(suites, out, *options, before=before.format(megabytes)))
    done = judge(suites, out)
    assert done.returncode == 0, done
    assert f"\n{looks} looks found in the results file, {18 - looks} simulated" in done.stdout
    assert exports(out) == exports(usual)
    assert names(out) == names(usual)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_whatever_memory_there_is_a_run_succeeds_or_says_so(tmp_path, threads):
    suites, usual = undisturbed(GROWS)
    codes = set()
    for megabytes in (0, 1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64, 96, 128, 256, 512):
        out = tmp_path / str(megabytes)
        options = "--threads", threads, "--force"
        done = judge(suites, out, *options, before=AT_ONCE.format(megabytes))
        codes.add(done.returncode)
        if done.returncode:
            starved(done)
            assert judge(suites, out).returncode == 0
        assert exports(out) == exports(usual), megabytes
    assert codes == {0, 74}
