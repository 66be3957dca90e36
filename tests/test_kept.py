"""Exact tables that took long are found once: the same bits, and nothing that is not them."""

import ast
import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

import nqmbench as nq
from nqmbench import kept, mean_square, row_cost, row_theory
from nqmbench.cli.files import show_tables
from nqmbench.doctor.places import places
from nqmbench.files import write_shared

PACKAGE = Path(nq.__file__).parent
ALL = ("loss", "distance", "w[i]")

# What decides which table is kept, or how, or what is refused, and no digit of it.
NO_DIGITS = {
    "arguments.py", "cache_folder.py", "errors.py", "files.py", "noise.py", "problems.py",
    "recent.py", "row_cost.py",
}  # fmt: skip


def small(steps=5):
    """An experiment with every kind of moment, of two coordinates."""
    problem = nq.LeastSquares([[1.0, 0.5], [-0.3, 1.2], [0.8, -0.7]], [1.0, -0.5, 0.7])
    return nq.Experiment(problem, nq.sgd(0.1), 1, steps, [0, steps], ALL)


def bits(moments):
    return [moments.of(part).tobytes().hex() for part in kept.PARTS]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache folder, and a process that knows nothing yet."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    forget()
    yield tmp_path / "nqmbench" / "exact"
    forget()


def forget():
    """As a process that has just begun."""
    kept._known.clear()


@pytest.fixture
def found(folder, monkeypatch):
    """Every table is dear; the experiments for which one had to be found."""
    asked, find = [], row_theory.find
    monkeypatch.setattr(kept, "DEAR", 0.0)
    monkeypatch.setattr(row_theory, "find", lambda e: asked.append(e) or find(e))
    return asked


@pytest.fixture
def file(folder, found):
    """The file of the table of `small`, which has been found once."""
    nq.exact(small())
    forget()
    found.clear()
    (path,) = folder.iterdir()
    return path


def test_a_process_finds_a_table_once(folder, found):
    one, two = nq.exact(small()), nq.exact(small())
    assert len(found) == 1
    assert bits(one) == bits(two)


def test_a_kept_table_has_the_bits_of_one_that_is_found(file, found):
    moments = nq.exact(small())
    assert not found
    plain = row_theory.find(small())
    assert bits(moments) == bits(plain)
    assert moments.observables == plain.observables
    assert (moments.steps == plain.steps).all()
    assert np.isnan(moments.skewness[0]).all()  # unknown stays unknown


def test_a_process_without_a_kept_table_finds_it(file, found):  # the negative control
    file.unlink()
    nq.exact(small())
    assert len(found) == 1


def test_another_experiment_has_another_table(file, found):
    nq.exact(small(steps=6))
    assert len(found) == 1
    assert len(list(file.parent.iterdir())) == 2


PROCESS = """
import json
from test_kept import bits, kept, nq, row_theory, small
kept.DEAR, asked, find = 0.0, [], row_theory.find
row_theory.find = lambda e: asked.append(e) or find(e)
print(json.dumps([len(asked), bits(nq.exact(small())), len(asked)]))
"""


def start(place):
    """A process of its own that asks for the moments of `small`."""
    path = os.pathsep.join(map(str, (PACKAGE.parent, Path(__file__).parent)))
    environment = os.environ | {"NUMBA_CACHE_DIR": str(place), "PYTHONPATH": path}
    command = [sys.executable, "-c", PROCESS]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def answer(process):
    """The bits of the moments, and how often they had to be found."""
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    _, moments, times = json.loads(out)
    return moments, times


def test_another_process_finds_the_same_bits_without_the_cost(tmp_path):
    first, times = answer(start(tmp_path))
    again, none = answer(start(tmp_path))
    assert (times, none) == (1, 0)
    assert first == again


def test_two_processes_at_once_do_no_harm(tmp_path):
    both = [start(tmp_path) for _ in range(2)]
    (one, _), (two, _) = map(answer, both)
    assert one == two
    assert answer(start(tmp_path)) == (one, 0)
    assert len(list((tmp_path / "nqmbench" / "exact").iterdir())) == 1


def test_writers_at_once_leave_a_whole_file_to_every_reader(tmp_path):
    path, size, seen = tmp_path / "one.table", 2**18, []

    def write(letter):
        for _ in range(20):
            write_shared(path, letter * size)
            seen.append(path.read_bytes())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, (b"a", b"b", b"c", b"d")))
    assert all(len(content) == size and len(set(content)) == 1 for content in seen)
    assert list(tmp_path.iterdir()) == [path]


def flipped(content):
    return content[:-3] + bytes([content[-3] ^ 1]) + content[-2:]


def relabelled(content):
    """A sound file with numbers for another address."""
    _, address, numbers = content.split(b"\n", 2)
    rest = address[::-1] + b"\n" + numbers
    return hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest


DAMAGES = {
    "a bit": flipped,
    "cut off": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "longer": lambda content: content + b"\0" * 8,
    "of something else": lambda content: b"not a table\n" * 9,
    "of another experiment": relabelled,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_or_foreign_is_found_again_and_replaced(file, found, damage):
    sound = file.read_bytes()
    file.write_bytes(DAMAGES[damage](sound))
    moments = nq.exact(small())
    assert len(found) == 1
    assert bits(moments) == bits(row_theory.find(small()))
    assert file.read_bytes() == sound


def test_where_nothing_can_be_written_every_process_finds_it(tmp_path, monkeypatch, found):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    one = nq.exact(small())
    forget()
    assert bits(nq.exact(small())) == bits(one)
    assert len(found) == 2
    assert (tmp_path / "file").read_text() == ""
    assert kept.kept_tables().files == 0


def test_a_full_disk_leaves_nothing_half_written(folder, found, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept, "write_shared", full)
    nq.exact(small())
    assert len(found) == 1
    assert list(folder.iterdir()) == []


def test_other_sources_or_libraries_find_it_anew(file, found, monkeypatch):
    monkeypatch.setattr(kept, "source_digest", lambda: "another")
    nq.exact(small())
    forget()
    monkeypatch.undo()
    assert len(found) == 1
    here = kept.address_of("key")
    assert np.__version__ in here
    monkeypatch.setattr(kept, "libraries", lambda: ("numpy-0", "scipy-0", "abacus"))
    assert kept.address_of("key") != here


def test_every_source_on_which_numbers_depend_counts(tmp_path, monkeypatch):
    for name in kept.SOURCES:
        (tmp_path / name).write_bytes((PACKAGE / name).read_bytes())
    monkeypatch.setattr(kept, "__file__", str(tmp_path / "kept.py"))
    digest = kept.source_digest.__wrapped__
    before = digest()
    assert before == kept.source_digest()
    for name in kept.SOURCES:
        path = tmp_path / name
        source = path.read_bytes()
        path.write_bytes(source + b"# edited\n")
        assert digest() != before, name
        path.write_bytes(source)


def test_no_source_on_which_numbers_depend_is_forgotten():
    seen, waiting = set(), ["row_theory.py", "mean_square.py"]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += imported(PACKAGE / name)
    assert seen - NO_DIGITS == set(kept.SOURCES)


def imported(path):
    """The modules of the package that a module imports from."""
    nodes = ast.walk(ast.parse(path.read_text()))
    modules = [n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module]
    return [f"{m.split('.')[1]}.py" for m in modules if m.startswith("nqmbench.")]


def test_cheap_tables_never_touch_the_disk(folder):
    nq.exact(small())
    assert not folder.exists()
    assert kept.kept_tables().files == 0


def test_a_thousand_sparse_coordinates_are_dear_and_a_few_are_not():
    x = sp.random_array((1000, 1000), density=0.01, format="csr", rng=np.random.default_rng(1))
    problem = nq.LeastSquares(x, np.ones(1000))
    for method in (nq.sgd(0.01), nq.heavy_ball(0.01, 0.9)):
        assert row_cost.seconds(nq.Experiment(problem, method, steps=100)) > 4 * kept.DEAR
    assert row_cost.seconds(small()) < kept.DEAR / 4


def test_the_growth_of_moments_in_many_coordinates_is_found_once(folder, monkeypatch):
    asked, find = [], mean_square.krylov_growth
    monkeypatch.setattr(mean_square, "krylov_growth", lambda e: asked.append(e) or find(e))
    monkeypatch.setattr(kept, "DEAR", 0.0)
    x = np.random.default_rng(1).normal(size=(60, 50))
    e = nq.Experiment(nq.LeastSquares(x, np.ones(60)), nq.sgd(0.001), steps=3)
    first = nq.moment_growth(e)
    forget()
    assert nq.moment_growth(e) == first
    assert len(asked) == 1
    assert first[2] == find(e)


def test_only_the_newest_tables_stay(folder, found, monkeypatch):
    monkeypatch.setattr(kept, "FILES", 3)
    names = []
    for steps in range(1, 6):
        nq.exact(small(steps))
        (new,) = {p.name for p in folder.iterdir()} - set(names)
        names.append(new)
        os.utime(folder / new, (steps, steps))  # seconds apart, whatever the clock of the disk
    assert {p.name for p in folder.iterdir()} == set(names[-3:])


def test_what_is_kept_can_be_told(file, capsys, monkeypatch, tmp_path):
    assert kept.kept_tables() == kept.Tables(file.parent, 1, file.stat().st_size)
    (finding,) = (f for f in places() if f.name == "exact tables")
    assert str(file.parent) in finding.seen
    show_tables("exact tables  {}, for all runs")
    told = capsys.readouterr().out
    assert told == f"exact tables  1 in {file.parent}, 0.0 MB, for all runs\n"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "elsewhere"))
    show_tables("exact tables  {}, for all runs")
    assert capsys.readouterr().out == ""  # nothing to tell


def test_a_large_table_is_not_kept(folder, found, monkeypatch):
    monkeypatch.setattr(kept, "LARGEST", 8 * len(kept.PARTS) * 2 * 4 - 1)
    for _ in range(2):
        nq.exact(small())
    assert len(found) == 2
    assert not folder.exists()


def test_a_table_in_common_cannot_be_written_to(folder, found):
    with pytest.raises(ValueError, match="read-only"):
        nq.exact(small()).mean[0, 0] = 0.0
