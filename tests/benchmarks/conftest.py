"""Ratios of speed, measured within one run: a thing and its reference take turns.

    python -m pytest tests/benchmarks --benchmark-only

runs them (the default test run skips them) and ends with a table of the ratios; add
`--benchmark-json=FILE` to keep the samples. How speed changes over time is another question, and
`python -m nqmbench perf run` answers it.
"""

import statistics

import pytest

from nqmbench.perf.cases import fitting, seconds

SECONDS, LEAST_ROUNDS, MOST_ROUNDS = 1.5, 5, 100
ROWS = pytest.StashKey[list]()


@pytest.fixture
def beside(benchmark, request):
    """Time `call` and `reference` in turns; `work` is the work of one over that of the other.

    A `goal` is a ratio to hope for: it stands in the table beside the measured one, and nothing is
    asserted, since a busy machine would decide.
    """
    rows = request.config.stash.setdefault(ROWS, [])

    def measure(what, than, call, reference, work=1.0, goal=None):
        call(), reference()  # compiled
        rounds = fitting(seconds(call) + seconds(reference), SECONDS, LEAST_ROUNDS, MOST_ROUNDS)
        times = []
        benchmark.extra_info |= {"what": what, "than": than, "work": work, "goal": goal}
        benchmark.extra_info["reference"] = times
        benchmark.pedantic(
            call, setup=lambda: times.append(seconds(reference)), rounds=rounds, iterations=1
        )
        data = benchmark.stats.stats.data
        ratios = sorted(work * r / t for r, t in zip(times, data, strict=True))
        ratio = statistics.median(ratios)
        benchmark.extra_info["ratio"] = ratio
        low, high = ratios[rounds // 4], ratios[-1 - rounds // 4]
        rows.append((what, than, ratio, goal, low, high, rounds))
        return ratio

    return measure


def pytest_terminal_summary(terminalreporter, config):
    rows = config.stash.get(ROWS, [])
    if not rows:
        return
    terminalreporter.section("speed per unit of work, as a multiple of the reference's")
    terminalreporter.write_line(f"{'':71}{'ratio':>9}{'goal':>6}")
    for what, than, ratio, goal, low, high, rounds in rows:
        hoped = "" if goal is None else f"{goal:.3g}"
        spread = f"{ratio:9.3g}{hoped:>6}  ({low:.3g} .. {high:.3g}, {rounds} rounds)"
        terminalreporter.write_line(f"{what:<34} / {than:<34}{spread}")
