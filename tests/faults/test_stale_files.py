"""Fault: stale lock or temporary files.

Promise: cleaned, no manual step.
"""

import json
import shutil
import sqlite3

import pytest
from small import SUITE
from warm import GROWS, LINUX, begin, exports, judge, names, undisturbed, untraced

pytestmark = [LINUX, pytest.mark.needs_compiler]


def goes_on(suites, out, usual):
    """Run; nothing is left but what an undisturbed run leaves."""
    done = untraced(judge(suites, out))
    assert done.returncode == 0, done
    assert exports(out) == exports(usual)
    assert names(out) == names(usual)
    return done


@pytest.mark.parametrize("moment", ["simulating", "drawing"])
def test_the_holder_of_the_lock_is_killed(tmp_path, moment):
    suites, usual = undisturbed(GROWS)
    out = tmp_path / "out"
    run = begin(suites, out)
    sign = {"simulating": "run.sqlite-journal", "drawing": "run.json"}[moment]
    assert run.until((out / sign).exists)
    run.kill()
    assert run.wait().returncode == -9
    assert json.loads((out / "run.json.lock").read_text())["pid"] == run.pid
    goes_on(suites, out, usual)


STALE = {
    "no holder": b"",
    "no JSON": b"\xff\x00 not a holder",
    "another form": b'{"pid": "many", "since": []}',
    "a dead process": b'{"pid": 4194304, "host": "here", "started": "2020-01-01 00:00:00 UTC"}',
    "a living process": b'{"pid": 1, "host": "here", "started": "2020-01-01 00:00:00 UTC"}',
}


@pytest.mark.parametrize("content", STALE)
def test_a_lock_file_that_nobody_holds(tmp_path, content):
    suites, usual = undisturbed(SUITE)
    out = tmp_path / "out"
    out.mkdir()
    for name in ("run.json.lock", "run.sqlite.lock"):
        (out / name).write_bytes(STALE[content])
    goes_on(suites, out, usual)


def test_temporary_files_of_a_killed_run(tmp_path):
    suites, usual = undisturbed(SUITE)
    out = tmp_path / "out"
    shutil.copytree(usual, out)
    (out / ".write-test").touch()
    (out / ".verdicts.csv.part").write_text("suite,cla")
    (out / "figures" / ".old.png.part").write_bytes(b"\x89PNG")
    (out / ".fonts-x1").mkdir()
    (out / ".fonts-x1" / "fontlist.json").write_text("{")
    assert ", 0 simulated" in goes_on(suites, out, usual).stdout


@pytest.mark.parametrize("journal", [b"", bytes(512), b"not a journal" * 100])
def test_a_journal_that_is_none(tmp_path, journal):
    suites, usual = undisturbed(SUITE)
    out = tmp_path / "out"
    shutil.copytree(usual, out)
    (out / "run.sqlite-journal").write_bytes(journal)
    assert ", 0 simulated" in goes_on(suites, out, usual).stdout


HALF = """
import os, signal, sqlite3
def die(self, records):
    with self.database.session() as connection:
        connection.execute("PRAGMA cache_size = 1")  # pages go to the file before the commit
        connection.execute("PRAGMA cache_spill = 1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE records SET data = zeroblob(length(data))")
        os.kill(os.getpid(), signal.SIGKILL)
import nqmbench.store
real, calls = nqmbench.store.Store.put, []
def put(self, records):
    calls.append(1)
    return die(self, records) if len(calls) == 5 else real(self, records)
nqmbench.store.Store.put = put
"""


def test_a_journal_of_a_transaction_that_was_half_written(tmp_path):
    suites, usual = undisturbed(GROWS)
    out = tmp_path / "out"
    assert judge(suites, out, before=HALF).returncode == -9
    assert (out / "run.sqlite-journal").stat().st_size > 0
    with sqlite3.connect(f"file:{out / 'run.sqlite'}?immutable=1", uri=True) as spoiled:
        query = "SELECT count(*) FROM records WHERE data = zeroblob(length(data))"
        assert spoiled.execute(query).fetchone()[0] > 0  # else there is nothing to be undone
    spoiled.close()
    assert "4 looks found in the results file, 14 simulated" in goes_on(suites, out, usual).stdout


def test_a_results_file_that_was_just_begun(tmp_path):
    suites, usual = undisturbed(SUITE)
    out = tmp_path / "out"
    out.mkdir()
    (out / "run.sqlite").touch()
    goes_on(suites, out, usual)
