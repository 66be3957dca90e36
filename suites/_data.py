"""The second text's data sets, by its recipes and seeds, and the experiments made of them.

Every set is drawn when it is first asked for, from a generator of its own that is seeded as the
text seeds NumPy's and asked in the same order, so that the numbers are the text's. A line with an
intercept has the rows (x, 1) and the weights (w, b).
"""

from functools import cache

import numpy as np

import nqmbench as nq

Rows = tuple[np.ndarray, np.ndarray]  # x, shape (n, d), and y, shape (n,)

# -- recipes ---------------------------------------------------------------------------------------


@cache
def point_rows() -> Rows:
    """1000 points between 0 and 10 and one weight: f(w) = mean (w - point)^2."""
    points = np.random.RandomState(42).uniform(0, 10, 1000)
    return np.ones((points.size, 1)), points


@cache
def line_rows() -> Rows:
    """100 points near the line 2.5 x - 1."""
    return with_intercept(0, 2.5, -1.0, 0.2)


@cache
def comparison_rows() -> Rows:
    """100 points near the line 2 x - 0.5."""
    return with_intercept(42, 2.0, -0.5, 0.1)


def with_intercept(seed: int, slope: float, intercept: float, label_std: float) -> Rows:
    """100 points near a line, as rows (x, 1)."""
    draws = np.random.RandomState(seed)
    x = draws.rand(100, 1)[:, 0]
    y = slope * x + intercept + draws.randn(x.size) * label_std
    return np.column_stack([x, np.ones(x.size)]), y


TRUE_SLOPE = 3.0  # of the population from which the noisy and the clean rows come; x in [0, 1]


@cache
def noisy_rows() -> Rows:
    """200 points on a line through 0, with labels whose noise has the standard deviation 1."""
    draws = np.random.RandomState(0)
    x = draws.rand(200)
    return x[:, None], TRUE_SLOPE * x + draws.normal(0, 1, x.size)


@cache
def clean_rows() -> Rows:
    """The same points without the noise of their labels."""
    x, _ = noisy_rows()
    return x, TRUE_SLOPE * x[:, 0]


@cache
def slope_rows() -> Rows:
    """1000 points near the line 2 x, with one weight."""
    draws = np.random.RandomState(0)
    x = draws.rand(1000)
    return x[:, None], 2.0 * x + draws.randn(x.size) * 0.2


FEATURES, NON_ZEROS, SAMPLES = 1000, 10, 1000
EPOCHS = 100  # of the sparse script; in each it draws one row


@cache
def sparse_script() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """1000 rows of 1000 features, 10 of them not zero, their labels, and the draws of the script's
    own run; mostly zeros, but still dense.
    """
    draws = np.random.RandomState(42)
    x = np.zeros((SAMPLES, FEATURES))
    for row in x:
        places = draws.choice(FEATURES, NON_ZEROS, replace=False)
        row[places] = draws.randn(NON_ZEROS)
    slopes = draws.randn(FEATURES)
    y = x @ slopes + draws.randn(SAMPLES) * 0.1
    return x, y, np.array([draws.randint(0, SAMPLES) for _ in range(EPOCHS)])


def sparse_rows() -> Rows:
    """The rows and labels of the sparse script, dense."""
    return sparse_script()[:2]


# -- problems --------------------------------------------------------------------------------------


@cache
def sparse_problem() -> nq.LeastSquares:
    """The sparse rows, kept as sparse; SciPy's module for them is loaded only here."""
    from scipy.sparse import csr_array

    x, y = sparse_rows()
    return nq.LeastSquares(csr_array(x), y)


def run(
    rows: Rows,
    method: nq.Method,
    batch: int | None = 1,
    steps: int = 50,
    replacement: bool = True,
    w0: object = 0.0,
) -> nq.Experiment:
    """One method on the rows, its loss observed; batch None is the full batch, and no noise."""
    if batch is None:
        batch, replacement = len(rows[1]), False
    problem = nq.LeastSquares(*rows, w0=w0, replacement=replacement)
    return nq.Experiment(problem, method, batch=batch, steps=steps, observables=("loss",))


# -- the loss as the scripts store it --------------------------------------------------------------


def logged_step(state, gradient, eta):
    """Gradient descent that stores its weight before the update."""
    w = state["w"]
    return {"w": w - eta * gradient(w), "stored": w}


def as_logged(lr: float) -> nq.Method:
    """Gradient descent as two of the scripts log it: with the loss before the update, so that after
    t updates the one of t - 1 is read. The other methods' losses are stored after theirs.
    """
    starts = {"w": 1.0, "stored": 1.0}
    return nq.Method("SGD, stored before the update", logged_step, {"lr": lr}, starts, "stored")
