"""What the suites of the second text find: the numbers that are known from elsewhere.

They come from a catalogue of the text's statements, each computed apart from this package, and are
compared as far as they are printed there.
"""

import math

import numpy as np
import pytest

import nqmbench as nq
from nqmbench.claims import Check
from nqmbench.suites import load_suites

EXACT = 1e-12  # relative: the same number by two routes
PRINTED = 5e-3  # relative: known values with two or three digits
FOUR_DIGITS, SIX_DIGITS = 5e-4, 5e-6  # relative


@pytest.fixture(scope="module")
def items():
    return {item.identity: item for suite in load_suites() for item in suite.items}


def outcome(items, name):
    """Both sides of a check, each as one row of numbers."""
    check = items[name]
    assert isinstance(check, Check)
    return [np.concatenate([np.ravel(x) for x in side], dtype=float) if isinstance(side, list)
            else np.ravel(np.asarray(side, dtype=float)) for side in check.function()]  # fmt: skip


def shared(items, name):
    """The names that a suite's file knows, reached through one of its checks."""
    return items[name].function.__globals__


def final(e, observable):
    """The exact mean and variance of an observable at the end of an experiment."""
    last = nq.Experiment(e.problem, e.method, e.batch, e.steps, [e.steps], [observable])
    found = nq.exact(last)
    return found.mean[0, 0], found.variance[0, 0]


# -- gradient descent ------------------------------------------------------------------------------


def test_a_step_size_of_1_05_has_thrown_the_iterate_352_away_after_50_steps(items):
    experiments = items["descent::the iterate in closed form"].experiments()
    last = {e.symbols["eta"]: final(e, "w[0]")[0] for e in experiments}
    assert abs(last[1.05]) == pytest.approx(352, rel=PRINTED)
    assert abs(last[1.0]) == pytest.approx(3, rel=EXACT)
    assert last[0.5] == 0


def test_the_curve_scatters_by_361_about_a_hyperbola_and_by_nothing_about_an_exponential(items):
    in_t, in_log_t = outcome(items, "descent::the curve is a hyperbola")
    assert in_log_t[0] == pytest.approx(361, rel=PRINTED)
    assert in_t[0] < 1e-25
    slope = outcome(items, "descent::the curve is a straight line against t, in logarithms")[1][0]
    assert slope == pytest.approx(-0.4463, rel=FOUR_DIGITS)


def test_the_gains_of_1000_steps_over_100_are_the_known_ones(items):
    _, gains = outcome(items, "descent_rates::1000 steps are 10 times as good as 100")
    assert math.log10(gains[0]) == pytest.approx(174.4, rel=FOUR_DIGITS)
    assert gains[1:] == pytest.approx([92, 30, 12.5, 1.90], rel=PRINTED)


def test_the_bound_is_met_by_the_slowest_function_and_to_0_184_by_the_slowest_parabola(items):
    name = "descent_rates::of all parabolas none comes near the bound"
    sup = outcome(items, name)[1]
    assert sup[-1] / (9 / (2 * 0.1 * 50)) == pytest.approx(1 / (2 * math.e), rel=PRINTED)
    curve = shared(items, name)["parabola"](2.0).gaps(0.1, 3.0, 50)
    assert (9 / (2 * 0.1 * 50), curve[50]) == pytest.approx((0.9, 1.8e-9), rel=0.02)


def test_the_stated_rate_is_off_by_10_to_the_3_9_in_the_steep_direction():
    problem = nq.NoisyQuadratic(h=[2.0, 0.2], sigma=0.0, w0=[1.0, 0.0])
    left, _ = final(nq.Experiment(problem, nq.sgd(lr=0.99), steps=50), "error")
    assert math.log10(left / (1 - 0.99 * 0.2) ** 50) == pytest.approx(3.9, rel=PRINTED)


def test_the_stated_bound_is_negative_where_a_quarter_is_left(items):
    name = "strong_convexity::the bound is one where mu = L, for 0 < eta < 2/L"
    bound, true = outcome(items, name)
    assert (bound[0], true[0]) == (-0.5, 0.25)
    e = shared(items, name)["below_two"]()[-1]
    assert final(nq.Experiment(e.problem, e.method, steps=1), "error")[0] == 0.25


def test_the_example_leaves_0_348678_and_its_square(items):
    assert outcome(items, "strong_convexity::0.35 is less than a third")[1][0] == pytest.approx(
        0.348678, rel=SIX_DIGITS
    )
    e = items[
        "strong_convexity::with the one curvature 0.1 the squared distance is 0.9^(2t)"
    ].experiments()[0]
    ten = nq.Experiment(e.problem, e.method, steps=10)
    assert final(ten, "error")[0] == pytest.approx(0.1216, rel=FOUR_DIGITS)


# -- sampled gradients -----------------------------------------------------------------------------


def test_three_draws_have_the_known_mean_and_variances(items):
    for name, variance in (
        ("three independent draws: mean 1.464, variance 0.2186", 0.218624),
        ("each point once, in random order: mean 1.464, variance 0.0104", 0.0104107),
    ):
        _, found = outcome(items, f"sampling::{name}")
        assert found == pytest.approx([1.464, variance], rel=SIX_DIGITS)


def test_a_constant_step_keeps_0_2963_of_three_points(items):
    e = items["sampling::with a constant step a variance of eta h sigma^2/(2 - eta h) stays"]
    assert final(e.experiments()[0], "w[0]")[1] == pytest.approx(0.2963, rel=FOUR_DIGITS)


def test_the_noisy_script_ends_where_it_is_known_to_end(items):
    e = items["noisy_descent::the variance of the noisy path"].experiments()[0]
    mean, variance = final(e, "w[0]")
    assert 3 + mean == pytest.approx(2.999957, abs=5e-7)
    assert variance == pytest.approx(0.0277778, rel=SIX_DIGITS)
    assert final(e, "loss")[0] == pytest.approx(0.0277778, rel=SIX_DIGITS)


def test_four_kinds_of_steps_have_the_known_rates(items):
    name = "noisy_descent::with a constant step a floor stays, with c/t the rate depends on c"
    known = shared(items, name)
    assert known["bounded"](known["ROOT"])[1] == pytest.approx(0.12509, rel=FOUR_DIGITS)
    floor, fast, slow = outcome(items, name)[1]
    assert (floor, slow) == pytest.approx((0.0263158, -0.199996), rel=3e-5)
    assert fast == pytest.approx(-1, rel=EXACT * 1e3)


def test_one_pass_over_the_steps_is_exact_theory(items):
    name = "noisy_descent::with a constant step a floor stays, with c/t the rate depends on c"
    known = shared(items, name)
    for steps, lr in (
        ("CONSTANT", 0.1),
        ("ROOT", nq.inverse_sqrt(0.5)),
        ("FAST", nq.inverse_time(1.0, t0=1)),
        ("SLOW", nq.inverse_time(0.1, t0=1)),
    ):
        e = nq.Experiment(nq.NoisyQuadratic(h=1.0), nq.sgd(lr=lr), steps=300)
        assert known["suboptimality"](known[steps], 300) == pytest.approx(
            final(e, "loss")[0], rel=EXACT * 1e2
        )


def test_the_mini_batch_script_has_the_known_data_and_variances(items):
    name = "minibatches::the variances after 50 steps"
    points = shared(items, name)["points"]()
    assert (points.mean(), points.var()) == pytest.approx((4.902566, 8.52589), rel=SIX_DIGITS)
    _, found = outcome(items, name)
    assert found == pytest.approx([0.947321, 0.0296038, 0.0286851], rel=SIX_DIGITS)
    assert shared(items, name)["recursion"](0.0)[0] == pytest.approx(4.902496, abs=5e-7)


# -- momentum and schedules ------------------------------------------------------------------------


def test_the_demonstration_overshoots_as_far_and_arrives_as_late_as_is_known(items):
    momentum, ahead = outcome(items, "lookahead::Nesterov's method overshoots less than momentum")
    assert (momentum[0], ahead[0]) == pytest.approx((2.1269, 0.9977), rel=FOUR_DIGITS)
    later, earlier = outcome(
        items,
        "velocity::within 0.03 of the minimum for good: gradient descent first, momentum last",
    )
    assert [*earlier, later[-1]] == [21, 28, 84]
    known = shared(items, "velocity::the rates of the three methods")
    left = [abs(final(known["demo"](m), "w[0]")[0]) for m in known["METHODS"].values()]
    assert left == pytest.approx([0.0037, 0.132, 0.0088], rel=0.01)


def test_momentum_swings_highest_after_six_steps(items):
    known = shared(items, "velocity::the rates of the three methods")
    path = known["everywhere"](known["demo"](known["MOMENTUM"]), "w[0]")
    assert path.argmax() == 6


def test_the_rates_of_the_demonstration_are_the_known_ones(items):
    _, rates = outcome(items, "velocity::the rates of the three methods")
    assert rates == pytest.approx([0.8, 0.948683, 0.848528], rel=SIX_DIGITS)


def test_the_two_forms_of_momentum_end_as_is_known_under_cosine_annealing(items):
    name = "velocity::with a constant step both forms of momentum are the same"
    form = shared(items, name)["form"]
    means, variances = zip(*(final(form(v), "w[0]") for v in ("gradient", "step")), strict=True)
    assert variances == pytest.approx((0.05985, 0.13877), rel=FOUR_DIGITS)
    assert np.abs(means) == pytest.approx((0.00552, 0.00086), rel=PRINTED)
    step_form = shared(items, name)["of_step_form"]
    assert step_form(100) == pytest.approx((means[1], variances[1]), rel=1e-9)


def test_schedules_leave_the_known_squared_distances(items):
    known = shared(items, "schedules::linear decay")
    for h, printed in ((2.0, (0.02778, 0.00504, 0.00890, 0.00516)),
                       (0.2, (0.406, 1.295, 2.504, 1.310))):  # fmt: skip
        runs = [known["trained"](h, 0.1), *known["scheduled"](h)]
        assert [final(e, "error")[0] for e in runs] == pytest.approx(printed, rel=PRINTED / 2)


def test_nesterovs_method_is_stable_up_to_1_357(items):
    _, limits = outcome(
        items, "lookahead::Nesterov's method is stable up to eta h = 2 (1 + gamma)/(1 + 2 gamma)"
    )
    assert limits[4:6] == pytest.approx([1.357, 3.8], rel=FOUR_DIGITS)
