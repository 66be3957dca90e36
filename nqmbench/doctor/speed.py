"""Two seconds of simulation: how fast this machine is."""

from __future__ import annotations

import time
from collections.abc import Iterator

from nqmbench.arguments import Arguments
from nqmbench.doctor.finding import Finding
from nqmbench.experiment import Experiment
from nqmbench.methods import averaged, heavy_ball, sgd
from nqmbench.problems import NoisyQuadratic
from nqmbench.simulation import check_kernels, simulate, usable_threads
from nqmbench.threads import check_threads

__all__ = ["speed"]

SECONDS = 0.5  # of each of the four measurements
TRIALS = 8192  # of a call, for each thread: some 10 to 20 ms
OBVIOUS = 15.0  # million coordinate steps per second of the loop that one would write first
USUAL = (30, 100)  # times that loop, by the width of vectors and the clock


def speed() -> Iterator[Finding]:
    """Million coordinate steps per second of two methods, on one thread and on all."""
    from nqmbench.kernels.machine import compiles

    checks = Arguments("doctor")
    wanted, kernels = check_threads(checks, None), check_kernels(checks)
    if checks.complaints or not compiles():
        return  # told above, and no run begins
    most = usable_threads(wanted)
    problem = NoisyQuadratic([1.0, 0.1])
    methods = {
        "SGD": sgd(lr=0.1),
        "averaged heavy ball": averaged(heavy_ball(lr=0.1, momentum=0.9), decay=0.99),
    }
    for name, method in methods.items():
        experiment = Experiment(problem, method, steps=1000)
        one = rate(experiment, 1)
        yield alone(name, one, kernels)
        if most > 1:
            yield together(name, one, rate(experiment, most), most)


def rate(experiment: Experiment, threads: int) -> float:
    """Million coordinate steps per second, compilation not counted."""
    trials = TRIALS * threads
    simulate(experiment, 32 * threads, threads=threads)
    begin, calls = time.perf_counter(), 0
    while (seconds := time.perf_counter() - begin) < SECONDS:
        simulate(experiment, trials, threads=threads)
        calls += 1
    return calls * trials * experiment.problem.d * experiment.steps / seconds / 1e6


def alone(name: str, found: float, kernels: str) -> Finding:
    """The speed on one thread, beside what is to be expected."""
    times, (least, most) = found / OBVIOUS, USUAL
    seen = (
        f"{found:,.0f} million coordinate steps per second on one thread, {times:.0f} times the"
        f" obvious loop (some {OBVIOUS:.0f})"
    )
    if times < least and kernels == "fast":
        advice = (
            f"{least} to {most} times are usual: other programs use the processor, it saves power,"
            " or its vectors are short (see above)"
        )
        return Finding(name, seen, "notice", advice)
    return Finding(name, seen)


def together(name: str, one: float, found: float, threads: int) -> Finding:
    """The speed on all threads, beside that on one."""
    name, times = f"{name}, all", found / one
    seen = f"{found:,.0f} on {threads} threads, {times:.1f} times that on one"
    if times < 0.6 * threads:
        advice = "other programs use the cores, or threads share a core: fewer --threads may do"
        return Finding(name, seen, "notice", advice)
    return Finding(name, seen)
