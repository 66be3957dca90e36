"""The recursion of `nqmbench.kernels.Program` in slow, obvious NumPy, fed by the same draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nqmbench.kernels import Program, normals


def step_by_step(program: Program, seed: int, block: int) -> NDArray[np.float64]:
    """Return the observables of the 32 trajectories of one block, shape (S, O, 32), in float64."""
    n, d, steps = len(program.starts), len(program.lam), program.steps
    out = np.zeros((len(program.checkpoints), program.observables, 32))
    for i in range(d):
        start = program.w0[i] + program.w0_std[i] * start_normals(seed, block, i)
        z = [program.starts[r] * start for r in range(n)]
        batches = [int(np.broadcast_to(program.batch, steps)[t]) for t in range(steps)]
        if program.law == "gaussian":
            noise = normals("gaussian", 0.0, seed, block, i, steps).astype(float)
            noise = noise / np.sqrt(np.array(batches, dtype=float))[:, None]
        else:
            draws = normals(program.law, program.nu, seed, block, i, sum(batches)).astype(float)
            ends = np.cumsum(batches)
            noise = np.array([draws[e - b : e].mean(axis=0) for e, b in zip(ends, batches, strict=True)])
        for k in range(steps + 1):
            for q in np.flatnonzero(program.checkpoints == k):
                for f in range(program.feeds_start[i], program.feeds_start[i + 1]):
                    value = z[program.readout] ** program.feeds_power[f]
                    out[q, program.feeds_observable[f]] += program.feeds_weight[f] * value
            if k == steps:
                break
            row = k if len(program.point) > 1 else 0
            old = [v.copy() for v in z]
            u = sum(program.point[row, j] * old[j] for j in range(n)) - program.sigma[i] * noise[k]
            for r in range(n):
                z[r] = (
                    old[r]
                    + sum(program.increments[row, r, j] * old[j] for j in range(n))
                    + sum(program.chain[row, r, j] * z[j] for j in range(r))
                    + program.push[row, r] * program.lam[i] * u
                )
    return out


def start_normals(seed: int, block: int, coordinate: int) -> NDArray[np.float64]:
    """Return the standard normals of the Gaussian starts, shape (32,)."""
    from nqmbench.kernels.draws import start_normals as drawn

    return drawn(seed, block, coordinate).astype(float)
