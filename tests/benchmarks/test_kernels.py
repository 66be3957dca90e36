"""Each kernel beside the loop that one would write first, both on one thread."""

from functools import partial

import numpy as np
import obvious
import pytest

from nqmbench.experiment import Experiment
from nqmbench.methods import sgd
from nqmbench.perf.benchmarks import BENCHMARKS, named
from nqmbench.problems import NoisyQuadratic
from nqmbench.simulation import PRECISIONS, simulate
from nqmbench.theory import exact

LAWS = {"gaussian": obvious.normal, "laplace": obvious.laplace, "uniform": obvious.uniform,
        "rademacher": obvious.rademacher, "exponential": obvious.exponential,
        "student": obvious.student}  # fmt: skip
GOALS = {"sgd-mixed": 90, "averaged-mixed": 70, "sgd-f32": 140, "averaged-f32": 115,
         "sgd-f64": 48, "averaged-f64": 42}  # fmt: skip
KERNELS = [b for b in BENCHMARKS if b.experiment and b.threads == 1 and b.name != "coordinates"]


def loop(experiment, trials):
    """The obvious loop for an experiment."""
    values = experiment.method.values(experiment.steps)
    eta = np.broadcast_to(values["lr"], experiment.steps).copy()
    common = experiment.problem.h, eta, np.array(experiment.checkpoints), trials
    if "momentum" in values:
        beta, gamma = float(values["momentum"][0]), float(values["decay"][0])
        return lambda: obvious.averaged_heavy_ball(*common, beta, gamma)
    draw = LAWS[experiment.problem.noise.name]
    return lambda: obvious.sgd(*common, draw, int(experiment.batch_sizes[0]))


def check(reference, experiment, trials):
    """The loop simulates the same, else the ratio means nothing; false alarms: 1e-6 each."""
    obvious.seed(1)
    sums = reference()[:, -1] / trials
    error = np.sqrt((sums[1] - sums[0] ** 2) / trials)
    expected = exact(experiment).to_frame()["mean"].iloc[-1]
    assert abs(sums[0] - expected) < 5 * error


@pytest.mark.parametrize("case", KERNELS, ids=lambda case: case.name)
def test_a_kernel_beside_the_obvious_loop(beside, case):
    trials = case.trials // 16
    reference = loop(case.experiment, trials)
    check(reference, case.experiment, trials)
    work = case.trials / trials
    beside(case.name, "obvious loop", case.prepare(), reference, work, GOALS.get(case.name))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("law", ["uniform", "rademacher", "laplace", "exponential", "student"])
def test_a_law_drawn_in_full_beside_the_obvious_loop(beside, law, precision):
    noise = (law, obvious.NU) if law == "student" else law
    problem = NoisyQuadratic([1.0, 0.1], noise=noise)
    experiment, trials = Experiment(problem, sgd(lr=0.1), batch=20, steps=1000), 256
    reference = loop(experiment, trials)
    check(reference, experiment, trials)
    call = partial(simulate, experiment, 4 * trials, threads=1, precision=precision)
    beside(f"batches, {law}, {precision}", "obvious loop", call, reference, 4.0)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("method", ["sgd", "averaged"])
def test_a_kernel_beside_its_plain_form(beside, monkeypatch, method, precision):
    case = named(f"{method}-{precision}")
    trials = case.trials // 8

    def plain():
        with monkeypatch.context() as changed:
            changed.setenv("NQMBENCH_KERNELS", "plain")
            simulate(case.experiment, trials, threads=1, precision=precision)

    beside(case.name, "plain kernel", case.prepare(), plain, case.trials / trials)
