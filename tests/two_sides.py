"""Two sides with given values: their paired moments, and a ledger that judges them."""

import numpy as np
from synthetic import drawn

import nqmbench as nq
from nqmbench.comparisons import SideMoments
from nqmbench.ledger import Ledger
from nqmbench.one_pass import PairedMoments
from nqmbench.plan import make_plan
from nqmbench.verdicts import PRESETS

N = 4096
STANDARD = PRESETS["standard"]


def experiment(of="error", checkpoint=1, **problem):
    return nq.Experiment(
        nq.NoisyQuadratic(1.0, **problem), nq.sgd(0.1), steps=max(checkpoint, 1),
        checkpoints=[checkpoint], observables=[of],
    )  # fmt: skip


def sides_of(left, right, of="error", **arguments):
    """Two sides with these values, and their paired moments."""
    e = experiment(of, **arguments)
    left, right = (np.broadcast_to(np.asarray(x, dtype=float), (N,)) for x in (left, right))
    with np.errstate(invalid="ignore"):
        apart = left - right
    below = np.where(np.isnan(apart), np.nan, left < right)
    paired = PairedMoments(drawn(apart), drawn(below))
    return paired, *(SideMoments.of(e, of, drawn(values)) for values in (left, right))


def noise(seed=1, count=N):
    return np.random.default_rng(seed).standard_normal(count)


def ordered(**arguments):
    """A ledger with one ordering of two experiments in one cell, and its contrast."""
    suite = nq.Suite("demo")
    one, two = (nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(lr), steps=1) for lr in (0.1, 0.2))
    suite.ordering("o", smaller=one, larger=two, **{"of": "error", **arguments})
    ledger = Ledger(make_plan([suite], STANDARD))
    (contrast,) = ledger.by_contrast
    return ledger, contrast


def judged(left, right, precision="mixed", problem=(), **arguments):
    ledger, contrast = ordered(**arguments)
    of = arguments.get("of", "error")
    ledger.compare(contrast, *sides_of(left, right, of, **dict(problem)), precision)
    return ledger.records[0]
