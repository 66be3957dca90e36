"""What a results file survives: kills, damage, full disks, foreign hands. See `Store.open`."""

import itertools
import multiprocessing
import os
import random
import signal
import sqlite3
import threading
import time

import pytest
from store_processes import POSIX, files, start
from stored import NAMES, STEPS, TRIALS, address, fill, moments, same

from nqmbench.errors import (
    DamagedRunError,
    LockedError,
    NqmbenchError,
    OutputError,
)
from nqmbench.store import Store

pytestmark = pytest.mark.once

KILLS = 20


# --- kills

SAVE = """
import itertools
with Store.open(path) as store:
    print("open", flush=True)
    for number in itertools.count():
        fill(store, [number])
        os.write(1, b"%d\\n" % number)
"""


@POSIX
def test_a_kill_at_any_moment_loses_nothing_that_was_saved(path):
    moment = random.Random(5)
    for _ in range(KILLS):
        with start(SAVE, path) as process:
            assert process.stdout.readline() == "open\n"
            time.sleep(moment.uniform(0.0, 0.1))
            process.send_signal(signal.SIGKILL)
            said = process.stdout.read().split()
        with Store.open(path) as store:
            kept = list(dict.fromkeys(record.address.first for record in store.records()))
            assert kept == [TRIALS * number for number in range(len(kept))]
            assert len(kept) >= len(said)
            assert store.info().damaged == 0
            for number in range(len(kept)):
                assert same(store.load(address(number), STEPS, NAMES), moments(number))
            with store.database.session() as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                cells = connection.execute("SELECT count(*) FROM cells").fetchone()[0]
            assert cells == len(kept) * len(STEPS) * len(NAMES)
            store.clear()
        assert [p.name for p in path.parent.iterdir()] == ["run.sqlite"]


DIE = """
store = Store.open(path)
with store.database.transaction() as connection:
    connection.execute("PRAGMA cache_size = 1")  # pages go to the file before the commit
    connection.execute("PRAGMA cache_spill = 1")
    connection.execute("UPDATE records SET data = zeroblob(length(data))")
    print("half", flush=True)
    sys.stdin.read()
"""


@POSIX
def test_a_kill_in_the_middle_of_writing_is_undone_by_the_next_run(filled):
    before = filled.read_bytes()
    with start(DIE, filled) as process:
        assert process.stdout.readline() == "half\n"
        process.kill()
    assert filled.read_bytes() != before  # the file is half one, half the other
    assert filled.with_name("run.sqlite-journal").exists()
    with pytest.raises(OutputError, match="stopped while writing it: repeat that run's command"):
        Store.open(filled, readonly=True)
    with Store.open(filled) as store:
        assert len(store.dump().splitlines()) == 20 * len(NAMES)
    assert files(filled) == (["run.sqlite"], before)


@POSIX
def test_a_file_that_was_created_and_killed_before_its_first_page_is_new(path):
    path.touch()
    with Store.open(path) as store:
        fill(store, [0])
    assert Store.open(path, readonly=True).info().records == len(NAMES)


# --- processes and threads

HOLD = """
with Store.open(path) as store:
    print("open", flush=True)
    sys.stdin.read()
"""


@POSIX
def test_a_second_run_is_refused_until_the_first_has_ended_in_whatever_way(filled):
    for end in ("close", "kill"):
        with start(HOLD, filled) as process:
            assert process.stdout.readline() == "open\n"
            with pytest.raises(LockedError, match=f"process {process.pid}, since") as caught:
                Store.open(filled)
            assert caught.value.exit_code == 75
            with Store.open(filled, readonly=True) as store:  # a report may read meanwhile
                assert store.info().records == 20 * len(NAMES)
            process.communicate("") if end == "close" else process.kill()
        with Store.open(filled) as store, pytest.raises(LockedError, match="by this process"):
            Store.open(filled)
        with Store.open(store.path):
            pass


def test_a_refused_file_is_not_left_locked(path):
    path.write_text("foreign")
    for _ in range(2):
        with pytest.raises(DamagedRunError):
            Store.open(path)
    assert [p.name for p in path.parent.iterdir()] == ["run.sqlite"]


def test_a_reader_that_does_not_let_go_is_told(filled, monkeypatch):
    monkeypatch.setattr("nqmbench.database.WAIT", 0.05)
    person = sqlite3.connect(filled, isolation_level=None)
    person.execute("BEGIN")
    person.execute("SELECT count(*) FROM records").fetchone()
    with Store.open(filled) as store:
        with pytest.raises(LockedError, match="by another program, such as sqlite3: close it"):
            fill(store, [30])
        person.execute("COMMIT")
        fill(store, [30])
    person.close()


def use_in_child(store, path, answers):
    said = []
    for attempt in (lambda: store.load(address(), STEPS, NAMES), lambda: Store.open(path)):
        try:
            attempt()
        except NqmbenchError as error:
            said.append((type(error).__name__, str(error)))
    store.close()  # not ours to close
    answers.put(said)


@POSIX
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_gets_a_clear_error_and_leaves_the_parent_alone(path):
    context = multiprocessing.get_context("fork")
    with Store.open(path) as store:
        fill(store, [0])
        answers = context.Queue()
        child = context.Process(target=use_in_child, args=(store, path, answers))
        child.start()
        (error, said), (locked, who) = answers.get(timeout=60)
        child.join()
        assert (error, locked) == ("UsageError", "LockedError")
        assert f"was opened by process {os.getpid()}, and process {child.pid} was forked" in said
        assert f"process {os.getpid()}, since" in who
        fill(store, [1])
        assert store.info().records == 2 * len(NAMES)


@POSIX
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_forks_while_another_thread_saves_do_no_harm(path):
    with Store.open(path) as store:
        saving = threading.Thread(target=fill, args=(store, range(100)))
        saving.start()
        for _ in range(20):
            child = os.fork()
            if child == 0:
                store.database.connection.close()  # as the end of the interpreter would
                os._exit(0)
            os.waitpid(child, 0)
        saving.join()
        assert store.info().records == 100 * len(NAMES)
        assert store.info().damaged == 0


def test_threads_share_a_store(path):
    with Store.open(path) as store:
        parts = [range(start, 40, 4) for start in range(4)]
        threads = [threading.Thread(target=fill, args=(store, part)) for part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.info().records == 40 * len(NAMES)


@POSIX
def test_ctrl_c_during_a_save_leaves_the_store_usable(path):
    """An interrupt at any of many moments: whatever was being saved is there, or is not."""

    def interrupted(*_):
        raise KeyboardInterrupt

    def save_until_interrupted():
        signal.setitimer(signal.ITIMER_REAL, moment.uniform(1e-4, 2e-2))
        fill(store, numbers)

    moment, before = random.Random(3), signal.signal(signal.SIGALRM, interrupted)
    try:
        with Store.open(path) as store:
            numbers = itertools.count()
            for _ in range(50):
                with pytest.raises(KeyboardInterrupt):
                    save_until_interrupted()
                assert store.info().damaged == 0
            last = next(numbers)
            fill(store, range(last))
            assert store.info().records == last * len(NAMES)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
