"""Increments to be stored, with numbers that a test can tell apart."""

from __future__ import annotations

import numpy as np

from nqmbench.address import Address
from nqmbench.moments import of_values

STEPS, NAMES = (0, 10, 100), ("error", "w2[0]")
TRIALS = 64


def address(number=0, **changes):
    facts = {
        "code": "c0de", "subject": "5ub7", "seed": 7, "precision": "mixed",
        "first": TRIALS * number, "trials": TRIALS,
    }  # fmt: skip
    return Address(**(facts | changes))


def moments(number=0, steps=STEPS, names=NAMES):
    """Of TRIALS values; a cell's numbers depend on its number, step and name alone."""
    values = [
        [np.random.default_rng([number, step, *name.encode()]).normal(1.0, 0.3, TRIALS)
         for name in names]
        for step in steps
    ]  # fmt: skip
    return of_values(np.array(values))


def same(a, b):
    """Equal to the bit."""
    return (a.count, a.mean.tobytes(), a.central.tobytes()) == (
        b.count, b.mean.tobytes(), b.central.tobytes(),
    )  # fmt: skip


def fill(store, numbers):
    for number in numbers:
        store.save(address(number), STEPS, NAMES, moments(number), "SGD(lr=0.1)")
