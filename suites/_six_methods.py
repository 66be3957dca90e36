"""The six methods of the first text's comparison, with its own parameters and batch sizes."""

import nqmbench as nq

TWO = nq.NoisyQuadratic(h=[1.0, 0.1])
BATCHES = (1, 10, 100)

SGD = nq.sgd(lr=0.1)
MOMENTUM = nq.heavy_ball(lr=0.1, momentum=0.9)
METHODS = {
    "SGD": SGD,
    "momentum": MOMENTUM,
    "averaging": nq.averaged(SGD, decay=0.99),
    "preconditioning": nq.preconditioned(SGD, power=0.5),
    "momentum and averaging": nq.averaged(MOMENTUM, decay=0.99),
    "preconditioning and momentum": nq.preconditioned(MOMENTUM, power=0.5),
}
RAISING = ("momentum", "preconditioning", "preconditioning and momentum")  # noisier than SGD


def trial(name: str, B: int) -> nq.Experiment:
    return nq.Experiment(TWO, METHODS[name], batch=B, steps=1000)


def trials(*names: str, batches: tuple[int, ...] = (1,)) -> list[nq.Experiment]:
    """Every method at every batch size, in a fixed order, so that two such lists match."""
    return [trial(name, B) for B in batches for name in names]


def repeated(name: str, times: int, batches: tuple[int, ...] = (1,)) -> list[nq.Experiment]:
    """The opponent of `times` methods at every batch size."""
    return [trial(name, B) for B in batches for _ in range(times)]


def steps_to(level: float, name: str, batches: tuple[int, ...]) -> list[float]:
    """For each batch size, the step from which the exact expected error stays below the level."""
    return [nq.steps_to(trial(name, B), level) for B in batches]
