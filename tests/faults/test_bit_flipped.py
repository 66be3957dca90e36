"""Fault: one bit of a stored record flipped.

Promise: exit 65 or the block is recomputed: own SHA-256 per record (SQLite's integrity check says
ok).
"""

import random
import sqlite3

import pytest
from warm import GROWS, LINUX, exports, judge, undisturbed, untraced

from nqmbench.store import Store

pytestmark = [LINUX, pytest.mark.needs_compiler]

KEYS = "subject", "observable"  # a record is found by these
UNIQUE = "data", "sha256"  # no two records have the same


def flipped(column, rng):
    """A results file with a bit flipped in that column of a record, and how that is called."""
    usual = undisturbed(GROWS)[1] / "run.sqlite"
    connection = sqlite3.connect(usual)
    query = f"SELECT {column}, label, observable, first FROM records"
    value, *named = rng.choice(connection.execute(query).fetchall())
    connection.close()
    sought = value if isinstance(value, bytes) else value.encode()
    file = bytearray(usual.read_bytes())
    # The same text may stand in several records: one of these places is spoiled.
    places = [at for at in range(len(file)) if file.startswith(sought, at)]
    bit = rng.choice(places) * 8 + rng.randrange(8 * len(sought))
    file[bit // 8] ^= 1 << bit % 8
    return bytes(file), named


@pytest.mark.parametrize("column", [*KEYS, *UNIQUE, "steps"])
def test_bit_flipped(tmp_path, column):
    suites, usual = undisturbed(GROWS)
    out, rng = tmp_path / "out", random.Random(column)
    out.mkdir()
    spoiled, (label, observable, first) = flipped(column, rng)
    (out / "run.sqlite").write_bytes(spoiled)
    done = untraced(judge(suites, out))
    if done.returncode == 65:
        assert (out / "run.sqlite").read_bytes() == spoiled
        return
    assert done.returncode == 0, done
    assert ", 1 simulated" in done.stdout
    told = " ".join(done.stdout.split())
    if column in UNIQUE:
        assert f"{label}, {observable}, trajectories from {first}: damaged, and computed" in told
    if column not in KEYS:
        assert "damaged, and computed again when it is needed" in told
        assert "damaged" not in judge(suites, out).stdout
    else:  # the record is there under a name that nothing asks for
        with Store.open(out / "run.sqlite") as store:
            assert (store.info().damaged, len(store.damaged)) == (1, 1)
    assert exports(out) == exports(usual)


def test_sqlite_itself_does_not_notice(tmp_path):
    spoiled, *_ = flipped("data", random.Random(1))
    (tmp_path / "run.sqlite").write_bytes(spoiled)
    with sqlite3.connect(tmp_path / "run.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
