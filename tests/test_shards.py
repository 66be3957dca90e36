"""Results files of shards, joined: the whole, or a refusal that leaves all as it was."""

import pytest
from stored import NAMES, STEPS, TRIALS, address, fill, moments

from nqmbench.errors import DamagedRunError, UsageError
from nqmbench.moments import Moments
from nqmbench.shards import merge
from nqmbench.store import Store


@pytest.fixture
def shards(tmp_path):
    """Two files that overlap in number 2."""
    paths = [tmp_path / "one.sqlite", tmp_path / "two.sqlite"]
    for path, numbers in zip(paths, (range(3), range(2, 5)), strict=True):
        with Store.open(path) as store:
            store.expect(seed=7, precision="mixed")
            fill(store, numbers)
    return paths


def whole(path):
    with Store.open(path) as store:
        store.expect(seed=7, precision="mixed")
        fill(store, range(5))
        return store.dump()


def test_shards_joined_in_any_order_are_the_whole(shards, tmp_path):
    expected = whole(tmp_path / "whole.sqlite")
    for sources in (shards, shards[::-1], [*shards, *shards]):
        target = tmp_path / "joined.sqlite"
        assert merge(sources, target) == ()
        with Store.open(target, readonly=True) as store:
            assert store.dump() == expected
            assert store.facts == {"seed": 7, "precision": "mixed"}
        target.unlink()


def test_a_shard_can_take_in_the_others(shards, tmp_path):
    merge(shards, shards[0])
    with Store.open(shards[0], readonly=True) as store:
        assert store.dump() == whole(tmp_path / "whole.sqlite")


def test_shards_of_other_seeds_or_sources_are_not_joined(shards, tmp_path):
    with Store.open(tmp_path / "seed.sqlite") as store:
        store.expect(seed=8, precision="mixed")
    with pytest.raises(UsageError, match=r"one\.sqlite .* seed 7, .*seed\.sqlite of seed 8"):
        merge([*shards, tmp_path / "seed.sqlite"], tmp_path / "joined.sqlite")
    with Store.open(tmp_path / "code.sqlite") as store:
        store.save(address(code="new"), STEPS, NAMES, moments())
    with pytest.raises(UsageError, match=r"version of the simulation c0de, .* of version .* new: "):
        merge([*shards, tmp_path / "code.sqlite"], tmp_path / "joined.sqlite")
    with pytest.raises(UsageError, match="no results file"):
        merge([*shards, tmp_path / "missing.sqlite"], tmp_path / "joined.sqlite")
    with Store.open(tmp_path / "joined.sqlite") as store:
        assert (store.dump(), store.facts) == ("", {})


def test_shards_that_contradict_each_other_are_not_joined(shards, tmp_path):
    with Store.open(tmp_path / "wrong.sqlite") as store:
        wrong = moments(4)
        store.save(address(4), STEPS, NAMES, Moments(TRIALS, wrong.mean + 1, wrong.central))
    with pytest.raises(DamagedRunError, match="two results of the same simulation"):
        merge([*shards, tmp_path / "wrong.sqlite"], tmp_path / "joined.sqlite")
    with Store.open(tmp_path / "joined.sqlite") as store:
        assert store.dump() == ""
