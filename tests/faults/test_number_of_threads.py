"""Fault: threads 0, -1, abc, 1000 (option and environment).

Promise: exit 2, or capped with a notice; same bytes.
"""

import pytest
from small import command, notes, tables

WAYS = ["option", "environment"]


def asked(folder, way, text):
    """Run with a number of threads, asked for by the option or by the environment."""
    if way == "option":
        return command(folder / "suites", folder / "out", "--threads", text, NQMBENCH_THREADS=None)
    return command(folder / "suites", folder / "out", NQMBENCH_THREADS=text)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", ["0", "-1", "abc"])
def test_threads_that_nobody_means(tmp_path, way, text):
    done = asked(tmp_path, way, text)
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    name = "threads" if way == "option" else "NQMBENCH_THREADS"
    assert f"{name}: got " in said
    assert text in said
    assert "allowed: an integer in 1..1024" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


@pytest.mark.needs_compiler
def test_threads_1000(tmp_path):
    found = {}
    for way, text in [("option", "1"), *((way, "1000") for way in WAYS)]:
        folder = tmp_path / f"{way} {text}"
        folder.mkdir()
        done = asked(folder, way, text)
        assert done.returncode == 0, done.stderr
        found[way, text] = tables(folder / "out")
        notice = [line for line in notes(done) if line.startswith("note: ")]
        assert notice == notes(done)
        if text == "1":
            assert notice == []
        else:
            assert len(notice) == 1
            assert "1000 threads are asked for" in notice[0]
    assert found["option", "1000"] == found["environment", "1000"] == found["option", "1"]
