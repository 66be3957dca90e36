"""What is seen of trajectories that are moved one at a time: eight of them at a glance.

Eight trajectories come to a checkpoint one after the other.  Each leaves its point there, and the
loss, which takes all rows, is computed for the eight together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nqmbench.kernels.lanes import fma, splat
from nqmbench.kernels.memory import load, store
from nqmbench.kernels.options import jit_small
from nqmbench.kernels.rows.program import DISTANCE, LOSS

GLANCE = 8  # trajectories


@jit_small
def observe(m: Any, points: Any, checkpoint: Any, column: Any, sparse: Any) -> None:
    """Put the observables of eight trajectories into ``buffer[checkpoint, :, column:column + 8]``.

    ``scratch[points + 8 j + l]`` is coordinate j of trajectory l.
    """
    for o in range(m.observables):
        what = m.observed[o]
        value = splat(0.0, GLANCE)
        if what == LOSS and sparse:
            for i in range(m.n):
                u = splat(0.0, GLANCE)
                for p in range(m.begins[i], m.begins[i + 1]):
                    point = load(m.scratch, points + np.int64(m.indices[p]) * GLANCE, GLANCE)
                    u = fma(m.values[p], point, u)
                value = fma(u, u, value)
            value = value * (1.0 / np.float64(m.n)) + m.floor[0]
        elif what == LOSS:
            for i in range(m.factor_rows):
                u = splat(0.0, GLANCE)
                for j in range(i * m.triangular, m.d):
                    point = load(m.scratch, points + j * GLANCE, GLANCE)
                    u = fma(m.factor[i * m.stride + j], point, u)
                value = fma(u, u, value)
            value = value + m.floor[0]
        elif what == DISTANCE:
            for j in range(m.d):
                point = load(m.scratch, points + j * GLANCE, GLANCE)
                value = fma(point, point, value)
        else:
            value = load(m.scratch, points + what * GLANCE, GLANCE) + m.optimum[what]
        cell = checkpoint * m.columns + m.first + o
        store(m.buffer, cell * m.pitch + column, value)
