"""Least squares stepped by hand: the textbook step in NumPy, on rows drawn word by word."""

import itertools

import numpy as np

import nqmbench as nq
from nqmbench.kernels import generator_state, generator_words
from nqmbench.kernels.rows.draws import TAG

LANES = 32


def data(n, d, seed=0, noise=0.5, filled=1.0):
    """Rows and targets; of the rows' numbers a share is not 0."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) / np.sqrt(d) * (rng.random((n, d)) < filled)
    return x, x @ rng.normal(size=d) + noise * rng.normal(size=n)


def observed(problem, w, names):
    """The observables at w, by their definitions."""
    x, e = problem.dense, w - problem.optimum
    known = {"loss": np.mean((x @ w - problem.y) ** 2), "distance": e @ e}
    return [known[name] if name in known else w[int(name[2:-1])] for name in names]


def drawn_rows(program, seed, trajectory):
    """The rows of each step of a trajectory: a word of its generator for each draw."""
    block, lane = divmod(trajectory, LANES)
    batches, n = np.broadcast_to(program.batch, program.steps), program.rows
    state = generator_state(seed, TAG, block, program.code, 32)[:, lane]
    words = map(int, generator_words(tuple(map(int, state)), int(batches.sum()), 32))
    return [choose(words, n, int(b), program.replacement) for b in batches]


def choose(words, n, batch, replacement):
    """With replacement a number per word; without, the first of a shuffle, or all the others."""
    if replacement:
        return [next(words) * n >> 32 for _ in range(batch)]
    order, few = list(range(n)), min(batch, n - batch)
    for b in range(few):
        k = b + (next(words) * (n - b) >> 32)
        order[b], order[k] = order[k], order[b]
    return order[:few] if few == batch else order[few:]


def step_by_step(experiment, rows):
    """The observables of a trajectory that draws these rows, shape (S, O)."""
    problem, method = experiment.problem, experiment.method
    x, y = problem.dense, problem.y
    tables = method.values(experiment.steps)
    state = {name: start * problem.w0 for name, start in method.starts.items()}
    names, found = [o.name for o in experiment.observed], []
    for t in range(experiment.steps + 1):
        if t in experiment.checkpoints:
            found.append(observed(problem, state[method.readout], names))
        if t < experiment.steps:
            own, targets = x[rows[t]], y[rows[t]]
            at = {name: table[t % table.size] for name, table in tables.items()}

            def gradient(w, own=own, targets=targets):
                return 2 / len(targets) * own.T @ (own @ w - targets)

            state = method.step(state, gradient, at.pop("lr"), **at)
    return np.array(found)


def every_path(experiment):
    """The exact mean and variance, shape (S, O): all sequences of batches, each as likely."""
    n, B = experiment.problem.n, experiment.batch
    if experiment.problem.replacement:
        batches = list(itertools.product(range(n), repeat=B))
    else:
        batches = [list(c) for c in itertools.combinations(range(n), B)]
    paths = itertools.product(batches, repeat=experiment.steps)
    values = np.array([step_by_step(experiment, [list(b) for b in path]) for path in paths])
    return values.mean(axis=0), values.var(axis=0)


def tiny(method=None, batch=1, replacement=True, **arguments):
    """An experiment small enough to go through all paths."""
    problem = nq.LeastSquares(
        [[1.0, 0.2], [0.3, -0.8], [-0.5, 0.9], [1.1, 0.7]], [1.0, 0.5, -0.3, 2.0],
        w0=[0.5, -1.0], replacement=replacement,
    )  # fmt: skip
    return nq.Experiment(
        problem, method or nq.sgd(0.1), batch=batch,
        **{"steps": 3, "checkpoints": [1, 3], "observables": ["loss", "distance", "w[i]"]}
        | arguments,
    )  # fmt: skip
