"""Programs for the tests, and the same recursion in slow, obvious NumPy fed by the same draws."""

import dataclasses
import functools

import numba
import numpy as np

from nqmbench.kernels import (
    LAWS,
    PRECISIONS,
    Bundle,
    Program,
    generator_state,
    generator_words,
    normals,
    simulate,
    start_normals,
    trajectory_values,
)
from nqmbench.kernels.laws import COMMON
from nqmbench.kernels.memory import load, store


def build(
    *, increments, chain, point, push, starts, readout=0, h=(1.0, 0.1), sigma=None, w0=None,
    w0_std=None, batch=1, steps=20, checkpoints=None, precision="mixed", law="gaussian", nu=5.0,
):  # fmt: skip
    """Make a program whose observables are sum w^2, w of coordinate 0 and w^3 of the last one."""
    d = len(h)
    point = np.atleast_2d(np.asarray(point, dtype=float))
    rows, n = point.shape
    feeds = [[(0, 1.0, 2)] for _ in range(d)]
    feeds[0].append((1, 0.5, 1))
    feeds[-1].append((2, 1.0, 3))
    flat = [f for coordinate in feeds for f in coordinate]
    return Program(
        precision=precision,
        law=law,
        nu=nu,
        increments=np.reshape(np.asarray(increments, dtype=float), (rows, n, n)),
        chain=np.reshape(np.asarray(chain, dtype=float), (rows, n, n)),
        point=point,
        push=np.atleast_2d(np.asarray(push, dtype=float)),
        batch=np.broadcast_to(np.asarray(batch), rows).copy(),
        starts=np.array(starts, dtype=float),
        readout=readout,
        lam=np.array(h),
        sigma=np.linspace(1.0, 0.5, d) if sigma is None else np.array(sigma),
        w0=np.linspace(1.0, -2.0, d) if w0 is None else np.array(w0),
        w0_std=np.zeros(d) if w0_std is None else np.array(w0_std),
        steps=steps,
        checkpoints=np.array([0, 1, 7, steps] if checkpoints is None else checkpoints),
        feeds_start=np.concatenate([[0], np.cumsum([len(f) for f in feeds])]),
        feeds_observable=np.array([f[0] for f in flat]),
        feeds_weight=np.array([f[1] for f in flat]),
        feeds_power=np.array([f[2] for f in flat]),
        observables=3,
    )


def sgd(eta=0.1, **kw):
    """w' = w - eta g(w)."""
    return build(increments=[[0.0]], chain=[[0.0]], point=[1.0], push=[-eta], starts=[1.0], **kw)


def averaged_heavy_ball(eta=0.1, beta=0.9, gamma=0.99, **kw):
    """v' = beta v + g(w); w' = w - eta v'; m' = gamma m + (1 - gamma) w'."""
    return build(
        increments=np.diag([beta - 1.0, 0.0, gamma - 1.0]),
        chain=[[0, 0, 0], [-eta, 0, 0], [0, 1.0 - gamma, 0]],
        point=[0.0, 1.0, 0.0],
        push=[1.0, 0.0, 0.0],
        starts=[0.0, 1.0, 1.0],
        readout=2,
        **kw,
    )


def nesterov(eta=0.1, beta=0.9, **kw):
    """Look-ahead: v' = beta v + eta g(w - beta v); w' = w - v'."""
    return build(
        increments=np.diag([beta - 1.0, 0.0]),
        chain=[[0, 0], [-1.0, 0]],
        point=[-beta, 1.0],
        push=[eta, 0.0],
        starts=[0.0, 1.0],
        readout=1,
        **kw,
    )


def scheduled_dense(steps=20, **kw):
    """Four states, tables that change every step, all entries present; batches that grow."""
    rng = np.random.default_rng(3)
    n = 4
    return build(
        increments=rng.normal(size=(steps, n, n)) * 0.1 - 0.2 * np.eye(n),
        chain=np.tril(rng.normal(size=(steps, n, n)) * 0.2, -1),
        point=rng.normal(size=(steps, n)),
        push=-0.1 * rng.random((steps, n)),
        starts=[1.0, 0.5, -1.0, 2.0],
        readout=3,
        batch=1 + np.arange(steps),
        steps=steps,
        **kw,
    )


def vary(program, **changes):
    """Return the program with some fields changed."""
    return dataclasses.replace(program, **changes)


def moments(program, seed, first_block, trials, threads=1, progress=None, kernels="fast"):
    """Return the moments of a program that is run alone."""
    bundle = Bundle((program,))
    return simulate(bundle, seed, first_block, trials, threads, progress, kernels)


def values(program, seed, first_block, trials, kernels="fast"):
    """Return every trajectory's observables of a program that is run alone."""
    return trajectory_values(Bundle((program,)), seed, first_block, trials, kernels)


def same(a, b):
    """Return whether two samples have the same bits."""
    return a.count == b.count and all(
        x.tobytes() == y.tobytes() for x, y in ((a.mean, b.mean), (a.central, b.central))
    )


def step_by_step(program, seed, block):
    """Return the observables of the trajectories of a block, shape (S, O, lanes), in float64."""
    n, d, steps = len(program.starts), len(program.lam), program.steps
    scheduled, form = len(program.point) > 1, PRECISIONS[program.precision]
    out = np.zeros((len(program.checkpoints), program.observables, form.lanes))
    for i in range(d):
        drawn = start_normals(seed, block, i, form.noise).astype(float)
        start = program.w0[i] + program.w0_std[i] * drawn
        z = [program.starts[r] * start for r in range(n)]
        noise = batch_noise(program, seed, block, i)
        for k in range(steps + 1):
            for q in np.flatnonzero(program.checkpoints == k):
                for f in range(program.feeds_start[i], program.feeds_start[i + 1]):
                    term = program.feeds_weight[f] * z[program.readout] ** program.feeds_power[f]
                    out[q, program.feeds_observable[f]] += term
            if k == steps:
                break
            t = k if scheduled else 0
            old = [v.copy() for v in z]
            u = sum(program.point[t, j] * old[j] for j in range(n)) - program.sigma[i] * noise[k]
            for r in range(n):
                z[r] = (
                    old[r]
                    + sum(program.increments[t, r, j] * old[j] for j in range(n))
                    + sum(program.chain[t, r, j] * z[j] for j in range(r))
                    + program.push[t, r] * program.lam[i] * u
                )
    return out


def batch_noise(program, seed, block, coordinate):
    """Return the noise of each step's batch mean, shape (steps, lanes)."""
    bits, address = PRECISIONS[program.precision].noise, (seed, block, coordinate)
    batches = np.broadcast_to(program.batch, program.steps)
    if program.law == "gaussian":
        drawn = normals("gaussian", 0.0, *address, program.steps, bits).astype(float)
        return drawn / np.sqrt(batches)[:, None]
    if program.law == "intermittent":
        drawn = intermittent(*address, int(batches.sum()), bits)
    else:
        drawn = normals(program.law, program.nu, *address, int(batches.sum()), bits)
    noise, next_draw = np.empty((program.steps, drawn.shape[1])), 0
    for t, size in enumerate(batches):
        total = np.zeros(drawn.shape[1], dtype=drawn.dtype)  # the kernel's sum: in order
        for _ in range(size):
            total = total + drawn[next_draw]
            next_draw += 1
        noise[t] = total.astype(float) / size
    return noise


def intermittent(seed, block, coordinate, count, bits):
    """Return intermittent draws from raw words, shape (count, lanes).

    The top bit of the coordinate's own word is the sign, that of the common word says hit or not.
    """
    own, common = (top_bits(seed, block, i, count, bits) for i in (coordinate, COMMON))
    return np.where(common, np.sqrt(2.0) * (1.0 - 2.0 * own), 0.0).astype(f"f{bits // 8}")


def top_bits(seed, block, coordinate, count, bits):
    """Return the first bit of each word of the intermittent law's stream, shape (count, lanes)."""
    states = generator_state(seed, LAWS["intermittent"], block, coordinate, bits)
    words = [generator_words(tuple(lane), count, bits) for lane in states.T]
    return (np.stack(words, axis=1) >> (bits - 1)).astype(int)


@functools.cache
def lanewise(function, count=1):
    """Return a function of arrays that applies a function of lanes, ``count`` of them at a time."""

    @numba.njit
    def unary(a, out):
        for i in range(0, a.size, count):
            store(out, i, function(load(a, i, count)))

    @numba.njit
    def binary(a, b, out):
        for i in range(0, a.size, count):
            store(out, i, function(load(a, i, count), load(b, i, count)))

    def apply(*arrays, like=None):
        """Return an array of the type of ``like``, by default of the first argument."""
        out = np.empty(arrays[0].size, dtype=arrays[0].dtype if like is None else like)
        (unary if len(arrays) == 1 else binary)(*arrays, out)
        return out

    return apply
