"""The first text's own problem, parameters and six methods, and the experiments made of them."""

from collections.abc import Mapping

import numpy as np

import nqmbench as nq

PROBLEM = nq.NoisyQuadratic(h=[1.0, 0.1])  # sigma = 1, w0 = (1, 1)
BATCHES = (1, 10, 100)

SGD = nq.sgd(lr=0.1)
MOMENTUM = nq.heavy_ball(lr=0.1, momentum=0.9)
AVERAGING = nq.averaged(SGD, decay=0.99)
METHODS = {
    "SGD": SGD,
    "momentum": MOMENTUM,
    "averaging": AVERAGING,
    "preconditioning": nq.preconditioned(SGD, power=0.5),
    "momentum and averaging": nq.averaged(MOMENTUM, decay=0.99),
    "preconditioning and momentum": nq.preconditioned(MOMENTUM, power=0.5),
}
RAISING = ("momentum", "preconditioning", "preconditioning and momentum")  # noisier than SGD


def experiment(name: str, B: int) -> nq.Experiment:
    return nq.Experiment(PROBLEM, METHODS[name], batch=B, steps=1000)


def line_up(*names: str, batches: tuple[int, ...] = (1,)) -> list[nq.Experiment]:
    """Every method at every batch size, in a fixed order, so that two such lists match."""
    return [experiment(name, B) for B in batches for name in names]


def against(name: str, times: int, batches: tuple[int, ...] = (1,)) -> list[nq.Experiment]:
    """The opponent of `times` methods at every batch size."""
    return [experiment(name, B) for B in batches for _ in range(times)]


def sgd_variance(h, eta, B, sigma):
    """The true steady-state variance of SGD, lam s2/(2 - lam): lam = eta h, s2 = sigma^2/B."""
    return eta * h / (B * (2 - eta * h)) * sigma**2


# -- exact steps -----------------------------------------------------------------------------------


def settling_steps(name: str, level: float, batches: tuple[int, ...]) -> list[float]:
    """For each batch size, the step from which the exact expected error stays below the level."""
    return [nq.steps_to(experiment(name, B), level) for B in batches]


def ahead_from(name: str, other: str, batches: tuple[int, ...]) -> list[int]:
    """For each batch size, the step from which the exact expected error stays below another's."""

    def errors(name: str, B: int) -> np.ndarray:
        return nq.exact(nq.Experiment(PROBLEM, METHODS[name], B, 1000, range(1001))).mean[:, 0]

    return [int(np.flatnonzero(errors(name, B) >= errors(other, B))[-1]) + 1 for B in batches]


# -- figures of the two components -----------------------------------------------------------------

Curves = dict[str, tuple[nq.Experiment, str]]  # (experiment, observable) by label


def component_curves(method: nq.Method, batch: int, steps: int = 1000) -> Curves:
    """E w_i^2 of both components of one method."""
    e = nq.Experiment(PROBLEM, method, batch=batch, steps=steps)
    return {f"component {i + 1}, h = {PROBLEM.h[i]:g}": (e, f"w2[{i}]") for i in (0, 1)}


def components(methods: Mapping[str, nq.Method], batch: int) -> dict[str, Curves]:
    """A panel for each component, with a curve for each method."""
    curves = {name: component_curves(method, batch) for name, method in methods.items()}
    titles = component_curves(SGD, batch)
    return {title: {name: found[title] for name, found in curves.items()} for title in titles}
