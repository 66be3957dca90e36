"""What the suites' own searches find: the numbers of the catalogue of the first text's claims."""

import numpy as np
import pytest

import nqmbench as nq
from nqmbench.suites import load_suites

PRINTED = 5e-3  # relative: the catalogue gives two to four digits
SEARCH = 2e-4  # absolute: how finely the catalogue searched for the best decay


@pytest.fixture(scope="module")
def items():
    return {item.identity: item for suite in load_suites() for item in suite.items}


def outcome(items, name):
    """Both sides of a check as arrays."""
    return [np.asarray(side, dtype=float) for side in items[name].function()]


def test_preconditioning_gains_what_the_paper_gains(items):
    larger, smaller = outcome(
        items, "preconditioning::preconditioning gains more for larger batches"
    )
    assert smaller[0] == pytest.approx(4.35, rel=PRINTED)  # B = 16
    assert larger[-1] == pytest.approx(82, rel=PRINTED)  # B = 2^20


def test_the_papers_loss_is_that_of_exact_theory(items):
    claim = items["preconditioning::loss in the paper's model"]
    for e in claim.experiments():
        h, (eta, p) = e.problem.h, (e.symbols["eta"], e.symbols["p"])
        moments = claim.formula(e.steps, h, eta, p, e.batch, e.problem.sigma, e.problem.w0_std)
        assert h @ moments / 2 == pytest.approx(nq.exact(e).mean[0, 0], rel=1e-12)


def test_the_best_momentum_is_polyaks_for_every_condition_number(items):
    claimed, found = outcome(
        items, "momentum_tuned::the best momentum grows with the condition number"
    )
    assert claimed == pytest.approx([1 / 9, 4 / 9, (19 / 21) ** 2])
    assert found == pytest.approx(claimed, rel=5e-4)


def test_tuned_momentum_needs_the_stated_share_of_sgds_steps(items):
    small, large = outcome(items, "momentum_tuned::tuned momentum gains more for larger batches")
    assert [*small, large[-1]] == pytest.approx([0.94, 0.64, 0.45], abs=0.01)


def test_the_best_decays_fall_with_the_batch_as_in_the_catalogue(items):
    most, least = outcome(items, "averaging_tuned::larger batches want a smaller decay")
    decays = 1 - 1 / np.array([*most, least[-1]])
    assert decays == pytest.approx([0.99533, 0.99395, 0.99259, 0.99067, 0.98858], abs=SEARCH)


def test_the_best_average_has_the_errors_of_the_catalogue(items):
    large, small = outcome(items, "averaging_tuned::averaging helps small batches most")
    assert [*small, large[-1]] == pytest.approx(
        [0.0488 / 0.0755, 0.0234 / 0.0237, 1.0], rel=PRINTED
    )


def test_the_balancing_steps_are_those_of_the_catalogue(items):
    experiments = items["dimensions::a balancing step for equal starts"].experiments()
    found = [e.symbols["eta"] for e in experiments]
    assert found == pytest.approx([0.526226, 0.134969], abs=5e-7)
    for e in experiments:
        both = nq.exact(nq.Experiment(e.problem, e.method, 1, e.steps, [e.steps], ["w2[i]"]))
        assert both.mean[0, 0] == pytest.approx(both.mean[0, 1], rel=1e-9)
