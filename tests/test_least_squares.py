"""Least squares and Gaussian rows as problems, and what experiments make of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp

import nqmbench as nq
from nqmbench.agreement import differences, mismatch
from nqmbench.claims import Claim
from nqmbench.consistency import contradictions
from nqmbench.errors import FormulaError, InvalidArguments
from nqmbench.exact_moments import ExactMoments
from nqmbench.explain import explanation
from nqmbench.forecast import work_per_trial
from nqmbench.formulas import applies, claimed_value
from nqmbench.matching import out_of_range
from nqmbench.moments import of_constant
from nqmbench.plan import Case
from nqmbench.samples import lacking_moment, rounding, still

X = np.array([[1.0, 0.5], [-0.3, 1.2], [0.8, -0.7], [0.1, 0.4]])
Y = np.array([1.0, -0.5, 0.7, 0.2])


def on_rows(batch=1, steps=10, replacement=True, observables=("loss",), x=X, y=Y, **more):
    problem = nq.LeastSquares(x, y, replacement=replacement, **more)
    return nq.Experiment(problem, nq.sgd(0.1), batch, steps, observables=observables)


# ---- the data ----


def test_the_optimum_is_the_solution_of_the_smallest_norm():
    problem = nq.LeastSquares(X, Y)
    assert problem.optimum == pytest.approx(np.linalg.solve(X.T @ X, X.T @ Y), rel=1e-12)
    assert problem.floor == pytest.approx(np.mean((X @ problem.optimum - Y) ** 2), rel=1e-12)
    wide = nq.LeastSquares([[1.0, 1.0]], [2.0])
    assert wide.optimum == pytest.approx([1.0, 1.0], rel=1e-12)
    assert wide.curvatures == pytest.approx([4.0])  # the direction without curvature is left out


def test_sparse_rows_are_kept_in_rows_and_dense_ones_stay_dense():
    dense, sparse = nq.LeastSquares(np.eye(3), np.ones(3)), nq.LeastSquares(sp.eye(3), np.ones(3))
    assert (dense.sparse, sparse.sparse, sparse.x.format) == (False, True, "csr")
    assert (dense.entries, sparse.entries) == (3.0, 1.0)
    assert sparse.optimum.tolist() == [1.0, 1.0, 1.0]
    assert sparse.hessian.tolist() == dense.hessian.tolist()
    assert sparse.symbols == dense.symbols


def test_of_a_large_sparse_matrix_the_optimum_is_found_without_its_array():
    x = sp.diags_array(np.linspace(1.0, 2.0, 3001)).tocsr()
    problem = nq.LeastSquares(x, 3 * np.linspace(1.0, 2.0, 3001))
    assert problem.optimum == pytest.approx(np.full(3001, 3.0), rel=1e-9)
    assert problem.symbols["L"] == pytest.approx(8 / 3001, rel=1e-9)
    assert "mu" not in problem.symbols


def test_the_caller_may_change_the_arrays_afterwards():
    x = X.copy()
    problem = nq.LeastSquares(x, Y)
    x[0, 0] = 99.0
    assert problem.x[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        problem.x[0, 0] = 99.0


NAN = float("nan")
WRONG_ROWS = [
    [1.0, 2.0], [], [[]], np.zeros((0, 2)), [[1.0], [1.0, 2.0]], [[1.0], [NAN]], [["a"]], None,
    np.ones((2, 2, 2)), sp.csr_matrix((0, 3)), sp.csr_matrix([[math.inf]]),
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_ROWS)
def test_wrong_rows_are_refused_with_what_is_allowed(wrong):
    with pytest.raises(InvalidArguments, match=r"x: got .*allowed: finite numbers in an array"):
        nq.LeastSquares(wrong, [1.0, 2.0])


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("y", {"y": [1.0, 2.0]}), ("y", {"y": 1.0}), ("y", {"y": [1.0, 2.0, 3.0, NAN]}),
        ("y", {"y": np.ones((4, 1))}), ("y", {"y": [1e200, 0.0, 0.0, 0.0]}),
        ("x", {"x": X * 1e200}), ("x", {"x": sp.csr_array(X * 1e200)}),
        ("w0", {"w0": [1.0, 2.0, 3.0]}), ("w0", {"w0": math.inf}),
        ("replacement", {"replacement": 1}), ("replacement", {"replacement": "no"}),
    ],
)  # fmt: skip
def test_wrong_fields_are_named(field, arguments):
    with pytest.raises(InvalidArguments) as caught:
        nq.LeastSquares(**{"x": X, "y": Y} | arguments)
    (line,) = str(caught.value).splitlines()[1:]
    assert line.startswith(f"  {field}: got ")
    assert "allowed: " in line


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("spectrum", {"spectrum": [1.0, 0.0]}), ("spectrum", {"spectrum": []}),
        ("label_std", {"label_std": -1.0}), ("label_std", {"label_std": NAN}),
        ("w0", {"w0": [1.0, 2.0, 3.0]}), ("optimum", {"optimum": [NAN, 1.0]}),
    ],
)  # fmt: skip
def test_wrong_fields_of_gaussian_rows_are_named(field, arguments):
    with pytest.raises(InvalidArguments, match=f"{field}: got .*allowed: "):
        nq.GaussianRows(**{"spectrum": [1.0, 0.5]} | arguments)


# ---- experiments ----


def test_rows_are_observed_by_loss_distance_and_weights():
    e = on_rows(observables=["w[i]", "distance", "loss"])
    assert [o.name for o in e.observed] == ["w[0]", "w[1]", "distance", "loss"]
    assert [o.nonnegative for o in e.observed] == [False, False, True, True]
    assert nq.Experiment(e.problem, nq.sgd(0.1)).observables == ("loss",)


@pytest.mark.parametrize("wrong", ["error", "w2[0]", "w3[i]", "w[2]", "speed"])
def test_what_only_the_noisy_quadratic_has_is_refused(wrong):
    with pytest.raises(InvalidArguments, match=r"allowed: 'loss', 'distance', 'w\[i\]'"):
        on_rows(observables=[wrong])
    said = out_of_range(wrong, on_rows())
    assert "beyond" in said if wrong == "w[2]" else "allowed: 'loss'" in said


def test_more_rows_than_there_are_cannot_be_drawn_without_replacement():
    assert on_rows(batch=4, replacement=False).noiseless
    assert not on_rows(batch=4).noiseless
    assert not on_rows(batch=3, replacement=False).noiseless
    assert on_rows(batch=5).batch == 5
    with pytest.raises(InvalidArguments, match="batch: got 5; allowed: at most n = 4"):
        on_rows(batch=5, replacement=False)
    with pytest.raises(InvalidArguments, match="batch: got 5"):
        on_rows(batch=nq.schedule([1, 5]), steps=2, replacement=False)


@pytest.mark.parametrize("problem", [nq.LeastSquares(X, Y), nq.GaussianRows(1.0)])
def test_preconditioning_is_refused(problem):
    with pytest.raises(InvalidArguments, match="without preconditioning"):
        nq.Experiment(problem, nq.preconditioned(nq.sgd(0.1), 0.5))


def test_a_method_that_pulls_towards_zero_is_refused():
    def step(state, gradient, eta):
        return {"w": state["w"] - eta * (gradient(state["w"]) + 0.1 * state["w"])}

    method = nq.Method("weight decay", step, {"lr": 0.1})
    with pytest.raises(InvalidArguments, match="shift y by the predictions of the optimum"):
        nq.Experiment(nq.LeastSquares(X, Y), method)
    assert nq.Experiment(nq.GaussianRows(1.0), method).steps == 1000  # whose optimum is 0


def test_the_key_holds_the_data_and_the_way_of_drawing():
    keys = {
        on_rows().key,
        on_rows(replacement=False).key,
        on_rows(y=Y + 1e-12).key,
        on_rows(x=sp.csr_matrix(X)).key,
        on_rows(w0=1.0).key,
        on_rows(batch=2).key,
        nq.Experiment(nq.GaussianRows([1.0, 0.5]), nq.sgd(0.1), steps=10).key,
        nq.Experiment(nq.GaussianRows([1.0, 0.5], 0.1), nq.sgd(0.1), steps=10).key,
    }
    assert len(keys) == 8
    assert on_rows().key == on_rows(x=X.copy()).key


def test_labels_say_what_is_drawn():
    assert on_rows(batch=2, replacement=False, w0=1.0).label == (
        "SGD(lr=0.1), B=2, least squares n=4 d=2, w0=1, without replacement"
    )
    assert repr(nq.LeastSquares(X, Y)) == "LeastSquares(n=4 d=2)"
    stream = nq.GaussianRows([1.0, 0.1], label_std=0.5, optimum=2.0)
    assert repr(stream) == "GaussianRows(l=(1, 0.1), label_std=0.5, optimum=2)"
    e = nq.Experiment(stream, nq.sgd(0.1))
    assert (e.coordinate_label(1), on_rows().coordinate_label(1)) == ("i=1 (h=0.2)", "i=1")


def test_what_is_defined_on_the_noisy_quadratic_alone_refuses_rows():
    with pytest.raises(InvalidArguments, match="the noisy quadratic"):
        nq.steps_to(on_rows(), 0.1)
    with pytest.raises(InvalidArguments, match="here only a NoisyQuadratic"):
        _ = on_rows().curvature


# ---- what is compared ----


def test_rows_can_be_compared_whatever_their_data_and_batches():
    one, other = on_rows(batch=1), on_rows(batch=3, x=X[:, :1])
    assert differences(one, other) == differences(one, on_rows(4, replacement=False)) == []
    assert differences(one, on_rows(steps=11)) == [("steps", 10, 11)]
    quadratic = nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.1), steps=10)
    assert mismatch(one, quadratic, "side").startswith(
        "the sides differ in kinds of problem, least squares and the noisy quadratic"
    )


# ---- claims ----


def claim(formula, of="loss", when=None):
    return Claim(suite="rows", name="claim", formula=formula, of=of, when=when)


def test_a_formula_on_least_squares_gets_what_the_whole_experiment_has():
    e = on_rows(batch=2, observables=["loss", "w[0]"])
    loss, w = e.observed
    L = float(np.linalg.eigvalsh(2 * X.T @ X / 4)[-1])
    found = claimed_value(claim(lambda n, d, L, B, eta, k: n * d * L + B * eta * k), e, loss, 3)
    assert found == pytest.approx(8 * L + 0.6)
    assert claimed_value(claim(lambda w0, optimum: w0 - optimum), e, w, 1) == -e.problem.optimum[0]
    with pytest.raises(FormulaError, match="asks for w0; this experiment offers"):
        claimed_value(claim(lambda w0: w0), e, loss, 1)
    with pytest.raises(FormulaError, match="asks for sigma"):
        claimed_value(claim(lambda sigma: sigma), e, w, 1)


def test_a_condition_on_least_squares_is_one_of_the_experiment():
    e = on_rows(observables=["loss", "w[0]"])
    assert applies(claim(lambda: 0.0, when=lambda mu, L: mu < L), e, e.observed[0], 1)
    assert not applies(claim(lambda: 0.0, when=lambda w0: w0 > 0), e, e.observed[1], 1)


def test_no_ratio_of_formulas_is_looked_for_on_rows():
    e = on_rows()
    case = Case("", e, e.recursion_key, e.observed[0], ())
    assert explanation(claim(lambda h, sigma: h * sigma), case) is None


# ---- samples, looks, the self-test ----


def test_rows_have_all_moments_and_one_start():
    e = on_rows(observables=["loss", "distance", "w[1]"], w0=2.0)
    for o in e.observed:
        assert lacking_moment(e, o, "kurtosis") == 0
        assert still(e, o) == (True, False)
        assert still(on_rows(4, replacement=False), o) == (True, True)
        assert 0 < rounding(e, o, "mixed") < 1e-8 < rounding(e, o, "f32") * 1e4


def test_the_work_of_a_trajectory_counts_the_entries_of_its_rows():
    assert work_per_trial(on_rows(batch=3)) == 10 * 3 * 2
    assert work_per_trial(on_rows(x=sp.eye(4).tocsr(), y=np.ones(4))) == 10
    assert work_per_trial(nq.Experiment(nq.GaussianRows([1, 1]), nq.sgd(0.1), 2, 10)) == 10 * 2 * 3


def test_what_theory_does_not_know_contradicts_nothing():
    e = nq.Experiment(nq.LeastSquares(X, Y), nq.sgd(0.1), 1, 1, [1])
    moments = of_constant(1000, np.array([[2.0]]))

    def said(mean, variance):
        truth = ExactMoments(np.ones(1), ("loss",), np.array([[mean]]), np.array([[variance]]))
        return contradictions(e, moments, truth, 6.0, "mixed")

    assert said(2.0, math.nan) == []
    assert len(said(3.0, math.nan)) == 1
    assert len(said(2.0, 1.0)) == 1


def test_a_single_row_has_no_noise_whatever_the_batch():
    row = nq.LeastSquares([[1.0, 2.0]], [3.0])
    e = nq.Experiment(row, nq.sgd(0.1), batch=5, steps=3, observables=["loss", "w[0]"])
    assert e.noiseless
    assert (nq.exact(e).variance == 0.0).all()


def test_targets_in_a_column_are_refused_by_their_shape():
    with pytest.raises(InvalidArguments, match=r"y: got shape \(4, 1\); allowed: shape \(4,\)"):
        nq.LeastSquares(X, np.ones((4, 1)))
