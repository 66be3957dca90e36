"""Comparing records. Rates are over seeded records of independent noise; see each test."""

import itertools

import numpy as np
import pytest
from fake_records import NAMES, changed, document, write
from hypothesis import given, settings
from hypothesis import strategies as st

from nqmbench.cli import main
from nqmbench.errors import InvalidArguments, UsageError
from nqmbench.perf import compare, read_record
from nqmbench.perf.comparison import Outcome, holm, smallest_p

SCALING = 1e-12  # relative: each of the numbers is rounded once more
PRODUCT = 1e-15  # relative: of two numbers
CHANGED = Outcome.REGRESSION, Outcome.IMPROVEMENT


@pytest.fixture
def record(tmp_path):
    """A function that makes a record from a document, or from the arguments of one."""
    numbers = itertools.count()

    def make(content=None, **arguments):
        file = tmp_path / f"{next(numbers)}.json"
        return read_record(write(file, content or document(**arguments)))

    return make


def outcomes(comparison):
    return {c.name: c.outcome for c in comparison.changes}


def test_a_record_compared_with_itself_shows_nothing(record):
    same = record(noise=0.05)
    comparison = compare(same, same)
    assert [c.ratio for c in comparison.changes] == [1.0] * 4
    assert set(outcomes(comparison).values()) == {Outcome.SAME}


def test_one_benchmark_30_percent_slower_is_the_only_regression(record):
    before, after = record(seed=1), record(seed=2, slower={"momentum": 1.3})
    comparison = compare(before, after)
    assert comparison.regressions == ("momentum",)
    change = comparison.changes[1]
    assert change.low < 1.3 < change.high
    assert outcomes(compare(after, before))["momentum"] is Outcome.IMPROVEMENT


def test_a_regression_within_the_threshold_is_none(record):
    before, after = record(seed=1, noise=0.01), record(seed=1, noise=0.01, slower={"sgd": 1.08})
    assert compare(before, after).regressions == ()
    assert compare(before, after, threshold=0.02).regressions == ("sgd",)


def test_a_slower_machine_is_no_regression_and_does_not_hide_one(record):
    before = record(seed=1)
    assert compare(before, record(seed=2, speed=3.0)).regressions == ()
    found = compare(before, record(seed=2, speed=0.4, slower={"import": 1.3}))
    assert found.regressions == ("import",)


@settings(max_examples=25, deadline=None)
@given(st.floats(1e-3, 1e3), st.integers(0, 2**32 - 1))
def test_scaling_times_and_calibration_together_changes_nothing(tmp_path_factory, factor, seed):
    folder = tmp_path_factory.mktemp("scaled")
    before = read_record(write(folder / "a", document(seed=3, rounds=24)))
    content = document(seed, rounds=24)
    after = read_record(write(folder / "b", content))
    for entry in content["benchmarks"]:
        for part, key in ((entry["stats"], "data"), (entry["extra_info"], "calibration")):
            part[key] = (factor * np.array(part[key])).tolist()
    scaled = read_record(write(folder / "c", content))
    for a, b in zip(compare(before, after).changes, compare(before, scaled).changes, strict=True):
        # Rounding may swap ties of the ranks by an ulp, no more.
        assert np.allclose([a.ratio, a.low, a.high], [b.ratio, b.low, b.high], rtol=SCALING)
        assert (a.p, a.outcome) == (b.p, b.outcome)


def test_false_alarms_and_misses_are_rare(record):
    """30 pairs of 4 benchmarks, 24 turns of 3 rounds, with spikes.

    What the calibration does not take away is 7 % between rounds and 5 % between turns. Without a
    difference a false alarm needs an error of 10 %, four standard errors, and a p-value of 0.0025:
    0 of 120 expected. A slow-down of 30 % is found every time.
    """
    alarms = misses = 0
    for seed in range(30):
        before, same = record(seed=2 * seed), document(seed=2 * seed + 1)
        entry = same["benchmarks"][1]["stats"]
        alarms += len(compare(before, record(same)).regressions)
        entry["data"] = [1.3 * t for t in entry["data"]]
        misses += compare(before, record(same)).regressions != ("momentum",)
    assert (alarms, misses) == (0, 0)


def test_the_tests_alone_keep_their_level(record):
    """Without a threshold: 50 pairs of 24 rounds, 1 % for a family of 4; P(more than 3) = 0.002."""
    false = 0
    for seed in range(50):
        pair = (record(seed=2 * seed + i, rounds=24) for i in range(2))
        comparison = compare(*pair, threshold=0.0)
        false += any(c.outcome in CHANGED for c in comparison.changes)
    assert false <= 3


def test_too_few_turns_are_no_verdict(record):
    few = record(turns=4, noise=0.001)
    slow = record(turns=4, noise=0.001, slower={"sgd": 2.0})
    comparison = compare(few, slow)
    assert set(outcomes(comparison).values()) == {Outcome.FEW}
    assert comparison.regressions == ()
    assert smallest_p(4, 4) * 4 > 0.01


def test_no_change_is_said_only_where_the_interval_lies_within_the_threshold(record):
    before, after = record(seed=1, noise=0.3), record(seed=2, noise=0.3)
    for change in compare(before, after).changes:
        within = change.low > 1 / 1.1 and change.high < 1.1
        assert change.outcome is (Outcome.SAME if within else Outcome.UNCLEAR)
    assert Outcome.UNCLEAR in outcomes(compare(before, after)).values()
    assert set(outcomes(compare(before, after, threshold=3.0)).values()) == {Outcome.SAME}


def test_changed_work_is_not_compared(record):
    other = changed(document(slower={"sgd": 2.0}), "benchmarks.0.extra_info.work", 2000)
    comparison = compare(record(), record(other))
    assert outcomes(comparison)["sgd"] is Outcome.OTHER
    assert comparison.regressions == ()


def test_benchmarks_of_one_record_only_are_named(record):
    comparison = compare(record(names=("a", "b", "c")), record(names=("b", "d")))
    assert [c.name for c in comparison.changes] == ["b"]
    assert comparison.only_before == ("a", "c")
    assert comparison.only_after == ("d",)
    with pytest.raises(UsageError, match="no benchmark in common"):
        compare(record(names=("a",)), record(names=("b",)))


def test_another_calibration_is_refused(record):
    other = record(changed(document(), "nqmbench.calibration", 2))
    with pytest.raises(UsageError, match=r"version 1 in .* and 2 in .*no common unit"):
        compare(record(), other)


@pytest.mark.parametrize("threshold", [-0.1, float("nan"), float("inf"), "0.1", None, 11])
def test_a_threshold_that_is_none_is_refused(record, threshold):
    with pytest.raises(InvalidArguments, match="threshold: got"):
        compare(record(), record(), threshold)


def test_holm_is_between_the_p_values_and_bonferroni():
    p = [0.2, 0.001, 0.004, 0.03, 0.9]
    for raw, adjusted in zip(p, holm(p), strict=True):
        assert raw <= adjusted <= min(1.0, len(p) * raw)
    assert np.allclose(holm(p), [0.4, 0.005, 0.016, 0.09, 0.9], rtol=PRODUCT)


def exit_code(*arguments):
    with pytest.raises(SystemExit) as stop:
        main(["perf", "compare", *map(str, arguments)])
    return stop.value.code or 0


def test_the_command_exits_with_0_for_the_same_and_1_for_a_regression(tmp_path, capsys):
    a = write(tmp_path / "a.json", document(seed=1))
    b = write(tmp_path / "b.json", document(seed=2))
    slow = write(tmp_path / "slow.json", document(seed=2, slower={"compile": 1.3}))
    assert exit_code(a, a) == exit_code(a, b) == 0
    assert "no regression beyond 10 % in 4 benchmarks" in capsys.readouterr().out
    assert exit_code(a, slow) == 1
    printed = capsys.readouterr().out
    assert "1 of 4 benchmarks slower by more than 10 %: compile (+" in printed
    rows = [line for line in printed.splitlines() if line.startswith(NAMES)]
    assert [line.split()[0] for line in rows if "REGRESSION" in line] == ["compile"]
    assert exit_code(a, slow, "--threshold", 0.5) == 0


def test_the_command_tells_what_differs_and_keeps_its_verdict(tmp_path, capsys):
    a = write(tmp_path / "a.json", document(seed=1))
    content = document(seed=2, speed=2.0, slower={"sgd": 1.3}, names=("sgd", "other"))
    for path, value in (
        ("machine.cpu", "Slow 1"),
        ("versions.numba", "0.62.0"),
        ("settings.NUMBA_OPT", "0"),
    ):
        content = changed(content, f"nqmbench.{path}", value)
    b = write(tmp_path / "b.json", content)
    assert exit_code(a, b) == 1
    printed = capsys.readouterr().out
    for words in (
        "machine, cpu: 'Fast 9000' before, 'Slow 1' after",
        "versions, numba: '0.61.0' before, '0.62.0' after",
        "settings, NUMBA_OPT: not set before, '0' after",
        "the records are from different machines",
        "times slower the second time",
        "only before: momentum, import, compile",
        "only after: other",
    ):
        assert words in printed


def test_the_command_names_what_it_could_not_judge(tmp_path, capsys):
    a = write(tmp_path / "a.json", document(turns=3))
    b = write(
        tmp_path / "b.json", changed(document(turns=3), "benchmarks.0.extra_info.unit", "days")
    )
    assert exit_code(a, b) == 0
    printed = capsys.readouterr().out
    assert "too few turns to show any change: momentum, import, compile" in printed
    assert "defined otherwise in the two records, not comparable: sgd" in printed
    assert "no regression beyond 10 % in 0 benchmarks" in printed


def test_noisy_benchmarks_are_named(tmp_path, capsys):
    a = write(tmp_path / "a.json", document(noise=1.0))
    assert exit_code(a, a) == 0
    assert "very noisy before: sgd" in capsys.readouterr().out


def test_exit_codes_of_wrong_usage_and_damage(tmp_path, capsys):
    a = write(tmp_path / "a.json", document())
    damaged = tmp_path / "damaged.json"
    damaged.write_text("{")
    assert exit_code(a, damaged) == 65
    assert exit_code(a, tmp_path / "none.json") == 2
    assert exit_code(a, a, "--threshold", "much") == 2
    assert exit_code(a, a, "--threshold", "-1") == 2
    assert exit_code(a) == 2
    assert "Traceback" not in capsys.readouterr().err
