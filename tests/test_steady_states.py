"""The limit of the exact moments, against closed forms, many steps, and the catalogue."""

from __future__ import annotations

import numpy as np
import pytest
import textbook
from hypothesis import given, settings
from hypothesis import strategies as st
from method_table import ALL_LAWS, METHODS, wrapped

import nqmbench as nq
from nqmbench.errors import InvalidArguments
from nqmbench.theory import exact, steady_state

ROUNDING = 1e-12  # relative: what a recursion of a thousand steps may lose
CANCELLATION = 1e-13  # absolute: a mean of order 1 that has decayed towards 0
LONG_ROUNDING = 1e-10  # relative: ten thousand steps with a double root

# ---- enumeration of every path of the noise --------------------------------------------


unit = st.floats(0.0, 0.95)


@given(share=st.floats(0.02, 0.98), beta=unit, gamma=unit, power=st.sampled_from([None, 0.5]))
@settings(derandomize=True, max_examples=30, deadline=None)
@pytest.mark.parametrize("name", METHODS)
def test_steady_states_equal_the_closed_forms(name, share, beta, gamma, power):
    entry, h, sigma, batch = METHODS[name], 0.3, 1.7, 5
    curvature = h ** (1 - (power or 0))
    lam = share * entry.limit(beta)
    problem = nq.NoisyQuadratic(h, sigma, w0=3.0, w0_std=2.0)
    method = wrapped(entry.build(lam / curvature, beta), power, None)
    variance = entry.steady(lam, beta) * sigma**2 / batch
    moments = steady_state(nq.Experiment(problem, method, batch, observables=["w[0]", "error"]))
    # Near the edge of stability the formula itself divides by a small difference.
    tolerance = ROUNDING / (1 - share)
    assert moments.mean[0].tolist() == [0.0, pytest.approx(variance, rel=tolerance)]
    assert moments.variance[0] == pytest.approx([variance, 2 * variance**2], rel=3 * tolerance)
    if entry.ar2 is not None:
        factor = textbook.averaging_factor(*entry.ar2(lam, beta), gamma)
        smooth = steady_state(nq.Experiment(problem, nq.averaged(method, gamma), batch))
        assert smooth.mean[0, 0] == pytest.approx(factor * variance, rel=100 * tolerance)


@pytest.mark.parametrize("law", ALL_LAWS, ids=str)
@pytest.mark.parametrize("name", METHODS)
def test_many_steps_reach_the_steady_state(name, law):
    problem = nq.NoisyQuadratic([1.0, 0.5], [1.0, 0.0], w0_std=0.5, noise=law)
    method = nq.averaged(METHODS[name].build(0.2, 0.5), 0.5)
    observables = ("error", "loss", "w[i]", "w2[i]", "w3[0]")
    experiment = nq.Experiment(problem, method, 2, 100_000, [100_000], observables)
    late, limit = exact(experiment), steady_state(experiment)
    np.testing.assert_allclose(late.mean, limit.mean, rtol=ROUNDING, atol=CANCELLATION)
    np.testing.assert_allclose(late.variance, limit.variance, rtol=ROUNDING, atol=CANCELLATION)


def test_the_script_of_the_first_text_has_the_steady_errors_of_the_catalogue():
    """Claims, table 1G: expected squared error in the steady state, times B, to six places."""
    problem = nq.NoisyQuadratic([1.0, 0.1])
    sgd, momentum = nq.sgd(0.1), nq.heavy_ball(0.1, 0.9)
    table = {
        0.057657: sgd,
        0.563645: momentum,
        0.007101: nq.averaged(sgd, 0.99),
        0.068697: nq.preconditioned(sgd, 0.5),
        0.010418: nq.averaged(momentum, 0.99),
        0.672954: nq.preconditioned(momentum, 0.5),
    }
    for batch in (1, 10):
        for printed, method in table.items():
            found = steady_state(nq.Experiment(problem, method, batch)).mean[0, 0]
            assert round(found * batch, 6) == printed, method.label


@pytest.mark.parametrize(
    "experiment",
    [
        nq.Experiment(nq.NoisyQuadratic([1.0, 25.0]), nq.sgd(0.1)),
        nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(2.0)),
        nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(nq.inverse_sqrt(0.1))),
        nq.Experiment(nq.NoisyQuadratic(1.0), nq.sgd(0.1), batch=[1] * 1000),
    ],
    ids=["unstable", "on the edge", "schedule", "batch ramp"],
)
def test_steady_state_refuses_what_has_none(experiment):
    with pytest.raises(InvalidArguments, match=r"allowed: (one without schedules|a stable method)"):
        steady_state(experiment)
