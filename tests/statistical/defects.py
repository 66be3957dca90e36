"""Generators that are wrong in a known way: what the checks must find.

Each spoils a chunk of good normals, shape (4, steps, lanes), and names the check that is made for
it.  Sizes are one and a half times what 2e6 numbers resolve, or more.  A variance of 1.001 or a
tail that is cut at 5 sigma (one of 2e6 values lies beyond) needs 2e8.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Defect(NamedTuple):
    """What is done to a chunk, and the check that must fail."""

    spoil: Callable
    found_by: str


def variance(value):
    """Return a defect: the variance is ``value``."""
    return lambda x: x * np.sqrt(value)


def shifted(x):
    """Give them a mean of 0.006."""
    return x + 0.006


def skewed(x):
    """Give them a skewness of 0.03; mean and variance stay, to 5e-5."""
    return x + 0.005 * (x * x - 1.0)


def cut_at(bound):
    """Return a defect: what is larger becomes six times smaller."""

    def cut(x):
        return np.where(np.abs(x) > bound, x / 6.0, x)

    return cut


def coarse(x):
    """Keep 6 bits after the point."""
    return np.round(x * 64.0) / 64.0


def sine_follows_cosine(x):
    """Correlate the two normals of a pair by 0.01."""
    y, half = x.copy(), x.shape[-1] // 2
    y[..., half:] += 0.01 * x[..., :half]
    return y


def radius_off(x):
    """Scale pairs by 1.08 and 0.92 in turns: their squares are correlated, they are not."""
    return x * (1.0 + 0.08 * (-1.0) ** np.arange(x.shape[1]))[:, None]


def steps_linked(x):
    """Let each step remember a 160th of the step before."""
    y = x.copy()
    y[:, 1:] += 0.00625 * x[:, :-1]
    return y


def lane_repeated(x):
    """Let the second lane repeat the first."""
    y = x.copy()
    y[..., 1] = x[..., 0]
    return y


def far_lanes_shared(x):
    """Let the fourth lane repeat the first."""
    y = x.copy()
    y[..., 3] = x[..., 0]
    return y


def lane_narrow(x):
    """Take 3 % from one lane."""
    y = x.copy()
    y[..., -1] *= 0.97
    return y


def stream_shared(number):
    """Return a defect: one lane of the stream ``number`` is that of the first stream."""

    def shared(x):
        y = x.copy()
        y[number, :, 5] = x[0, :, 5]
        return y

    return shared


DEFECTS = {
    "variance 1.01": Defect(variance(1.01), "moment 2"),
    "variance 1.001": Defect(variance(1.001), "moment 2"),
    "mean": Defect(shifted, "moment 1"),
    "skewness": Defect(skewed, "moment 3"),
    "tail cut at 4": Defect(cut_at(4.0), "beyond 4 sigma"),
    "tail cut at 5": Defect(cut_at(5.0), "beyond 5 sigma"),
    "coarse": Defect(coarse, "Kolmogorov-Smirnov, sqrt(n) D"),
    "sine follows cosine": Defect(sine_follows_cosine, "cosine and sine"),
    "radius": Defect(radius_off, "squares of cosine and sine"),
    "steps linked": Defect(steps_linked, "next step"),
    "lane repeated": Defect(lane_repeated, "next lane"),
    "far lanes shared": Defect(far_lanes_shared, "every two lanes"),
    "lane narrow": Defect(lane_narrow, "squares of every lane, mean"),
    "block shared": Defect(stream_shared(1), "next block"),
    "coordinate shared": Defect(stream_shared(2), "next coordinate"),
    "seed shared": Defect(stream_shared(3), "next seed"),
}

UNSEEN = {"variance 1.001", "tail cut at 5"}  # by fewer than 2e8 numbers
