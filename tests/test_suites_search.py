"""The suites' searches for a zero and for a minimum, against SciPy's."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest
import scipy.optimize

from nqmbench.suites import shipped_folder


@pytest.fixture
def search(monkeypatch):
    monkeypatch.syspath_prepend(shipped_folder())
    return importlib.import_module("_search")


def wild(rng):
    """A function with waves, an interval, and how closely to search, to between 1e-13 and 0.1."""
    a, b, c, d = rng.normal(size=4)
    low, high = np.sort(rng.uniform(-3, 3, 2))
    return lambda x: a * x**3 + b * x + c + d * np.sin(3 * x), low, high, 10 ** rng.uniform(-13, -1)


def test_a_zero_is_scipys_to_the_last_bit_and_found_by_the_same_steps(search):
    rng, found = np.random.default_rng(1), 0
    while found < 200:
        f, low, high, close = wild(rng)
        if f(low) * f(high) < 0:
            steps, others = [], []
            relative = max(close, 1e-15)
            x = search.root(lambda t, f=f, s=steps: s.append(t) or f(t), low, high, close, relative)
            y = scipy.optimize.brentq(
                lambda t, f=f, s=others: s.append(t) or f(t), low, high, xtol=close, rtol=relative
            )
            assert x == y
            assert steps == others
            found += 1


def test_a_minimum_is_scipys_to_the_last_bit(search):
    rng = np.random.default_rng(2)
    for _ in range(200):
        f, low, high, close = wild(rng)
        point = search.lowest(f, low, high, close)
        other = scipy.optimize.minimize_scalar(f, bounds=(low, high), options={"xatol": close})
        assert (point.x, point.y) == (other.x, other.fun)


def test_known_places(search):
    assert search.root(math.cos, 1.0, 2.0) == pytest.approx(math.pi / 2, rel=1e-12)
    assert search.root(lambda x: x, 0.0, 1.0) == 0.0
    assert search.root(lambda x: x - 1, 0.0, 1.0) == 1.0
    assert search.lowest(lambda x: (x - 0.3) ** 2, 0.0, 1.0, 1e-9).x == pytest.approx(0.3, abs=1e-8)
    assert search.lowest(lambda x: x, 0.0, 1.0, 1e-6).x == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("f", [lambda x: x + 1, lambda x: -1e-300])
def test_without_a_change_of_sign_there_is_no_zero(search, f):
    with pytest.raises(ValueError, match="no change of sign"):
        search.root(f, 0.0, 1.0)
