"""What an examination says of the compiled kernels, their cache and their speed."""

from pathlib import Path

import pytest
from examined import by_name, run_doctor

import nqmbench.kernels
from nqmbench.doctor import (
    kernels,
    speed,
)
from nqmbench.doctor.examine import PARTS
from nqmbench.kernels.cache import Place

needs_compiler = pytest.mark.needs_compiler


@pytest.fixture(autouse=True)
def _no_wishes(monkeypatch):
    for name in ("NQMBENCH_KERNELS", "NQMBENCH_THREADS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def at_once(monkeypatch):
    """The speed is not measured for two seconds."""
    monkeypatch.setattr(speed, "SECONDS", 0.001)


# -- kernels ---------------------------------------------------------------------------------------


@needs_compiler
def test_another_digest_than_the_known_one_is_trouble(monkeypatch):
    known = nqmbench.kernels.KNOWN_DIGESTS
    monkeypatch.setattr(nqmbench.kernels, "digest", lambda bits: "0" * 16)
    found = list(kernels.digests())
    assert [(f.name, f.verdict) for f in found] == [
        ("noise, f32", "trouble"),
        ("noise, f64", "trouble"),
    ]
    monkeypatch.setattr(nqmbench.kernels, "digest", lambda bits: known[bits])
    assert [f.verdict for f in kernels.digests()] == ["ok", "ok"]


def test_the_choice_of_kernels_is_judged():
    verdicts = {named: kernels.chosen(named).verdict for named in (None, "fast", "plain", "x", "")}
    assert verdicts == {None: "ok", "fast": "ok", "plain": "notice", "x": "trouble", "": "trouble"}


def test_without_a_compiler_no_kernel_is_started(at_once):
    found = run_doctor(*PARTS, NUMBA_DISABLE_JIT="1")
    troubles = {name for name, f in found.items() if f["verdict"] == "trouble"}
    assert troubles == {"kernels"}
    assert not {"vectors", "noise, f32", "SGD"} & set(found)


def test_a_cache_that_cannot_be_kept_is_trouble_and_a_large_one_a_notice(tmp_path, monkeypatch):
    assert kernels.kept(Place(tmp_path, "home folder")).verdict == "ok"
    temporary = kernels.kept(Place(tmp_path, "temporary folder", "/closed"))
    assert temporary.verdict == "trouble"
    assert temporary.seen == f"/closed is not writable; kept in {tmp_path}, for this process"
    nowhere = kernels.kept(Place(Path(), "nowhere", "/closed", kept=False))
    assert nowhere.seen.endswith("kept nowhere")
    assert "NUMBA_CACHE_DIR" in nowhere.advice

    (tmp_path / "kernel.nbc").write_bytes(bytes(100))
    assert kernels.size(Place(tmp_path, "home folder")).verdict == "ok"
    monkeypatch.setattr(kernels, "LARGE", 50)
    assert kernels.size(Place(tmp_path, "home folder")).verdict == "notice"


@needs_compiler
@pytest.mark.parametrize("name", ["NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME"])
def test_each_way_to_name_the_cache_is_told_and_a_file_in_its_place_is_trouble(tmp_path, name):
    good = run_doctor("kernels", **{name: str(tmp_path)}, NUMBA_DISABLE_JIT="1")["cache"]
    assert good["verdict"] == "ok"
    assert str(tmp_path) in good["seen"]
    (tmp_path / "file").write_text("")
    bad = run_doctor("kernels", **{name: str(tmp_path / "file")}, NUMBA_DISABLE_JIT="1")["cache"]
    assert bad["verdict"] == "trouble"
    assert f"{tmp_path / 'file'}" in bad["seen"]


# -- speed -----------------------------------------------------------------------------------------


@needs_compiler
def test_the_speed_is_measured_on_one_thread_and_on_all(monkeypatch, at_once):
    monkeypatch.setenv("NQMBENCH_THREADS", "1")
    assert [f.name for f in speed.speed()] == ["SGD", "averaged heavy ball"]
    experiments = []
    monkeypatch.setattr(speed, "rate", lambda e, n: experiments.append((e, n)) or 100.0 * n)
    monkeypatch.setattr(speed, "usable_threads", lambda _: 4)
    found = by_name(speed.speed())
    assert [n for _, n in experiments] == [1, 4, 1, 4]
    assert found["SGD, all"].seen == "400 on 4 threads, 4.0 times that on one"


def test_a_slow_processor_and_idle_threads_are_notices():
    assert speed.alone("SGD", 1000.0, "fast").verdict == "ok"
    assert speed.alone("SGD", 100.0, "fast").verdict == "notice"
    assert speed.alone("SGD", 100.0, "plain").verdict == "ok"  # told with the kernels
    assert speed.together("SGD", 1000.0, 1900.0, 2).verdict == "ok"
    assert speed.together("SGD", 1000.0, 1100.0, 2).verdict == "notice"
