"""What was simulated once is found again, to the bit, and nothing else is."""

import itertools
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from stored import NAMES, STEPS, TRIALS, address, fill, moments, same

import nqmbench as nq
import nqmbench.address
from nqmbench.address import PAIR, code_digest, paired_subject
from nqmbench.errors import DamagedRunError, UsageError
from nqmbench.moments import of_constant
from nqmbench.store import Store


@pytest.fixture(params=["file", "memory"])
def store(request, tmp_path):
    with Store.open(tmp_path / "run.sqlite" if request.param == "file" else None) as store:
        yield store


# --- addresses


def test_the_code_is_that_of_every_source_that_decides_a_digit(tmp_path, monkeypatch):
    package = Path(nqmbench.__file__).parent
    sources = [
        *(package / "kernels").rglob("*.py"),
        *(package / n for n in nqmbench.address.SOURCES),
    ]
    for source in sources:
        (tmp_path / source.relative_to(package)).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / source.relative_to(package)).write_bytes(source.read_bytes())
    monkeypatch.setattr(nqmbench.address, "__file__", str(tmp_path / "address.py"))
    found = {code_digest.__wrapped__()}
    assert found == {code_digest()}
    for source in sources:
        copy = tmp_path / source.relative_to(package)
        copy.write_bytes(source.read_bytes() + b"\n")
        found.add(code_digest.__wrapped__())
        copy.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))  # another checkout
        assert code_digest.__wrapped__() == code_digest()
        copy.write_bytes(source.read_bytes())
    assert len(found) == 1 + len(sources)


def test_the_sources_are_what_a_simulation_imports_and_what_turns_it_into_tables():
    """A new module between recursion and kernels has to be named."""
    harmless = {
        "nqmbench.arguments", "nqmbench.errors", "nqmbench.experiment", "nqmbench.method",
        "nqmbench.moments", "nqmbench.recursion", "nqmbench.threads", "nqmbench.simulation",
        "nqmbench.kernels", "nqmbench.noiseless", "nqmbench.programs", "nqmbench.problems",
        "nqmbench.least_squares", "nqmbench.gaussian_rows",
    }  # fmt: skip
    for module in ("simulation.py", "one_pass.py", "noiseless.py", "programs.py"):
        text = (Path(nqmbench.__file__).parent / module).read_text()
        used = {line.split()[1] for line in map(str.strip, text.splitlines())
                if line.startswith("from nqmbench")}  # fmt: skip
        assert used <= harmless


def test_sides_of_a_comparison_are_told_apart_by_recursion_observable_and_order():
    sides = [(key, name) for key in "ab" for name in ("error", "loss")]
    found = {paired_subject(a, b) for a, b in itertools.product(sides, sides)}
    assert len(found) == 16
    assert all(subject.startswith(PAIR) for subject in found)


# --- saving and loading


def test_what_was_saved_is_loaded_to_the_bit(store):
    fill(store, range(3))
    for number in range(3):
        assert same(store.load(address(number), STEPS, NAMES), moments(number))
    assert store.damaged == ()


def test_a_part_of_the_table_is_cut_out_in_the_order_asked_for(store):
    fill(store, [0])
    for steps, names in [((10,), ("w2[0]",)), ((0, 100), ("w2[0]", "error")), ((100, 0), NAMES)]:
        assert same(store.load(address(), steps, names), moments(0, steps, names))


@pytest.mark.parametrize(
    "change",
    [{"code": "other"}, {"subject": "other"}, {"seed": 8}, {"precision": "f64"}, {"first": 64},
     {"trials": 32}],
)  # fmt: skip
def test_another_address_is_another_record(store, change):
    fill(store, [0])
    assert store.load(replace(address(), **change), STEPS, NAMES) is None
    assert store.damaged == ()


def test_a_step_or_an_observable_that_is_not_there_is_a_miss(store):
    fill(store, [0])
    assert store.load(address(), (0, 11), NAMES) is None
    assert store.load(address(), STEPS, ("error", "loss")) is None


def test_more_steps_and_more_observables_are_added_to_what_is_there(store):
    fill(store, [0])
    store.save(address(), (5, 10), ("loss", "error"), moments(0, (5, 10), ("loss", "error")))
    for steps, names in [((0, 5, 10, 100), ("error",)), (STEPS, ("w2[0]",)), ((5, 10), ("loss",))]:
        assert same(store.load(address(), steps, names), moments(0, steps, names))
    assert store.load(address(), STEPS, ("loss",)) is None


def test_saving_twice_changes_nothing(path):
    with Store.open(path) as store:
        fill(store, range(3))
        text, before = store.dump(), path.read_bytes()
        fill(store, range(3))
        store.save(address(), (10,), ("error",), moments(0, (10,), ("error",)))
        assert store.dump() == text
    assert path.read_bytes() == before


def test_another_number_in_the_place_of_a_stored_one_is_refused_and_nothing_changed(store):
    fill(store, [0])
    text = store.dump()
    other = moments(0, (5, *STEPS), ("loss", *NAMES))
    mean = other.mean.copy()
    mean[2, 2] = np.nextafter(mean[2, 2], 2.0)  # w2[0] at step 10, by one unit in the last place
    with pytest.raises(DamagedRunError) as caught:
        store.save(address(), (5, *STEPS), ("loss", *NAMES), replace(other, mean=mean))
    assert caught.value.exit_code == 65
    stored, now = other.mean[2, 2], mean[2, 2]
    assert str(caught.value) == (
        f"{store.path}: two results of the same simulation (SGD(lr=0.1), w2[0], trajectories 0..63,"
        f" step 10): mean {stored} is stored, {now} was found now. This is damage or a bug of "
        "nqmbench, please report it; to go on choose another --out"
    )
    assert store.dump() == text
    assert store.load(address(), STEPS, ("loss",)) is None  # the transaction was one


def test_infinities_zeros_of_both_signs_and_every_nan_are_kept(store):
    bits = np.array([0x7FF8000000000000, 0xFFF8000000000000, 0x7FF0000000000001], dtype=np.uint64)
    mean = np.array([[np.inf, -np.inf, 0.0, -0.0, 5e-324, *bits.view(np.float64)]])
    names = tuple(f"w[{i}]" for i in range(mean.size))
    for _ in range(2):  # whichever NaN it is, it does not contradict
        store.save(address(), (1,), names, of_constant(TRIALS, mean))
        mean[0, 5:] = mean[0, [6, 7, 5]]
    found = store.load(address(), (1,), names).mean
    assert found[0, :5].tobytes() == mean[0, :5].tobytes()
    assert np.isnan(found[0, 5:]).all()


def test_the_largest_seed_and_many_trajectories_have_an_address(store):
    far = address(seed=2**64 - 1, first=2**40, trials=2**40)
    store.save(far, (1,), ("error",), of_constant(2**40, np.array([[0.1]])))
    assert store.load(far, (1,), ("error",)).count == 2**40
    assert store.load(replace(far, seed=2**64 - 2), (1,), ("error",)) is None


@pytest.mark.parametrize("change", [{"trials": 65}, {"steps": (0, 10)}, {"names": ("error",)}])
def test_labels_that_do_not_fit_the_moments_are_a_bug_of_the_caller(store, change):
    labels = {"steps": STEPS, "names": NAMES, "trials": TRIALS} | change
    with pytest.raises(ValueError, match="the labels say"):
        store.save(address(trials=labels["trials"]), labels["steps"], labels["names"], moments())


@pytest.mark.needs_compiler
def test_simulated_moments_come_back_and_do_not_depend_on_what_else_was_observed(store):
    problem, method = nq.NoisyQuadratic([1.0, 0.1]), nq.heavy_ball(0.1, 0.9)
    for checkpoints, names in [((5, 50), ("error",)), ((5, 20, 50), ("loss", "error"))]:
        e = nq.Experiment(problem, method, steps=50, checkpoints=checkpoints, observables=names)
        found = nq.simulate(e, 1000, seed=3).moments
        where = address(subject=e.recursion_key, seed=3, trials=1000, code=code_digest())
        store.save(where, checkpoints, names, found, e.label)  # raises if a common cell differs
        assert same(store.load(where, checkpoints, names), found)


# --- order, people, facts


def test_the_dump_depends_on_the_content_and_not_on_its_history(path, tmp_path):
    with Store.open(path) as one, Store.open(tmp_path / "other.sqlite") as other:
        fill(one, range(5))
        for number in reversed(range(5)):
            for name in reversed(NAMES):
                for steps in ((100,), (0, 10)):
                    other.save(address(number), steps, (name,), moments(number, steps, (name,)))
        assert one.dump() == other.dump()
        assert len(one.dump().splitlines()) == 5 * len(NAMES)
        other.save(address(5), STEPS, NAMES, moments(5))
        assert one.dump() != other.dump()


def test_a_person_reads_the_estimates_with_sql_alone(path):
    with Store.open(path) as store:
        fill(store, [0, 1])
        store.save(address(), (5,), ("error",), moments(0, (5,), ("error",)))
        mean = np.array([[np.nan]])
        store.save(address(9), (1,), ("loss",), of_constant(TRIALS, mean), "diverged")
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT * FROM estimates").fetchall()
    columns = [c[0] for c in connection.execute("SELECT * FROM estimates").description]
    connection.close()
    assert columns == [
        "experiment", "observable", "step", "first_trajectory", "trials", "mean", "variance",
        "mean_se",
    ]  # fmt: skip
    assert len(rows) == 2 * len(STEPS) * len(NAMES) + 2
    truth = moments(1, (10,), ("w2[0]",))
    expected = [e[0, 0] for e in (truth.mean, truth.variance_estimate().value,
                                  truth.mean_estimate().error)]  # fmt: skip
    assert ("SGD(lr=0.1)", "w2[0]", 10, 64, TRIALS, *expected) in rows
    assert ("diverged", "loss", 1, 9 * TRIALS, TRIALS, None, 0.0, 0.0) in rows


def test_a_file_is_of_one_seed_and_one_precision(path):
    with Store.open(path) as store:
        assert store.facts == {}
        store.expect(seed=2**64 - 1, precision="mixed")
    with Store.open(path) as store:
        store.expect(seed=2**64 - 1, precision="mixed")
        with pytest.raises(UsageError) as caught:
            store.expect(seed=1, precision="mixed")
        assert caught.value.exit_code == 2
        assert str(caught.value) == (
            f"{path}: holds results of seed 18446744073709551615, not of seed 1: choose another "
            "--out, or repeat the command with seed 18446744073709551615"
        )
        with pytest.raises(UsageError, match="precision mixed, not of seed 1, precision f64"):
            store.expect(seed=1, precision="f64")
        assert store.facts == {"seed": 2**64 - 1, "precision": "mixed"}
        store.clear()
        store.expect(seed=1, precision="f64")


def test_info_counts_records_experiments_and_trajectories(store):
    assert store.info().records == 0
    fill(store, range(3))
    store.save(address(subject="other"), STEPS, NAMES, moments(7))
    store.save(address(subject=PAIR + "x"), STEPS, NAMES, moments(8))
    info = store.info()
    assert (info.records, info.experiments, info.trajectories) == (10, 2, 4 * TRIALS)
    assert (info.damaged, info.path) == (0, store.path)
    assert info.size > 10 * 12 * 3 * 8


def test_the_size_is_that_of_the_file_and_clearing_gives_it_back(path):
    with Store.open(path) as store:
        empty = store.info().size
        assert path.stat().st_size == empty
        fill(store, range(50))
        assert store.info().size == path.stat().st_size > 3 * empty
        store.clear()
        assert store.info().size == path.stat().st_size == empty
        assert store.load(address(), STEPS, NAMES) is None
        assert store.dump() == ""


def test_records_of_older_sources_can_be_cleared_alone(store):
    fill(store, [0, 1])
    store.expect(seed=7)
    store.save(address(code="old"), STEPS, NAMES, moments(5))
    assert store.codes() == ("c0de", "old")
    store.clear(keep="c0de")
    assert store.codes() == ("c0de",)
    assert same(store.load(address(1), STEPS, NAMES), moments(1))
    assert store.facts == {"seed": 7}
    with store.database.session() as connection:
        count = connection.execute("SELECT count(*) FROM estimates").fetchone()[0]
    assert count == 2 * len(STEPS) * len(NAMES)


def test_a_reader_sees_what_is_committed_beside_a_writer(path):
    with Store.open(path) as writer:
        fill(writer, [0])
        with Store.open(path, readonly=True) as reader:
            assert same(reader.load(address(), STEPS, NAMES), moments())
            fill(writer, [1])
            assert reader.dump() == writer.dump()


def test_a_store_in_memory_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Store.memory() as one, Store.open(None) as other:
        fill(one, [0])
        assert other.load(address(), STEPS, NAMES) is None
        assert str(one.info().path) == ":memory:"
    assert not list(tmp_path.iterdir())


def test_odd_names_of_files_are_names(tmp_path):
    for name in ("a b?mode=memory#%41.sqlite", "ünï\u202e😀.sqlite", ":memory:x"):
        with Store.open(tmp_path / name) as store:
            fill(store, [0])
        assert (tmp_path / name).stat().st_size > 0
        with Store.open(tmp_path / name, readonly=True) as store:
            assert store.load(address(), STEPS, NAMES)
