"""Fault: two runs in one folder.

Promise: the second exits 75 with pid and start of the first.
"""

import shutil

import pytest
from small import SUITE, tables
from warm import LINUX, begin, judge, names, run, undisturbed, untraced

pytestmark = [LINUX, pytest.mark.needs_compiler]

# The first run stops, with the folder its own, at the moment that a test chooses.
SIMULATING = "nqmbench.simulator.Simulator.trajectories"
WRITING = "nqmbench.report.write_report"
STOPPED = """
import importlib, os, time
module, _, name = "{name}".rpartition(".")
try:
    owner = importlib.import_module(module)
except ModuleNotFoundError:
    module, _, owner = module.rpartition(".")
    owner = getattr(importlib.import_module(module), owner)
real = getattr(owner, name)
def stopped(*args, **kwargs):
    open("{flag}", "w").close()
    while not os.path.exists("{flag}.go"):
        time.sleep(0.005)
    return real(*args, **kwargs)
setattr(owner, name, stopped)
"""


@pytest.mark.parametrize("moment", [SIMULATING, WRITING])
@pytest.mark.parametrize("options", [[], ["--no-cache"]])
def test_two_runs_in_one_folder(tmp_path, moment, options):
    suites, usual = undisturbed(SUITE)
    out, flag = tmp_path / "out", tmp_path / "flag"
    first = begin(suites, out, *options, before=STOPPED.format(name=moment, flag=flag))
    assert first.until(flag.exists), first.wait()
    for other in ([], ["--no-cache"]):
        second = untraced(judge(suites, out, *other))
        assert second.returncode == 75
        assert f"in use by another run (process {first.pid}, since 20" in second.stderr
        assert "wait until it has ended, stop it, or choose another --out" in second.stderr
    (tmp_path / "flag.go").touch()
    assert untraced(first.wait()).returncode == 0
    assert tables(out) == tables(usual)
    assert judge(suites, out).returncode == 0  # whoever comes next finds no lock
    assert names(out) == names(usual)


def test_the_report_of_a_folder_waits_for_its_run(tmp_path):
    suites, usual = undisturbed(SUITE)
    out, flag = tmp_path / "out", tmp_path / "flag"
    shutil.copytree(usual, out)
    first = begin(suites, out, before=STOPPED.format(name=WRITING, flag=flag))
    assert first.until(flag.exists), first.wait()
    second = untraced(run("report", out))
    assert second.returncode == 75
    assert f"process {first.pid}, since 20" in second.stderr
    first.kill()
    first.wait()
    assert run("report", out).returncode == 0
