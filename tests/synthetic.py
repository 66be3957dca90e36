"""Ledgers without a simulator: claims on one experiment, judged on moments of any values."""

import numpy as np

import nqmbench as nq
from nqmbench.ledger import Ledger
from nqmbench.moments import ORDERS, Moments, of_values
from nqmbench.plan import make_plan
from nqmbench.verdicts import PRESETS

PRESET = PRESETS["standard"]


def one_experiment(checkpoints=(1,), h=(1.0,), **problem):
    return nq.Experiment(
        nq.NoisyQuadratic(list(h), **problem), nq.sgd(0.1), steps=max(checkpoints),
        checkpoints=list(checkpoints),
    )  # fmt: skip


def ledger_of(suite, preset=PRESET):
    """A fresh ledger, and the key of its only task."""
    ledger = Ledger(make_plan([suite], preset))
    (task,) = ledger.plan.experiments
    return ledger, task


def sample_of(mean, variance, count, skewness=0.0, shape=(1, 1)):
    """Moments of a sample with exactly these properties, and the kurtosis of a normal law."""
    c2 = np.broadcast_to(np.asarray(variance, dtype=float), shape)
    central = np.stack([c2, skewness * c2**1.5, 3 * c2**2, 0 * c2, 15 * c2**3, *6 * [0 * c2]])
    return Moments(count, np.broadcast_to(np.asarray(mean, dtype=float), shape), count * central)


def drawn(values):
    """Moments of values of shape (S, O, n), or (n,) for a single cell."""
    values = np.asarray(values, dtype=float)
    return of_values(values if values.ndim == 3 else values[None, None])


def drawn_fast(values):
    """The same for many values of moderate size, by multiplication."""
    mean = values.mean(axis=-1)
    centred = values - mean[..., None]
    power, sums = centred.copy(), []
    for _ in ORDERS:
        power *= centred
        sums.append(power.sum(axis=-1))
    return Moments(values.shape[-1], mean, np.stack(sums))


def suite_with(formula, experiments=None, **claim):
    suite = nq.Suite("demo", experiments=experiments or [one_experiment()])
    suite.claim("claim", **{"of": "w2[i]", **claim})(formula)
    return suite


def record_after(moments, precision="mixed", **suite):
    ledger, task = ledger_of(suite_with(**suite))
    ledger.hear(task, moments, precision)
    return ledger.records[0]


def equal_values(value):
    return drawn(np.full(1024, float(value)))
