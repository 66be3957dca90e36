"""One writer at a time, and a lock that dies with its process."""

import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import nqmbench
from nqmbench.errors import DiskError, LockedError, NqmbenchError, OutputError
from nqmbench.locks import Holder, lock, side_file

ROOT = Path(nqmbench.__file__).parents[1]
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals, users or forks")

HOLD = """
import sys
from pathlib import Path
from nqmbench.locks import lock

lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""

TAKE = """
import sys
from pathlib import Path
from nqmbench.errors import NqmbenchError
from nqmbench.locks import lock

try:
    lock(Path(sys.argv[1])).release()
except NqmbenchError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def start(code, path):
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def take(path):
    """What another process says that takes the lock, and how it exits."""
    with start(TAKE, path) as process:
        said, _ = process.communicate()
    return said, process.returncode


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.sqlite"


@pytest.fixture
def holder(path):
    """Another process that has the lock."""
    with start(HOLD, path) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_lock_is_there_until_it_is_released_and_leaves_nothing(path):
    for _ in range(2):
        held = lock(path)
        assert json.loads(side_file(path).read_text())["pid"] == os.getpid()
        held.release()
        held.release()
        assert not list(path.parent.iterdir())


def test_a_second_process_is_told_who_has_it_and_since_when(path, holder):
    with pytest.raises(LockedError) as caught:
        lock(path)
    assert caught.value.exit_code == 75
    since = r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    assert re.fullmatch(
        rf"{re.escape(str(path))}: in use by another run \(process {holder.pid}, {since}\): "
        "wait until it has ended, stop it, or choose another --out",
        str(caught.value),
    )


def test_after_the_holder_has_ended_it_is_free(path, holder):
    holder.communicate("")
    lock(path).release()


@POSIX
def test_a_lock_whose_holder_was_killed_is_stale_and_no_hindrance(path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert side_file(path).exists()
    lock(path).release()
    assert not side_file(path).exists()


def test_a_second_place_of_the_same_process_is_refused_and_the_first_keeps_it(path):
    held = lock(path)
    for _ in range(2):
        with pytest.raises(LockedError, match=rf"by this process \({os.getpid()}, since .* UTC\)"):
            lock(path)
        said, code = take(path)  # the refusal has not dropped the lock
        assert f"process {os.getpid()}, since {held.holder.started}" in said
        assert code == 75
    held.release()


@POSIX
def test_a_forked_child_has_no_lock_and_releases_none(path):
    held = lock(path)
    child = os.fork()
    if child == 0:
        held.release()
        try:
            lock(path)
        except LockedError as error:
            os._exit(0 if f"process {os.getppid()}, since" in str(error) else 4)
        os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert take(path)[1] == 75
    held.release()


def take_in_child(path, answers):
    try:
        lock(path).release()
        answers.put("")
    except LockedError as error:
        answers.put(str(error))


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_children_of_every_kind_are_other_processes(path, method):
    context = multiprocessing.get_context(method)
    for held in (lock(path), None):
        answers = context.Queue()
        child = context.Process(target=take_in_child, args=(path, answers))
        child.start()
        said = answers.get(timeout=60)
        child.join()
        assert (f"process {os.getpid()}" in said) if held else said == ""
        if held:
            held.release()


@POSIX
def test_a_holder_that_has_not_written_its_name_yet_is_not_taken_for_the_dead_one(path, holder):
    with start(TAKE, path.with_name("other")) as dead:
        dead.communicate()
    stale = Holder(dead.pid, Holder.this_process().host, "long ago")
    assert not stale.alive
    assert Holder(dead.pid, "elsewhere", "").alive
    side_file(path).write_text("")
    with pytest.raises(LockedError, match="unknown process"):
        lock(path)


@POSIX
def test_many_processes_never_hold_it_together(path):
    """The holder alone writes and removes a file that must not be there."""
    code = """
import sys, time
from pathlib import Path
from nqmbench.errors import LockedError
from nqmbench.locks import lock

path, taken = Path(sys.argv[1]), 0
while taken < 100:
    try:
        held = lock(path)
    except LockedError:
        continue
    path.with_name("alone").open("x").close()
    path.with_name("alone").unlink()
    held.release()
    taken += 1
"""
    processes = [start(code, path) for _ in range(3)]
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert not list(path.parent.iterdir())


def test_a_missing_folder_cannot_be_written(path):
    with pytest.raises(OutputError, match=r"run\.sqlite\.lock: cannot be written"):
        lock(path.with_name("missing") / "run.sqlite")
    lock(path).release()


def test_where_no_file_can_be_created_the_error_says_so(path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(DiskError, match="disk full at"):
        lock(path)


def test_on_a_full_disk_the_lock_holds_without_a_name(path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        held = lock(path)
    said, code = take(path)
    assert "unknown process" in said
    assert code == 75
    held.release()


def test_the_error_is_one_of_the_users(path):
    assert issubclass(LockedError, NqmbenchError)
