"""The normals and their independence, and generators that are known to be wrong.

The statistics are those of `normals.py`, which measures a billion; here it is 2e7 in each format.
A correct generator fails the tests of this file with probability 3 RARE = 3e-6 at most.
"""

import numpy as np
import pytest
from defects import DEFECTS, UNSEEN
from expected import moment, normal_moment, tail
from judging import failures, table
from normals import LANES, chunk, start_checks, starts, stream_checks
from tally import BOUNDS, ORDERS

pytestmark = pytest.mark.needs_compiler

SEED = 2024
COUNT, FEWER = 2e7, 2e6
STARTS = 2**13

# What the finite recipe may miss of the law, in standard errors of a billion numbers.
BILLION = 1e9
OF_MOMENTS, OF_TAILS = 0.003, 0.02


@pytest.mark.parametrize("bits", LANES)
def test_normals_have_their_law_and_are_independent(bits):
    checks = [*stream_checks(COUNT, SEED, bits), *start_checks(*starts(STARTS, SEED, bits))]
    assert not failures(checks), table(checks)


@pytest.fixture(scope="module")
def good():
    """Two million normals, drawn once."""
    return chunk(0, SEED, 32)


@pytest.mark.parametrize("name", [name for name in DEFECTS if name not in UNSEEN])
def test_a_wrong_generator_is_found(name, good):
    spoil, found_by = DEFECTS[name]
    checks = stream_checks(FEWER, SEED, 32, spoil=spoil, draw=lambda *address: good)
    assert found_by in failures(checks), table(checks)


def test_the_same_generator_unspoiled_is_not_found(good):
    checks = stream_checks(FEWER, SEED, 32, draw=lambda *address: good)
    assert not failures(checks), table(checks)


@pytest.mark.parametrize("bits", LANES)
def test_starts_that_repeat_the_noise_or_a_lane_are_found(bits):
    at_start, first = starts(STARTS, SEED, bits)
    assert "start and first noise" in failures(list(start_checks(first, first)))
    at_start[:, 1] = at_start[:, 0]
    assert "starts, next lane" in failures(list(start_checks(at_start, first)))


def test_the_recipe_in_float32_is_normal_to_far_below_the_standard_errors_of_a_billion():
    n = BILLION
    for m in ORDERS:
        error = np.sqrt((normal_moment(2 * m) - normal_moment(m) ** 2) / n)
        assert abs(moment(m, 32) - normal_moment(m)) < OF_MOMENTS * error
    for bound in BOUNDS:
        expected = n * tail(bound, 64)
        assert abs(n * tail(bound, 32) - expected) < OF_TAILS * np.sqrt(expected)
