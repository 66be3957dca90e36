"""What one feature costs beside another, per unit of work, both by the package's own kernels."""

from functools import partial

import pytest

from nqmbench.perf.benchmarks import named
from nqmbench.simulation import simulate
from nqmbench.threads import available_threads


@pytest.mark.parametrize(
    ("name", "goal"),
    [
        ("averaged-mixed", None),
        ("sgd-f32", None),
        ("sgd-f64", None),
        ("cosine", 0.9),
        ("coordinates", None),
        ("large-d", None),
        # a sample of a batch that is drawn in full beside a normal
        ("batch-uniform", 0.9),
        ("batch-laplace", 0.9),
    ],
)
def test_a_feature_beside_plain_sgd(beside, name, goal):
    a, b = named(name), named("sgd-mixed")
    beside(name, b.name, a.prepare(), b.prepare(), a.work / b.work, goal)


@pytest.mark.parametrize("threads", sorted({2, 4, available_threads()} - {1}))
@pytest.mark.parametrize("name", ["sgd-mixed", "averaged-mixed", "batch-laplace", "large-d"])
def test_threads_beside_one(beside, name, threads):
    if threads > available_threads():
        pytest.skip("there are fewer cores")
    case = named(name)
    trials = threads * case.trials
    # superblocks are what threads share: large-d has 96 trajectories in three of them
    several = partial(simulate, case.experiment, trials, threads=threads)
    one = partial(simulate, case.experiment, trials, threads=1)
    goal = 1.9 if threads == 2 else None
    beside(f"{name}, {threads} threads", "one thread", several, one, goal=goal)


def test_eight_methods_on_the_same_noise_beside_one(beside):
    eight, one = named("shared"), named("sgd-mixed")
    beside(
        "shared, each of eight",
        "one alone",
        eight.prepare(),
        one.prepare(),
        eight.work / one.work,
        goal=2.5,
    )
