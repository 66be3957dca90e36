"""Portions of an increment: together they are the whole, and merged they have its bits."""

import numpy as np
import pytest

from nqmbench.moments import merge_tree, of_values
from nqmbench.portions import Portion, height, portions

SUPERBLOCK = 4


def values(trials):
    """What some trajectories observed: two checkpoints, one observable."""
    return np.random.default_rng(trials).gamma(0.3, size=(2, 1, trials))


def merged(x, size=SUPERBLOCK):
    """The moments of values in the fixed tree over superblocks."""
    trials = x.shape[-1]
    return merge_tree(of_values(x[..., a : a + size]) for a in range(0, trials, size))


def bits(moments):
    return moments.count, moments.mean.tobytes(), moments.central.tobytes()


TRIALS = [1, 4, 5, 8, 36, 61, 64, 127, 128]


@pytest.mark.parametrize("level", range(6))
@pytest.mark.parametrize("trials", TRIALS)
def test_portions_that_are_subtrees_have_the_bits_of_the_whole(trials, level):
    x = values(trials)
    cut = list(portions(trials, SUPERBLOCK, level))
    assert [p.first for p in cut] == list(np.cumsum([0, *(p.trials for p in cut)])[:-1])
    assert sum(p.trials for p in cut) == trials
    parts = (merged(x[..., p.first : p.first + p.trials]) for p in cut)
    assert bits(merge_tree(parts)) == bits(merged(x))


def test_portions_that_are_no_subtrees_have_other_bits():
    x = values(128)
    thirds = (merged(x[..., a : a + 3 * SUPERBLOCK]) for a in range(0, 128, 3 * SUPERBLOCK))
    assert bits(merge_tree(thirds)) != bits(merged(x))
    cut = list(portions(128, SUPERBLOCK, 2))
    as_they_come = [*cut[::2], *cut[1::2]]
    parts = (merged(x[..., p.first : p.first + p.trials]) for p in as_they_come)
    assert bits(merge_tree(parts)) != bits(merged(x))


def test_a_short_increment_is_one_portion():
    assert list(portions(7, 1024, 0)) == list(portions(7, 1024, 9)) == [Portion(0, 7)]


@pytest.mark.parametrize("wanted", [0.0, 1.0, 63.0, 64.0, 65.0, 1e4, 2.0**40])
def test_a_portion_is_the_smallest_that_is_large_enough(wanted):
    level = height(64, wanted)
    assert 64 << level >= wanted
    assert level == 0 or 64 << (level - 1) < wanted
