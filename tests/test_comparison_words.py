"""The reasons that stand beside the verdicts on orderings."""

import dataclasses
import math

import numpy as np
import pytest
from two_sides import N, judged, noise

from nqmbench.forecast import trials_needed
from nqmbench.verdicts import Verdict
from nqmbench.wording import reason

SPREAD = 0.07  # relative, of a standard deviation of 4096 numbers: 6 of its standard errors


def words(record):
    verdict = record.verdict or Verdict.INCONCLUSIVE
    return reason(record.case, [record], verdict, False, "")


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (lambda: judged(1 + noise() ** 2, 9 + noise() ** 2), "smaller; at k = 1: the difference"),
        (
            lambda: judged(1 + noise() ** 2, 9 + noise() ** 2, margin=0.0),
            "smaller, without a margin; at k = 1: the difference is between -80 % and -80 %",
        ),
        (
            lambda: judged(100.5 + noise(1), 100 + noise(2)),
            "not larger, within 1 %; nearest at k = 1: the difference is between ",
        ),
        (
            lambda: judged(13 + noise(), 10 + noise()),
            "not smaller but larger by at least 30 % at k = 1: difference 3",
        ),
        (
            lambda: judged(np.abs(noise()), np.zeros(N)),
            "not smaller but larger at k = 1: difference 0.79",
        ),
        (lambda: judged(noise() ** 2, noise() ** 2), "equal at k = 1, and never larger"),
        (
            lambda: judged(noise() ** 2 * (1 + 2.0**-52 * (np.arange(N) % 2)), noise() ** 2),
            "equal to rounding at k = 1, and never larger",
        ),
        (
            lambda: judged(noise(1) - 9, np.zeros(N), of="w[0]"),
            "not larger; nearest at k = 1, where the larger side is 0",
        ),
        (
            lambda: judged(noise(), np.zeros(N), of="w[0]"),
            "budget used: the larger side is 0 at k = 1, so is the margin",
        ),
        (
            lambda: judged(noise(1) ** 2, noise(2) ** 2),
            "budget used: between ",
        ),
        (
            lambda: judged(noise(1), noise(2) + 9, statistic="probability"),
            "smaller in 100 % of the runs at k = 1 (between 99.82 and 100 %); claimed: at least 50",
        ),
        (
            lambda: judged(noise(1), noise(2), statistic="probability", margin=0.0),
            "budget used: between ",
        ),
        (
            lambda: judged(math.nan, noise(2), statistic="probability"),
            "diverged: beyond 1e40 or not finite from k = 1 on",
        ),
    ],
)
def test_a_reason_says_how_a_comparison_came_out(record, said):
    assert words(record()).startswith(said)


def test_the_announced_trajectories_allow_for_the_margins_own_error():
    # The difference is all but known, 1 % of the larger mean is not: its error alone keeps the
    # ordering open, and alone says how many more trajectories that takes.
    larger = 1 + 0.5 * noise(1)
    record = judged(larger + 0.0098 * larger.mean() + 1e-6 * noise(2), larger)
    assert record.verdict is None
    assert record.blur == pytest.approx(0.01 * 0.5 / math.sqrt(N), rel=SPREAD)
    assert trials_needed(record) > 0
    assert words(record).endswith(" more trajectories should decide")
    certain = dataclasses.replace(record.shown, blur=0.0)
    assert trials_needed(dataclasses.replace(record, shown=certain)) == 0


def test_a_claims_region_has_no_error_of_its_own():
    assert judged(noise(1), noise(2) + 9, statistic="probability").blur == 0.0
