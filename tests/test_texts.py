"""The shipped suites: what the program finds out about the texts' claims, by itself."""

import pytest

import nqmbench as nq

pytestmark = pytest.mark.needs_compiler

# The false formulas, and the ratio formula / exact of each.
MOMENTUM = "h*(2*(1 + beta) - eta*h)/(2 - eta*h)"
RATIOS = {
    "T1-08": "h",
    "T1-22": MOMENTUM,
    "T1-24": "(2*(1 + beta) - eta*h)/(2 - eta*h)",
    "T1-29": "h",
    "T1-38": "h",
}
ROUNDING = 5e-4  # half of the last digit that the text prints
ROUNDING_OF_SUMS = 1e-12  # relative: a recursion reached through other checkpoints


@pytest.fixture(scope="module")
def claims(quick_run):
    return [claim for suite in quick_run.about["suites"] for claim in suite["claims"]]


def about(claims, ref):
    return [c for c in claims if c["ref"] == ref]


def test_every_verdict_is_the_one_that_its_suite_expects(claims):
    # At most 0.05 for each suite; at the quick margins the true rate is far below.
    assert all(c["expected"] for c in claims)
    assert [(c["name"], c["verdict"]) for c in claims] == [
        (c["name"], c["expected"]) for c in claims
    ]
    assert all(c["as_expected"] for c in claims)


def test_nothing_is_inconsistent_or_an_error_and_the_exit_code_is_0(quick_run):
    counts = quick_run.about["run"]["counts"]
    assert counts["INCONSISTENT"] == counts["ERROR"] == counts["DIVERGED"] == 0
    assert counts["REFUTED"] > 0
    assert counts["CONFIRMED"] + counts["REFUTED"] == sum(counts.values())
    assert quick_run.exit_code == 0


@pytest.mark.parametrize("ref", RATIOS)
def test_a_false_formula_is_refuted_with_the_symbolic_ratio(claims, ref):
    import sympy

    found = about(claims, ref)
    assert {c["verdict"] for c in found} == {"REFUTED"}
    expected = sympy.sympify(RATIOS[ref], locals={"beta": sympy.Symbol("beta")})
    ratios = [sympy.sympify(c["ratio"].replace("^", "**"), locals={"beta": sympy.Symbol("beta")})
              for c in found if c.get("ratio")]  # fmt: skip
    assert ratios
    for ratio in ratios:
        assert sympy.simplify(ratio - expected) == 0
    assert any(f"formula / exact = {c['ratio']}" in c["reason"] for c in found if c.get("ratio"))


def test_the_ratio_is_a_number_too_and_it_is_the_simulated_one(quick_run):
    rows = quick_run.verdicts
    boxed = rows[(rows["claim"] == "boxed second moment, the noise term") & (rows["trials"] > 0)]
    assert len(boxed)  # once one case is refuted, the others need no simulation
    for row in boxed.itertuples():
        assert row.verdict == "REFUTED"
        assert row.formula / row.exact == pytest.approx(0.1, rel=0.01)
        assert row.low <= row.exact <= row.high


def test_averaging_slows_convergence_in_the_first_fifty_steps(quick_run):
    rows = quick_run.cells
    (row,) = rows[rows["claim"] == "averaging does not slow convergence"].itertuples()
    assert (row.step, row.verdict) == (50, "REFUTED")
    assert row.exact == pytest.approx(1.268, abs=ROUNDING)
    assert row.formula == pytest.approx(0.422, abs=ROUNDING)
    assert row.low <= row.exact <= row.high
    assert row.estimate == pytest.approx(1.268, rel=0.02)


def test_every_mending_claim_is_confirmed(claims):
    mending = [c for c in claims if c["mends"]]
    assert mending
    assert {c["verdict"] for c in mending} == {"CONFIRMED"}
    assert {c["mends"] for c in mending} <= {c["ref"] for c in claims}


def test_every_interval_of_the_run_contains_exact_theory_at_its_own_level(quick_run):
    cells = quick_run.cells.dropna(subset=["estimate", "exact"])  # no theory of probabilities
    room = 1e-6 * cells["scale"]
    inside = (cells["low"] - room <= cells["exact"]) & (cells["exact"] <= cells["high"] + room)
    # z is about 4.5: one cell in 1e5 misses, and only trusted cells promise anything
    decided = cells["verdict"].isin(["CONFIRMED", "REFUTED"])
    assert inside[decided].all()


def test_a_suite_can_be_run_by_its_name(quick_run):
    alone = nq.run("preconditioning", preset="quick", seed=0)
    together = quick_run.verdicts[quick_run.verdicts["suite"] == "preconditioning"]
    for column in ("claim", "case", "verdict"):
        assert alone.verdicts[column].tolist() == together[column].tolist()
    for column in (
        "formula",
        "exact",
    ):  # suites share checkpoints, on the way to which rounding differs
        found, wanted = alone.verdicts[column], together[column]
        assert found.tolist() == pytest.approx(wanted.tolist(), rel=ROUNDING_OF_SUMS, nan_ok=True)
