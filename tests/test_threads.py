"""Who decides how many threads run, and what is refused.

A container or a batch system is a folder here, with the files that the kernel would show.
"""

import os
import re
from fractions import Fraction
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nqmbench import threads
from nqmbench.arguments import Arguments
from nqmbench.errors import InvalidArguments
from nqmbench.threads import MOST_THREADS, available_threads, check_threads, limits

pytestmark = pytest.mark.once

GARBAGE = ["", " ", "0", "-1", "1.5", "two", "1e3", "4(x2)", "²", "1٣", "0x4", "4 4", "9" * 5000]


@pytest.fixture(autouse=True)
def _no_wishes(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("NQMBENCH_", "SLURM_")):
            monkeypatch.delenv(name)


@pytest.fixture
def machine(tmp_path):
    """A function that writes the files of a file system and returns its root."""

    def write(files):
        for name, text in files.items():
            place = tmp_path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        return tmp_path

    return write


def decide(seen=None):
    checks = Arguments("simulate")
    found = check_threads(checks, seen)
    checks.done()
    return found


# -- the order of the wishes -----------------------------------------------------------------------


def test_the_argument_wins_over_the_variable_and_the_variable_over_the_machine(monkeypatch):
    monkeypatch.setattr(threads, "limits", lambda: {"cores": 8, "cgroup": 5})
    assert decide() == 5
    monkeypatch.setenv("NQMBENCH_THREADS", "7")
    assert decide() == 7
    assert decide(9) == 9


def test_a_wrong_variable_does_not_matter_where_the_argument_decides(monkeypatch):
    monkeypatch.setenv("NQMBENCH_THREADS", "two")
    assert decide(3) == 3


def test_a_machine_larger_than_any_number_allowed_is_used_up_to_it(monkeypatch):
    monkeypatch.setattr(threads, "limits", lambda: {"cores": 4096})
    assert available_threads() == decide() == MOST_THREADS


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("08", 8), (" 4\n", 4), ("1024", 1024)])
def test_the_variable_is_read_as_a_number(monkeypatch, text, number):
    monkeypatch.setenv("NQMBENCH_THREADS", text)
    assert decide() == number


@pytest.mark.parametrize("seen", [0, -1, "two", "2", 1.5, True, float("nan"), [2], 1025, 10**30])
def test_a_number_of_threads_that_nobody_means_is_refused(seen):
    with pytest.raises(InvalidArguments, match=r"threads: got .*; allowed: an integer in 1..1024"):
        decide(seen)


@pytest.mark.parametrize("text", [*GARBAGE, "1025"])
def test_a_wrong_variable_is_shown_with_what_is_allowed(monkeypatch, text):
    monkeypatch.setenv("NQMBENCH_THREADS", text)
    seen = re.escape(repr(text)[:50])
    with pytest.raises(
        InvalidArguments, match=rf"NQMBENCH_THREADS: got {seen}.*allowed: an integer in 1..1024"
    ):
        decide()


# -- the machine -----------------------------------------------------------------------------------


def test_the_cores_of_the_affinity_are_a_limit(monkeypatch):
    monkeypatch.delattr(os, "process_cpu_count", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert limits(Path("/nowhere")) == {"cores": 3}
    monkeypatch.setattr(os, "process_cpu_count", lambda: 2, raising=False)
    assert limits(Path("/nowhere")) == {"cores": 2}
    monkeypatch.delattr(os, "process_cpu_count")
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert limits(Path("/nowhere")) == {"cores": 1}


def test_without_a_wish_no_more_threads_than_cores_are_used():
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count())
    assert 1 <= available_threads() <= len(cores)


def test_the_smallest_limit_holds(monkeypatch):
    for least in ("cores", "cgroup", "SLURM_CPUS_PER_TASK"):
        found = {"cores": 8, "cgroup": 8, "SLURM_CPUS_PER_TASK": 8, least: 2}
        monkeypatch.setattr(threads, "limits", lambda found=found: found)
        assert available_threads() == 2


VERSION_2 = {
    "a container": ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),
    "part of a core": ("0::/\n", {"cpu.max": "50000 100000\n"}, 1),
    "a core and a bit": ("0::/\n", {"cpu.max": "100001 100000\n"}, 2),
    "no limit": ("0::/\n", {"cpu.max": "max 100000\n"}, None),
    "the host has no file": ("0::/\n", {}, None),
    "the group's own": ("0::/a/b\n", {"a/b/cpu.max": "300000 100000\n"}, 3),
    "a group above": (
        "0::/a/b/c\n",
        {"cpu.max": "max 100000\n", "a/cpu.max": "200000 100000", "a/b/cpu.max": "900000 100000"},
        2,
    ),
    "a sibling": ("0::/a\n", {"b/cpu.max": "100000 100000\n"}, None),
    "the host's path, shown inside": ("0::/docker/1f\n", {"cpu.max": "400000 100000\n"}, 4),
    "outside of the name space": ("0::/../a\n", {"cpu.max": "400000 100000\n"}, 4),
    "not a folder beside the mount": ("0::/../a\n", {"../a/cpu.max": "400000 100000\n"}, None),
    "a colon in the path": ("0::/a:b\n", {"a:b/cpu.max": "400000 100000\n"}, 4),
    "beside version 1": (
        "3:cpuset:/\n1:name=systemd:/\n0::/a\n",
        {"unified/a/cpu.max": "100000 100000\n"},
        1,
    ),
    "garbage": ("0::/\n", {"cpu.max": "one two\n"}, None),
    "too few words": ("0::/\n", {"cpu.max": "100000\n"}, None),
    "too many words": ("0::/\n", {"cpu.max": "100000 100000 1\n"}, None),
    "a period of nothing": ("0::/\n", {"cpu.max": "100000 0\n"}, None),
}

VERSION_1 = {
    "a container": ("4:cpu,cpuacct:/\n", "cpu,cpuacct", "150000", "100000", 2),
    "the other name of the mount": ("4:cpuacct,cpu:/\n", "cpu", "150000", "100000", 2),
    "the controller alone": ("1:cpu:/\n", "cpu", "100000", "100000", 1),
    "the group's own": ("1:cpu:/slurm/job_1\n", "cpu/slurm/job_1", "100000", "50000", 2),
    "a group above": ("1:cpu:/slurm/job_1\n", "cpu/slurm", "100000", "50000", 2),
    "no limit": ("1:cpu:/\n", "cpu", "-1", "100000", None),
    "another controller": ("1:cpuset:/\n", "cpuset", "100000", "100000", None),
    "one whose name begins alike": ("1:cpuacct:/\n", "cpu", "100000", "100000", None),
    "garbage": ("1:cpu:/\n", "cpu", "", "100000", None),
}


@pytest.mark.parametrize(("lines", "files", "cores"), VERSION_2.values(), ids=VERSION_2)
def test_control_groups_of_version_2_limit_the_threads(machine, lines, files, cores):
    root = machine(
        {"proc/self/cgroup": lines} | {f"sys/fs/cgroup/{name}": t for name, t in files.items()}
    )
    assert limits(root).get("cgroup") == cores


@pytest.mark.parametrize(
    ("lines", "group", "quota", "period", "cores"), VERSION_1.values(), ids=VERSION_1
)
def test_control_groups_of_version_1_limit_the_threads(machine, lines, group, quota, period, cores):
    root = machine(
        {
            "proc/self/cgroup": lines,
            f"sys/fs/cgroup/{group}/cpu.cfs_quota_us": f"{quota}\n",
            f"sys/fs/cgroup/{group}/cpu.cfs_period_us": f"{period}\n",
        }
    )
    assert limits(root).get("cgroup") == cores


def test_a_machine_without_control_groups_has_no_such_limit(machine):
    assert "cgroup" not in limits(machine({}))


def test_a_limit_that_cannot_be_read_is_none(machine):
    root = machine({"proc/self/cgroup": "0::/a\n"})
    (root / "sys/fs/cgroup/a/cpu.max").mkdir(parents=True)  # as unreadable as a forbidden file
    assert "cgroup" not in limits(root)


@settings(deadline=None)
@given(st.integers(1, 10**9), st.integers(1000, 10**6))
def test_a_quota_is_rounded_up(quota, period):
    assert list(threads.cores(str(quota), str(period))) == [ceil(Fraction(quota, period))]


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=60), st.text(max_size=20), st.text(max_size=20))
def test_no_text_whatever_is_an_error(lines, quota, period):
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in {
            "proc/self/cgroup": f"{lines}\n0::/{lines}\n1:cpu:{quota}",
            "sys/fs/cgroup/cpu.max": quota,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": quota,
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": period,
        }.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8", errors="surrogatepass")
        assert min(limits(root).values()) >= 1


# -- Slurm -----------------------------------------------------------------------------------------

SLURM = {
    "of the task": ({"SLURM_CPUS_PER_TASK": "2"}, 2),
    "of the task before those of the node": (
        {"SLURM_CPUS_PER_TASK": "2", "SLURM_CPUS_ON_NODE": "64"},
        2,
    ),
    "of the node": ({"SLURM_CPUS_ON_NODE": "6"}, 6),
    "of the node, if the task's are garbage": (
        {"SLURM_CPUS_PER_TASK": "many", "SLURM_CPUS_ON_NODE": "6"},
        6,
    ),
    "none promised": ({"SLURM_JOB_ID": "17"}, None),
}


@pytest.mark.parametrize(("environ", "cores"), SLURM.values(), ids=SLURM)
def test_the_cores_that_slurm_promised_are_a_limit(monkeypatch, machine, environ, cores):
    for name, text in environ.items():
        monkeypatch.setenv(name, text)
    found = limits(machine({}))
    found.pop("cores")
    assert list(found.values()) == ([] if cores is None else [cores])


@pytest.mark.parametrize("text", GARBAGE)
def test_garbage_in_a_variable_of_slurm_is_passed_over(monkeypatch, text):
    before = decide()
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", text)
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", text)
    assert decide() == before


def test_slurm_limits_the_process_itself(monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    assert decide() == available_threads() == 1
