"""Constant steps: the effect of k of them from the effects of 1, 2, 4, 8, ...

The state's cumulant of order r is a symmetric tensor K, and a step maps it to

    (A x ... x A) K + kappa_r(x) q x ... x q.

Two runs of steps compose: with (A^i, K(i)) and (A^j, K(j)) the effect of i and of j steps, that of
i + j steps is (A^j A^i, A^j K(i) + K(j)). So 10^5 steps cost 17 compositions. Nothing is ever
diagonalised: at double roots, such as the first text's own parameters, that fails.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nqmbench.experiment import Experiment
from nqmbench.responses import Responses, batch_cumulant

__all__ = [
    "constant_responses", "crowded_responses", "dense_responses", "piece_length",
    "settled_responses",
]  # fmt: skip

Floats = NDArray[np.float64]
Tensors = dict[int, Floats]  # order r -> symmetric tensor, shape (n,) * r + (d,)

ENTRIES = 2**20  # numbers of one piece of consecutive states: 8 MB
LONGEST = 4096  # steps of one piece, at least 1
SETTLED = 64  # doublings: no stable method of this precision needs 2^64 steps


@dataclass(frozen=True, eq=False)
class Composition:
    """The effect of some steps: z -> A z, and the cumulants of the noise that they add.

    Args:
        A: shape (n, n, d), coordinates last so that NumPy runs along them.
        noise: order r -> shape (n,) * r + (d,).
    """

    A: Floats
    noise: Tensors

    @classmethod
    def step(cls, experiment: Experiment, orders: tuple[int, ...]) -> Composition:
        """The effect of one step."""
        A, q = experiment.open_loop.closed(experiment.curvature)
        response = np.ascontiguousarray(np.moveaxis(q, 0, -1))
        noise = {r: outer(response, r) * batch_cumulant(experiment, 0, r) for r in orders}
        return cls(np.ascontiguousarray(np.moveaxis(A, 0, -1)), noise)

    def then(self, later: Composition) -> Composition:
        """The effect of these steps followed by the later ones."""
        noise = {r: transform(later.A, K) + later.noise[r] for r, K in self.noise.items()}
        return Composition(np.einsum("ijd,jkd->ikd", later.A, self.A), noise)

    def tiled(self, count: int) -> Composition:
        """The same effect on `count` states side by side, as if on count * d coordinates."""
        noise = {r: np.tile(K, count) for r, K in self.noise.items()}
        return Composition(np.tile(self.A, count), noise)


def constant_responses(experiment: Experiment, orders: tuple[int, ...]) -> Responses:
    """The responses at every checkpoint, each reached from the one before by doubling.

    Args:
        experiment: one without schedules.
        orders: the orders r >= 2 of the noise that are wanted.
    """
    loop, d = experiment.open_loop, experiment.quadratic.d
    powers = [Composition.step(experiment, orders)]
    mean = loop.starts[:, None] * np.ones(d)
    noise: Tensors = {r: np.zeros((loop.n,) * r + (d,)) for r in orders}
    starts, noises, now = [], [], 0
    for checkpoint in experiment.checkpoints:
        for digit in range((checkpoint - now).bit_length()):
            if digit == len(powers):
                powers.append(powers[-1].then(powers[-1]))
            if (checkpoint - now) >> digit & 1:
                power = powers[digit]
                mean = transform(power.A, mean)
                noise = {r: transform(power.A, K) + power.noise[r] for r, K in noise.items()}
        now = checkpoint
        starts.append(mean[loop.readout])
        noises.append({r: K[(loop.readout,) * r] for r, K in noise.items()})
    return Responses(np.stack(starts), {r: np.stack([K[r] for K in noises]) for r in orders})


def crowded_responses(experiment: Experiment, orders: tuple[int, ...]) -> Responses:
    """The responses at every checkpoint, out of those at every step.

    Args:
        experiment: one without schedules, with checkpoints at most of its steps.
        orders: the orders r >= 2 of the noise that are wanted.
    """
    checkpoints, length = np.array(experiment.checkpoints), piece_length(experiment, orders)
    starts, noises = [], []
    for i, piece in enumerate(dense_responses(experiment, orders, length)):
        rows = checkpoints[checkpoints // length == i] - i * length
        starts.append(piece.start[rows])
        noises.append({r: K[rows] for r, K in piece.noise.items()})
        if checkpoints[-1] < (i + 1) * length:
            break
    noise = {r: np.concatenate([K[r] for K in noises]) for r in orders}
    return Responses(np.concatenate(starts), noise)


def piece_length(experiment: Experiment, orders: tuple[int, ...]) -> int:
    """How many steps to find at a time, a power of two: as many as the memory of a cache holds."""
    per_step = experiment.open_loop.n ** max(orders, default=1) * experiment.quadratic.d
    most = min(max(ENTRIES // per_step, 1), LONGEST)
    return int(2 ** min(int(math.log2(most)), experiment.steps.bit_length()))


def dense_responses(
    experiment: Experiment, orders: tuple[int, ...], length: int
) -> Iterator[Responses]:
    """The responses at the steps 0, 1, 2, ... without end, `length` of them at a time.

    The states at 0..m-1, side by side, go to those at m..2m-1 by one composition of m steps.

    Args:
        experiment: one without schedules.
        orders: the orders r >= 2 of the noise that are wanted.
        length: a power of two.
    """
    loop, d = experiment.open_loop, experiment.quadratic.d
    power = Composition.step(experiment, orders)
    mean = loop.starts[:, None] * np.ones(d)
    noise: Tensors = {r: np.zeros((loop.n,) * r + (d,)) for r in orders}
    while mean.shape[-1] < length * d:
        wide = power.tiled(mean.shape[-1] // d)
        later = {r: transform(wide.A, K) + wide.noise[r] for r, K in noise.items()}
        mean = np.concatenate([mean, transform(wide.A, mean)], axis=-1)
        noise = {r: np.concatenate([K, later[r]], axis=-1) for r, K in noise.items()}
        power = power.then(power)
    wide, i = power.tiled(length), loop.readout
    while True:
        found = {r: K[(i,) * r].reshape(length, d) for r, K in noise.items()}
        yield Responses(mean[i].reshape(length, d), found)
        mean = transform(wide.A, mean)
        noise = {r: transform(wide.A, K) + wide.noise[r] for r, K in noise.items()}


def settled_responses(experiment: Experiment, orders: tuple[int, ...]) -> Responses:
    """The limit of the responses for k -> infinity, shape (1, d); the start is forgotten.

    Args:
        experiment: one without schedules whose method is stable.
        orders: the orders r >= 2 of the noise that are wanted.
    """
    whole = Composition.step(experiment, orders)
    for _ in range(SETTLED):
        whole = whole.then(whole)
        if not whole.A.any():  # it has underflowed: from here on nothing changes
            break
    i = experiment.open_loop.readout
    noise = {r: K[(i,) * r][None] for r, K in whole.noise.items()}
    return Responses(np.zeros((1, experiment.quadratic.d)), noise)


def transform(A: Floats, K: Floats) -> Floats:
    """A applied to every axis of the symmetric tensor K, coordinate by coordinate.

    Contracting the first axis and putting the result last goes round all axes in K's own order.
    """
    n, d = A.shape[0], A.shape[-1]
    shape = K.shape
    for _ in range(K.ndim - 1):
        K = np.einsum("ijd,jmd->mid", A, K.reshape(n, -1, d)).reshape(shape)
    return K


def outer(q: Floats, r: int) -> Floats:
    """The tensor q x ... x q, r times: shape (n, d) -> (n,) * r + (d,)."""
    product = q
    for _ in range(r - 1):
        product = product[..., None, :] * q
    return product
