"""What a run needs at least: counted, not tried; and what the machine grants."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest

import nqmbench as nq
from nqmbench.capacity import available_memory, free_space, memory_limits
from nqmbench.errors import UsageError
from nqmbench.estimate import MOST_EXPERIMENTS, Limits, check_size, estimate
from nqmbench.plan import make_plan
from nqmbench.suites import load_suites
from nqmbench.verdicts import PRESETS, look_sizes

QUICK = PRESETS["quick"]


def experiment(d=1, steps=100, batch=1, **problem):
    return nq.Experiment(
        nq.NoisyQuadratic([1.0] * d, **problem), nq.sgd(0.1), batch, steps, [1, steps]
    )


def suite(experiments, *claims):
    """Claims about these experiments, given as (of, more)."""
    made = nq.Suite("made", experiments=experiments)
    for number, (of, more) in enumerate(claims or [("error", {})]):
        made.claim(f"claim {number}", of=of, **more)(lambda: 1.0)
    return made


def test_cells_are_those_of_the_plan_where_when_excludes_none():
    made = suite(
        [experiment(3), experiment(3, batch=5)],
        ("w2[i]", {}), ("error", {"at": "last"}), ("w[1]", {"at": (1, 7, 50)}),
    )  # fmt: skip
    made.ordering(
        "one", smaller=experiment(3), larger=experiment(3, batch=7), of="w2[i]", at="last"
    )
    plan = make_plan([made], QUICK)
    assert estimate([made], QUICK).cells == plan.cells("made") == 2 * (6 + 1 + 3) + 3


def test_shipped_suites_are_estimated_from_below_and_may_run():
    shipped = load_suites()
    found, plan = estimate(shipped, QUICK), make_plan(shipped, QUICK)
    cells = sum(plan.cells(s.name) for s in shipped)
    assert cells <= found.cells < 2 * cells  # `when` excludes some
    assert 0 < found.experiments <= len(plan.experiments)
    assert found.seconds(threads=1) < 60
    assert not found.beyond(Limits(memory=10**8, disk=10**8))


def test_the_work_is_that_of_first_looks():
    looks = next(look_sizes(2, 100))
    assert estimate([suite([experiment(2)])], QUICK).work == looks * 2 * 100
    # Batches of other laws are drawn sample by sample.
    wide = {"noise": "laplace", "batch": 30}
    assert estimate([suite([experiment(2, **wide)])], QUICK).work == looks * 2 * 100 * 30
    # Without noise there is one trajectory, and beyond the budget there is none.
    assert estimate([suite([experiment(2, sigma=0.0)])], QUICK).work == 2 * 100
    assert estimate([suite([experiment(1, steps=10**12)])], QUICK).work == 0


def test_lists_that_may_repeat_each_other_count_once_and_their_cells_always():
    same = [experiment(), experiment(batch=2)]
    made = suite(same, ("error", {}), ("error", {"experiments": lambda: [experiment()]}))
    found = estimate([made], QUICK)
    assert (found.experiments, found.cells) == (2, 4 + 2)


@pytest.mark.parametrize("broken", [lambda: 1 / 0, lambda: None, lambda: [None], lambda: "text"])
def test_what_fails_is_left_to_the_plan(broken):
    assert estimate([suite(broken)], QUICK).experiments == 0


def test_a_generator_that_fails_counts_up_to_there():
    def two():
        yield experiment()
        yield experiment(batch=2)
        raise ValueError

    assert estimate([suite(two)], QUICK).experiments == 2


def test_an_endless_generator_is_given_up():
    taken = []

    def endless():
        one = experiment()
        for number in itertools.count():
            taken.append(number)
            yield one

    with pytest.raises(UsageError, match=f"experiments  more than {MOST_EXPERIMENTS + 1:,}"):
        check_size([suite(endless)], QUICK, Limits())
    assert len(taken) == MOST_EXPERIMENTS + 1


def test_counting_ends_where_memory_does():
    found = estimate([suite(lambda: iter([experiment()] * 1000))], QUICK, Limits(memory=10**5))
    assert found.experiments < 20
    assert not found.complete
    # Of a list that is there already the whole is told.
    found = estimate([suite([experiment()] * 1000)], QUICK, Limits(memory=10**5))
    assert (found.experiments, found.complete) == (1000, True)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(memory=10**5), "memory       at least 1"),
        (Limits(disk=100), "disk         at least 0 MB, of 0 MB"),
        (Limits(seconds=1e-3), "on 1 thread"),
    ],
)
def test_a_run_beyond_any_limit_is_refused_with_all_numbers(limits, said):
    made = suite([experiment(1000)])
    with pytest.raises(UsageError) as caught:
        check_size([made], QUICK, limits)
    text = str(caught.value)
    assert said.split(" at ")[0] in text
    for word in ("cells", "experiments", "memory", "time", "disk", "--force", "force=True"):
        assert word in text
    check_size([made], QUICK, Limits(10**9, 10**9, 2, math.inf))


def test_one_number_for_all_coordinates_takes_the_memory_of_one():
    problem = nq.NoisyQuadratic(np.broadcast_to(0.5, 10**9), sigma=2.0, optimum=1.0)
    e = nq.Experiment(problem, nq.preconditioned(nq.sgd(0.1), power=0.5), observables=["w2[i]"])
    for array in (problem.h, problem.sigma, problem.w0, problem.w0_std, e.curvature):
        assert (array.size, array.strides) == (10**9, (0,))
    assert e.label.endswith("h=0.5 d=1000000000, sigma=2, optimum=1")


def test_numbers_do_not_depend_on_how_a_problem_is_given():
    many = [experiment(5), nq.Experiment(nq.NoisyQuadratic(np.broadcast_to(1.0, 5), np.ones(5)),
                                         nq.sgd(0.1), steps=100, checkpoints=[1, 100])]  # fmt: skip
    assert many[0].key == many[1].key
    frames = [nq.exact(e).to_frame() for e in many]
    assert frames[0].equals(frames[1])


def test_the_smallest_limit_of_memory_counts(tmp_path):
    def grant(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    bare = available_memory(tmp_path)
    grant(proc__self__cgroup="0::/a/b\n", sys__fs__cgroup__a__b__memory_DOT_max="max\n")
    assert available_memory(tmp_path) == bare
    grant(sys__fs__cgroup__a__memory_DOT_max="123456\n")
    assert available_memory(tmp_path) == 123456
    grant(
        proc__self__cgroup="4:memory:/c\n3:cpu:/c\n",
        sys__fs__cgroup__memory__c__memory_DOT_limit_in_bytes="654321\n",
        sys__fs__cgroup__memory__memory_DOT_limit_in_bytes="9223372036854771712\n",
    )
    assert available_memory(tmp_path) == 654321
    assert list(memory_limits(tmp_path))[-1] == 654321


def test_space_is_that_of_the_nearest_folder_that_exists(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "shutil.disk_usage", lambda path: asked.append(path) or SimpleNamespace(free=1)
    )
    assert free_space(tmp_path / "not" / "yet" / "run.sqlite") == 1
    assert asked == [tmp_path]
