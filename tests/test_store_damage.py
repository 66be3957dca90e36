"""What a results file answers to damage, foreign files and full disks. See `Store.open`."""

import os
import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from store_processes import POSIX, files, run
from stored import NAMES, STEPS, address, fill, moments, same

from nqmbench.errors import (
    DamagedRunError,
    DiskError,
    NqmbenchError,
    OutputError,
    UsageError,
)
from nqmbench.records import cut
from nqmbench.schema import SCHEMA_VERSION
from nqmbench.shards import merge
from nqmbench.store import Store

pytestmark = pytest.mark.once


def refused(path, code, *said):
    """Opened in any way it is refused, with an exit code and words, and not a byte is changed."""
    before = files(path)
    for readonly in (False, True):
        with pytest.raises(NqmbenchError) as caught:
            Store.open(path, readonly)
        assert caught.value.exit_code == code
        assert str(path) in str(caught.value)
    assert files(path) == before
    with pytest.raises(NqmbenchError) as caught:
        Store.open(path)
    for words in said:
        assert words in str(caught.value)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.01])
def test_a_truncated_file_is_refused(filled, share):
    filled.write_bytes(filled.read_bytes()[: int(filled.stat().st_size * share)])
    refused(filled, 65, "delete it and repeat the command", "or choose another --out")


def test_a_few_bytes_are_no_results_file(filled):
    filled.write_bytes(filled.read_bytes()[:50])
    refused(filled, 65, "not a results file of nqmbench, or damaged: delete it and repeat")


def test_a_table_that_was_renamed_is_refused(path):
    path.write_text("suite,claim,ref\n" + "sgd,boxed,T1-08\n" * 100)
    refused(path, 65, "not a results file of nqmbench")


def test_a_database_of_another_program_is_refused(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE records (id)")
    connection.commit()
    connection.close()
    refused(path, 65, "a database of another program, not of nqmbench: choose another --out")


def test_a_newer_version_is_refused_with_the_advice_to_update(filled):
    connection = sqlite3.connect(filled)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    refused(filled, 65, f"a newer nqmbench (schema {SCHEMA_VERSION + 1}, this one knows "
            f"{SCHEMA_VERSION}): update nqmbench, or choose another --out")  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    ["DROP TABLE cells", "ALTER TABLE records ADD COLUMN more",
     "CREATE TRIGGER t AFTER INSERT ON cells BEGIN DELETE FROM records; END"],
)  # fmt: skip
def test_changed_tables_are_refused(filled, statement):
    connection = sqlite3.connect(filled)
    connection.execute(statement)
    connection.commit()
    connection.close()
    refused(filled, 65, "its tables are damaged or changed: delete it")


def test_a_view_that_a_person_has_added_is_welcome(filled):
    connection = sqlite3.connect(filled)
    connection.execute("CREATE VIEW mine AS SELECT * FROM estimates")
    connection.execute("ANALYZE")
    connection.commit()
    connection.close()
    with Store.open(filled) as store:
        assert store.load(address(), STEPS, NAMES)


def flip(path, at, bit=0):
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    path.write_bytes(content)


def test_a_flipped_bit_in_a_record_is_noticed_said_and_repaired(filled):
    with Store.open(filled) as store:
        text = store.dump()
    number = moments(3, STEPS, ("error",)).mean[1, 0].tobytes()
    assert filled.read_bytes().count(number) >= 1
    flip(filled, filled.read_bytes().index(number), 3)
    connection = sqlite3.connect(filled)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]  # to SQLite
    connection.close()
    said = "SGD(lr=0.1), error, trajectories from 192: damaged, and computed again"
    with Store.open(filled) as store:
        assert (store.info().damaged, store.damaged) == (1, (f"{said} when it is needed",))
        assert store.load(address(3), STEPS, NAMES) is None
        assert same(store.load(address(3), STEPS, ("w2[0]",)), moments(3, STEPS, ("w2[0]",)))
        fill(store, [3])
        assert same(store.load(address(3), STEPS, NAMES), moments(3))
        assert store.info().damaged == 0
        assert store.dump() == text
    with Store.open(filled) as store:
        assert store.info().damaged == 0
        assert store.damaged == ()


def test_a_damaged_record_of_a_shard_is_left_out_and_said(filled, tmp_path):
    flip(filled, filled.read_bytes().index(moments(3, STEPS, ("error",)).mean[1, 0].tobytes()))
    said = merge([filled], tmp_path / "joined.sqlite")
    assert len(said) == 1
    assert "trajectories from 192" in said[0]
    with Store.open(tmp_path / "joined.sqlite") as store:
        assert len(store.dump().splitlines()) == 20 * len(NAMES) - 1


def test_a_damaged_fact_is_noted_anew(filled):
    flip(filled, filled.read_bytes().index(b"seed7") + 4)  # now it says 6
    with Store.open(filled) as store:
        store.expect(seed=7)
        assert store.damaged == ("the file's own seed: damaged, and noted anew by the next run",)
    with Store.open(filled) as store:
        assert store.facts == {"seed": 7}
        with pytest.raises(UsageError, match="holds results of seed 7, not of seed 6"):
            store.expect(seed=6)


def test_no_flipped_bit_anywhere_gives_a_wrong_number_or_a_foreign_error(filled, tmp_path):
    """Each of 160 bits: refused with 65, or a miss, or the right number; and it can be mended."""
    chance, right = random.Random(11), {n: moments(n) for n in range(20)}
    answers = {"refused": 0, "missed": 0, "harmless": 0}
    said, size = [], filled.stat().st_size
    places = [*range(0, 100, 4), *(chance.randrange(size) for _ in range(135))]
    for place in places:
        copy = Path(shutil.copy(filled, tmp_path / "copy.sqlite"))
        flip(copy, place, chance.randrange(8))
        try:
            with Store.open(copy) as store:
                found = {n: store.load(address(n), STEPS, NAMES) for n in right}
                for n, got in found.items():
                    assert got is None or same(got, right[n]), place
                store.info()
                store.put(r for n in right for r in cut(address(n), STEPS, NAMES, right[n]))
                assert all(same(store.load(address(n), STEPS, NAMES), right[n]) for n in right)
            answers["missed" if None in found.values() else "harmless"] += 1
        except DamagedRunError as error:
            said.append(str(error))
            answers["refused"] += 1
    assert all(words.startswith(f"{copy}: ") for words in said)
    assert all("choose another --out" in words for words in said)
    assert min(answers.values()) >= 5, answers  # the bits have met everything


# --- disks and folders

LIMIT = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
number = 0
try:
    with Store.open(path) as store:
        for number in range(1000):
            fill(store, [number])
except NqmbenchError as error:
    print(number, error.exit_code, error, sep="|")
"""


@POSIX
def test_a_disk_that_fills_up_costs_only_what_was_being_saved(path):
    number, code, said = run(LIMIT, path).strip().split("|")
    assert (code, said) == ("74", f"disk full at {path}: free space and repeat the command")
    assert int(number) > 20
    with Store.open(path) as store:
        assert store.info().records == int(number) * len(NAMES)
        assert store.info().damaged == 0
        fill(store, range(int(number) + 5))  # with space, it goes on
    assert [p.name for p in path.parent.iterdir()] == ["run.sqlite"]


def test_a_full_database_is_a_full_disk_and_the_store_goes_on_when_there_is_space(path):
    with Store.open(path) as store:
        fill(store, range(5))
        with store.database.session() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(DiskError, match=r"disk full at .*: free space and repeat the command"):
            fill(store, range(5, 50))
        with store.database.session() as connection:
            connection.execute("PRAGMA max_page_count = 100000")
        fill(store, range(50))
        assert store.info().records == 50 * len(NAMES)


USER = """
os.setgroups([])
os.setegid(65534)
os.seteuid(65534)
try:
    Store.open(path)
except NqmbenchError as error:
    print(error.exit_code, error, sep="|")
"""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root to be another user")
@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_folder_or_file_that_cannot_be_written_is_refused(filled, tmp_path, what):
    for parent in (tmp_path, *tmp_path.parents[:2]):  # pytest keeps them to the user
        parent.chmod(0o755)
    if what == "file":
        tmp_path.chmod(0o777)
        filled.chmod(0o444)
    before = files(filled)
    code, said = run(USER, filled).strip().split("|")
    assert code == "73"
    assert "cannot be written" in said
    assert "choose another --out" in said
    assert files(filled) == before


def test_a_folder_in_the_place_of_the_file_and_a_missing_folder_are_refused(path):
    path.mkdir()
    with pytest.raises(OutputError, match="choose another --out"):
        Store.open(path)
    with pytest.raises(OutputError, match="choose another --out"):
        Store.open(path / "missing" / "run.sqlite")
    with pytest.raises(UsageError, match="no results file; allowed: one that a run has written"):
        Store.open(path, readonly=True)
    assert [p.name for p in path.parent.iterdir()] == ["run.sqlite"]


def test_a_reader_cannot_write(filled):
    with Store.open(filled, readonly=True) as store, pytest.raises(OutputError):
        fill(store, [30])
