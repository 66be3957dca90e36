"""Families of cells whose truth is known, judged by the program itself on its own simulator.

A **family** is what one seed makes of a suite: plan, compiled kernels, looks, ledger. The
experiments are cheap (six steps in at most three dimensions), so that thousands of families take
minutes. All of them meet the noise of the seed, so the cells of a family depend on each other, as
those of every suite do. What is claimed is the exact theory, moved by a chosen number of margins.
"""

import itertools
from functools import cache

import numpy as np
from scipy.special import ndtr

import nqmbench as nq
from nqmbench.verdicts import PRESETS

STANDARD = PRESETS["standard"]
STEPS, SEEN = 6, (2, 6)  # of every experiment, and where it is looked at
WIDE = 0.05  # the margin of the orderings


def experiment(h, method, batch=1, noise="gaussian", w0=1.0):
    problem = nq.NoisyQuadratic(h, w0=w0, noise=noise)
    return nq.Experiment(problem, method, batch, STEPS, SEEN)


GAUSSIAN = (
    experiment(1.0, nq.sgd(0.5)),
    experiment(0.5, nq.heavy_ball(0.2, 0.9), batch=4, w0=0.0),  # squares of central normals
    experiment([1.0, 0.4], nq.averaged(nq.sgd(0.5), 0.7)),
    experiment([1.0, 0.4], nq.averaged(nq.heavy_ball(0.1, 0.5), 0.5), batch=2, w0=0.0),
    experiment([1.0, 0.4, 0.1], nq.sgd(0.3), batch=8),
)
TAILED = (
    experiment(1.0, nq.sgd(0.5), noise="exponential"),
    experiment([1.0, 0.4], nq.averaged(nq.heavy_ball(0.1, 0.5), 0.5), noise="exponential"),
    experiment(1.0, nq.sgd(0.5), noise="laplace"),
    experiment([1.0, 0.4], nq.heavy_ball(0.1, 0.9), batch=2, noise="laplace", w0=0.0),
)

PAIRED = {
    "SGD": (1.0, nq.sgd(0.3), 1),
    "momentum": (0.5, nq.heavy_ball(0.2, 0.9), 4),
    "averages": (1.0, nq.averaged(nq.sgd(0.5), 0.7), 2),
}


def names(e):
    """What is observed of an experiment; in one dimension the error is w2[0]."""
    each = [f"{x}[{i}]" for x in ("w", "w2") for i in range(e.problem.d)]
    return each if e.problem.d == 1 else ["error", *each]


@cache
def exact(e):
    return nq.exact(e.observed_at(SEEN, names(e)))


def truth(e, of, statistic, k):
    """The exact value of a statistic of an observable after k steps."""
    known = exact(e)
    return float(known.of(statistic)[SEEN.index(k), known.observables.index(of)])


def moved(e, of, statistic, k, by):
    """The formula for which the truth is the edge of the margin: the upper one if by > 0.

    Args:
        e, of, statistic, k: the cell.
        by: the relative margin with its sign; three times that leaves the truth three margins off.
    """
    value = truth(e, of, statistic, k)
    if statistic == "mean" and of.startswith("w["):  # relative to the root mean square
        return value - by * float(np.hypot(value, truth(e, of, "variance", k) ** 0.5))
    return value / (1 + by)


def exactly(claim, number, cell):
    return 0.0


def at_the_margin(claim, number, cell):
    """The truth is above the formula in every other cell, below it in the rest."""
    return 1.0 if (number + cell) % 2 else -1.0


def claims(
    experiments, off=exactly, margin=None, kinds=("equality",), statistics=("mean", "variance")
):
    """A suite about the error, every w[i] and every w2[i] of the experiments.

    Args:
        experiments: what is simulated.
        off: how many margins the truth lies above the formula; takes the claim's name, its number
            in the suite, and the number of the cell in it.
        margin: relative; None takes the preset's.
        kinds: of the claims, in turn.
        statistics: of each observable.
    """
    suite = nq.Suite("family")
    observables = dict.fromkeys(of for e in experiments for of in names(e))
    for number, (of, statistic) in enumerate(itertools.product(observables, statistics)):
        name, asked = f"{statistic} of {of}", [e for e in experiments if of in names(e)]
        wide = STANDARD.margin(statistic) if margin is None else margin
        far = {
            (e, k): wide * off(name, number, cell)
            for cell, (e, k) in enumerate(itertools.product(asked, SEEN))
        }

        def formula(k, experiment, of=of, statistic=statistic, far=far):
            step = int(k)
            return moved(experiment, of, statistic, step, far[experiment, step])

        suite.claim(
            name, of=of, statistic=statistic, kind=kinds[number % len(kinds)], margin=margin,
            experiments=asked,
        )(formula)  # fmt: skip
    return suite


def orderings(margin):
    """A suite of orderings whose truth is on the edge of what they claim.

    Both sides are one method in one dimension, with the starts a and -b: f a + x against -f b + x
    with the same Gaussian x of variance s^2. Their squares have the means f^2 a^2 + s^2 and
    f^2 b^2 + s^2, and if a + b > 0 the first is the smaller one with probability

        Phi(|f| (b - a) / (2 s)).

    Args:
        margin: relative. The smaller mean is (1 + margin) times the larger one, the probability
            (1 - margin) times the claimed one.
    """
    suite = nq.Suite("family")
    for name, (h, method, batch) in PAIRED.items():
        unit = experiment(h, method, batch)
        shape = {k: (truth(unit, "w[0]", "mean", k), truth(unit, "w[0]", "variance", k) ** 0.5)
                 for k in SEEN}  # fmt: skip
        starts = {(k,): float(np.sqrt(1 + margin + margin * (s / f) ** 2))
                  for k, (f, s) in shape.items()}  # fmt: skip
        if margin == 0:  # then the means are equal everywhere
            starts = {SEEN: 1.0, (): 0.5}
        for steps, a in starts.items():
            sides = {"smaller": experiment(h, method, batch, w0=a),
                     "larger": experiment(h, method, batch, w0=-1.0)}  # fmt: skip
            about = {"of": "error", "margin": margin, **sides}
            if steps:
                suite.ordering(f"{name}, means at {steps}", at=steps, **about)
            for k, (f, s) in shape.items():
                likely = float(ndtr(abs(f) * (1.0 - a) / (2 * s))) / (1 - margin)
                suite.ordering(
                    f"{name} from {a:.3g}, k = {k}", at=k, statistic="probability",
                    probability=likely, **about,
                )  # fmt: skip
    return suite
