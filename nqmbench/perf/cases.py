"""Each benchmark under pytest-benchmark; `nqmbench.perf.runner` starts pytest on this file.

The calibration is run and timed before and after every round, so that both meet the same state of
the machine: sample i is divided by the mean of the two beside it. The rounds come in turns, a few
of every benchmark, then a few of every benchmark again: what disturbs the machine for half a minute
falls on a turn of each and not on one benchmark alone. `nqmbench.perf.plugin` joins the turns.

A turn has as many rounds as fit into `--benchmark-max-time`, at least `--benchmark-min-rounds`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from nqmbench.kernels.calibration import calibrate
from nqmbench.perf.benchmark import MOST_ROUNDS, TURNS, Benchmark
from nqmbench.perf.benchmarks import choose, named


@pytest.fixture(scope="module")  # so that it is made once for all benchmarks of a turn
def turn(request: pytest.FixtureRequest) -> int:
    """The number of the turn, after a line of progress when it begins."""
    number: int = request.param
    print(f"turn {number + 1} of {TURNS}", file=sys.stderr, flush=True)
    return number


@pytest.mark.parametrize("name", [case.name for case in choose([])])
@pytest.mark.parametrize("turn", range(TURNS), indirect=True)
def test_speed(benchmark: Any, name: str, turn: int, request: pytest.FixtureRequest) -> None:
    """Time one turn of a benchmark and of its calibration."""
    case = named(name)
    call, first, pair = prepared(name)
    budget = float(request.config.getoption("benchmark_max_time"))
    least = int(request.config.getoption("benchmark_min_rounds"))
    rounds = fitting(pair, budget, least, MOST_ROUNDS // case.turns)
    with ThreadPoolExecutor(case.threads) as pool:

        def calibration() -> float:
            return seconds(lambda: calibrate_on(pool, case)) / case.calibrations

        beside = [calibration()]
        benchmark.pedantic(
            call, teardown=lambda: beside.append(calibration()), rounds=rounds, iterations=1
        )
    benchmark.extra_info |= {
        "doc": case.doc,
        "work": case.work,
        "unit": case.unit,
        "threads": case.threads,
        "first_call": first,
        "calibration": [(before + after) / 2 for before, after in pairwise(beside)],
    }


@cache
def prepared(name: str) -> tuple[Callable[[], object], float, float]:
    """The callable; the seconds of its first call, which compiles; of a later one with calibration.

    The kernels of the calibration and of the benchmark are in memory then.
    """
    case = named(name)
    call = case.prepare()
    first = seconds(call)
    calibrate()
    # What takes seconds has one round in a turn, however exactly its time is known.
    takes_seconds = case.turns < TURNS
    later = first if takes_seconds else min(seconds(call) for _ in range(3))
    return call, first, later + case.calibrations * seconds(calibrate)


def calibrate_on(pool: ThreadPoolExecutor, case: Benchmark) -> None:
    """The calibrations on as many threads as the benchmark has: a busy second core counts."""
    for _ in range(case.calibrations):
        if case.threads == 1:
            calibrate()
        else:
            for done in [pool.submit(calibrate) for _ in range(case.threads)]:
                done.result()


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def fitting(pair: float, budget: float, least: int, most: int) -> int:
    """The number of rounds of `pair` seconds for a budget of seconds.

    >>> [fitting(pair, budget=4.0, least=2, most=200) for pair in (0.1, 5.0, 0.001)]
    [40, 2, 200]
    """
    return min(max(int(budget / pair + 1e-9), least), most)
