"""What the suites' own searches find: the known values of the first text's claims."""

import numpy as np
import pytest

import nqmbench as nq
from nqmbench.suites import load_suites

PRINTED = 5e-3  # relative: the known values have two to four digits
SIX_DIGITS = 5e-7  # absolute: half of the last digit of the known step sizes
DECAY_SEARCH = 2e-4  # absolute: how finely the known best decays were searched
MOMENTUM_SEARCH = 5e-4  # relative: a flat minimum, found by trying step sizes
SETTINGS_SEARCH = 0.01  # absolute: a share of steps, tuned on two different grids
ROOT = 1e-9  # relative: of both sides at a root that is found to 1e-12
EXACT = 1e-12  # relative: the same formula by two routes


@pytest.fixture(scope="module")
def items():
    return {item.identity: item for suite in load_suites() for item in suite.items}


def outcome(items, name):
    """Both sides of a check as arrays."""
    return [np.asarray(side, dtype=float) for side in items[name].function()]


def test_preconditioning_gains_what_the_paper_gains(items):
    larger, smaller = outcome(
        items, "preconditioning_tuned::preconditioning gains more for larger batches"
    )
    assert smaller[0] == pytest.approx(4.35, rel=PRINTED)  # B = 16
    assert larger[-1] == pytest.approx(82, rel=PRINTED)  # B = 2^20


def test_the_papers_loss_is_that_of_exact_theory(items):
    claim = items["preconditioning_tuned::loss in the paper's model"]
    for e in claim.experiments():
        h, (eta, p) = e.problem.h, (e.symbols["eta"], e.symbols["p"])
        moments = claim.formula(e.steps, h, eta, p, e.batch, e.problem.sigma, e.problem.w0_std)
        assert h @ moments / 2 == pytest.approx(nq.exact(e).mean[0, 0], rel=EXACT)


def test_the_best_momentum_is_polyaks_for_every_condition_number(items):
    claimed, found = outcome(
        items,
        "momentum_tuned::"
        "the best momentum and its step depend on the condition number, by Polyak's formulas",
    )
    assert claimed[:, 0] == pytest.approx([16 / 9, 25 / 9, (40 / 21) ** 2])
    assert claimed[:, 1] == pytest.approx([1 / 9, 4 / 9, (19 / 21) ** 2])
    assert found == pytest.approx(claimed, rel=MOMENTUM_SEARCH)


def test_tuned_momentum_needs_the_stated_share_of_sgds_steps(items):
    small, large = outcome(items, "momentum_tuned::tuned momentum gains more for larger batches")
    assert [*small, large[-1]] == pytest.approx([656 / 952, 66 / 106, 9 / 22], abs=SETTINGS_SEARCH)


def test_a_best_setting_on_the_edge_of_the_search_is_an_error(items):
    check = items["momentum_tuned::tuned momentum gains more for larger batches"]
    best_setting = check.function.__globals__["best_setting"]
    with pytest.raises(ValueError, match="on the edge"):
        best_setting(1, horizon=1000, widest=25.0, points=(40, 40))  # momentum up to 0.96


def test_the_best_decays_fall_with_the_batch_as_is_known(items):
    most, least = outcome(items, "averaging_tuned::larger batches want a smaller decay")
    decays = 1 - 1 / np.array([*most, least[-1]])
    assert decays == pytest.approx([0.99533, 0.99395, 0.99259, 0.99067, 0.98858], abs=DECAY_SEARCH)


def test_the_best_average_has_the_known_errors(items):
    large, small = outcome(items, "averaging_tuned::averaging helps small batches most")
    assert [*small, large[-1]] == pytest.approx(
        [0.0488 / 0.0755, 0.0234 / 0.0237, 1.0], rel=PRINTED
    )


def test_the_balancing_steps_are_the_known_ones(items):
    experiments = items["balancing::a balancing step for equal starts"].experiments()
    found = [e.symbols["eta"] for e in experiments]
    assert found == pytest.approx([0.526226, 0.134969], abs=SIX_DIGITS)
    for e in experiments:
        both = nq.exact(nq.Experiment(e.problem, e.method, 1, e.steps, [e.steps], ["w2[i]"]))
        assert both.mean[0, 0] == pytest.approx(both.mean[0, 1], rel=ROOT)
