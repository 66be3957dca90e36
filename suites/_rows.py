"""What the rows of a least-squares problem say by formula, without the program's own theory.

f(w) = mean (x.w - y)^2 has the gradient 2 mean x (x.w - y) and the Hessian H = 2 mean x x'. A batch
of B rows estimates the gradient; its covariance is C/B with replacement and C/B (n - B)/(n - 1)
without, where C is the covariance of the gradients of the single rows.
"""

from collections.abc import Iterator

import numpy as np

import nqmbench as nq

Rows = tuple[np.ndarray, np.ndarray]


def rows_of(experiment: nq.Experiment) -> Rows:
    """The rows and labels of an experiment on dense data."""
    return experiment.problem.x, experiment.problem.y


def factor_of(experiment: nq.Experiment) -> float:
    """The batch's factor of an experiment."""
    problem = experiment.problem
    return batch_factor(problem.y.size, experiment.batch, problem.replacement)


def loss(rows: Rows, w: np.ndarray) -> float:
    x, y = rows
    return float(np.mean((x @ w - y) ** 2))


def gradients(rows: Rows, w: np.ndarray) -> np.ndarray:
    """The gradient of every single row, shape (n, d)."""
    x, y = rows
    return 2 * x * (x @ w - y)[:, None]


def gradient(rows: Rows, w: np.ndarray) -> np.ndarray:
    return gradients(rows, w).mean(axis=0)


def hessian(rows: Rows) -> np.ndarray:
    x, y = rows
    return 2 * x.T @ x / y.size


def curvatures(rows: Rows) -> np.ndarray:
    """The eigenvalues of the Hessian, increasing: mu first, L last."""
    return np.linalg.eigvalsh(hessian(rows))


def least(rows: Rows) -> np.ndarray:
    """Where the loss is least."""
    return np.linalg.lstsq(*rows, rcond=None)[0]


def batch_factor(n: int, B: float, replacement: bool) -> float:
    """The variance of the mean of a batch in units of that of a single draw."""
    return 1 / B if replacement else (n - B) / (B * (n - 1))


def descent(rows: Rows, eta: float, steps: int, momentum: float = 0.0) -> np.ndarray:
    """The iterates of gradient descent from 0, with momentum if any, shape (steps + 1, d)."""
    w, v = np.zeros(rows[0].shape[1]), 0.0
    path = [w]
    for _ in range(steps):
        v = momentum * v + eta * gradient(rows, w)
        w = w - v
        path.append(w)
    return np.array(path)


def descent_losses(rows: Rows, eta: float, steps: int, momentum: float = 0.0) -> np.ndarray:
    """The losses along that path."""
    return np.array([loss(rows, w) for w in descent(rows, eta, steps, momentum)])


def covariances(rows: Rows, eta: float, steps: int, factor: float) -> Iterator[np.ndarray]:
    """The covariance of SGD's weights after 0, 1, ... steps from 0.

    With the mean m on the path of gradient descent, the covariance of the weights S, and c the
    batch's factor,

        S' = (I - eta H) S (I - eta H) + c eta^2 E C(w),

    where C(w), the covariance of the gradients of single rows, is averaged over the law of w: with
    q_i = (x_i.m - y_i)^2 + x_i' S x_i the mean square of a residual, and g the gradient at m,

        E C(w) = 4 mean q_i x_i x_i' - g g' - H S H.
    """
    x, y = rows
    H = hessian(rows)
    A = np.eye(len(H)) - eta * H
    S = np.zeros_like(H)
    for m in descent(rows, eta, steps):
        yield S
        q = (x @ m - y) ** 2 + np.einsum("ni,ij,nj->n", x, S, x)
        g = gradient(rows, m)
        C = 4 * (x * q[:, None]).T @ x / y.size - np.outer(g, g) - H @ S @ H
        S = A @ S @ A + factor * eta**2 * C


def expected_losses(rows: Rows, eta: float, steps: int, factor: float) -> np.ndarray:
    """E f(w_t) = f(E w_t) + 1/2 tr(H S_t): what the noise adds to the loss of gradient descent."""
    H, plain = hessian(rows), descent_losses(rows, eta, steps)
    spread = covariances(rows, eta, steps, factor)
    return plain + np.array([np.trace(H @ S) / 2 for S in spread])
