"""nqmbench checks the formulas of stochastic optimisation against simulated trajectories.

    import nqmbench as nq

    problem = nq.NoisyQuadratic(h=[1.0, 0.1])
    experiment = nq.Experiment(problem, nq.sgd(lr=0.1), batch=10, steps=1000)
    nq.exact(experiment).to_frame()
    nq.simulate(experiment, trials=100_000).to_frame()

Names that need the compiler or pandas are loaded when they are first used, so that a suite file
and `python -m nqmbench list` stay fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nqmbench.experiment import Experiment, log_checkpoints
from nqmbench.functions import exp, log, maximum, minimum, sqrt, where
from nqmbench.gaussian_rows import GaussianRows
from nqmbench.least_squares import LeastSquares
from nqmbench.methods import Method, averaged, heavy_ball, nesterov, preconditioned, sgd
from nqmbench.problems import NoisyQuadratic
from nqmbench.schedules import (
    Schedule,
    cosine,
    exponential,
    inverse_sqrt,
    inverse_time,
    linear,
    schedule,
    step_decay,
    uniform_average,
    warmup_cosine,
)
from nqmbench.stability import spectral_radius, stability_limit
from nqmbench.suite import Suite

if TYPE_CHECKING:
    from nqmbench.crossing import steps_to
    from nqmbench.mean_square import moment_growth
    from nqmbench.results import load_run
    from nqmbench.runner import run
    from nqmbench.shared import simulate_shared
    from nqmbench.simulation import simulate
    from nqmbench.theory import exact, steady_state

__all__ = [
    "Experiment",
    "GaussianRows",
    "LeastSquares",
    "Method",
    "NoisyQuadratic",
    "Schedule",
    "Suite",
    "averaged",
    "cosine",
    "exact",
    "exp",
    "exponential",
    "heavy_ball",
    "inverse_sqrt",
    "inverse_time",
    "linear",
    "load_run",
    "log",
    "log_checkpoints",
    "maximum",
    "minimum",
    "moment_growth",
    "nesterov",
    "preconditioned",
    "run",
    "schedule",
    "sgd",
    "simulate",
    "simulate_shared",
    "spectral_radius",
    "sqrt",
    "stability_limit",
    "steady_state",
    "step_decay",
    "steps_to",
    "uniform_average",
    "warmup_cosine",
    "where",
]

_LATE = {
    "exact": "theory",
    "load_run": "results",
    "moment_growth": "mean_square",
    "run": "runner",
    "simulate": "simulation",
    "simulate_shared": "shared",
    "steady_state": "theory",
    "steps_to": "crossing",
}


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(f"nqmbench.{_LATE[name]}"), name)
    raise AttributeError(f"module 'nqmbench' has no attribute {name!r}")
