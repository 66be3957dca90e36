"""Exact theory against 240 configurations that were computed twice with 50 digits."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from method_table import METHODS, wrapped

import nqmbench as nq
from nqmbench.cumulants import power_cumulant
from nqmbench.theory import exact, observable_cumulants, readout_cumulants

ROUNDING = 1e-12  # relative: what a recursion of a thousand steps may lose
CANCELLATION = 1e-13  # absolute: a mean of order 1 that has decayed towards 0

REFERENCE = json.loads((Path(__file__).parent / "data" / "reference.json").read_text())["configs"]


def test_all_240_configurations_of_the_reference_are_there():
    assert len(REFERENCE) == 240


def experiment_of(config: dict) -> nq.Experiment:
    """The experiment that a configuration of the reference describes."""

    def floats(texts: list[str]) -> list[float]:
        return [float(text) for text in texts]

    k, eta0 = config["k"], float(config["eta0"])
    a = {name: float(value) for name, value in config["schedule_args"].items()}
    lr = {
        "const": lambda: eta0,
        "linear": lambda: nq.linear(eta0, k),
        "step": lambda: nq.step_decay(eta0, a["decay"], int(a["every"])),
        "cosine": lambda: nq.cosine(eta0, k),
        "inv": lambda: nq.inverse_time(eta0, a["t0"]),
        "exp": lambda: nq.exponential(eta0, a["rate"]),
        "sqrt": lambda: nq.inverse_sqrt(eta0),
        "warmup_cosine": lambda: nq.warmup_cosine(eta0, int(a["warm"]), k),
    }[config["schedule"]]()
    name = {"hb1": "heavy_ball", "hb2": "heavy_ball_step", "nag": "nesterov"}.get(
        config["method"], {"nagpt": "nesterov_pytorch"}.get(config["method"], "sgd")
    )
    decay = float(config["gamma_ema"]) if config["output"] == "ema" else None
    method = METHODS[name].build(lr, float(config["beta"]))
    method = wrapped(method, float(config["precond_p"]), decay)
    law = config["noise"] if config["noise"] != "student" else ("student", config["noise_nu"])
    problem = nq.NoisyQuadratic(
        floats(config["h"]), floats(config["sigma"]), floats(config["w0_mean"]),
        np.sqrt(floats(config["w0_var"])), noise=law,
    )  # fmt: skip
    return nq.Experiment(problem, method, config["batch"], k, [k], ("error", "loss"))


def assert_agrees(value: float, text: str, scale: float, field: str) -> None:
    """Relative agreement; a reference that is 0 up to its own rounding is judged by the scale."""
    truth = float(text)
    allowed = ROUNDING * abs(truth) if abs(truth) > 1e-40 * scale else ROUNDING * scale
    if field == "E_w":
        allowed += CANCELLATION
    assert abs(value - truth) <= allowed, f"{field}: {value!r} instead of {text}"


@pytest.mark.parametrize("config", REFERENCE, ids=lambda config: config["id"])
def test_every_cumulant_agrees_with_the_50_digit_reference(config):
    experiment = experiment_of(config)
    kappa = readout_cumulants(experiment, 8)
    for observable, field in zip(experiment.observed, ("err", "loss"), strict=True):
        cumulants = [c[0] for c in observable_cumulants(experiment, observable, kappa, 4)]
        spread = float(config[f"Var_{field}"])
        for order, name in enumerate(("E", "Var", "kappa3", "kappa4"), start=1):
            if f"{name}_{field}" in config:
                text = config[f"{name}_{field}"]
                assert_agrees(cumulants[order - 1], text, spread ** (order / 2), f"{name}_{field}")
        column = experiment.observed.index(observable)
        moments = exact(experiment)
        if f"kappa4_{field}" in config:
            text = repr(float(config[f"kappa4_{field}"]) / spread**2)
            assert_agrees(moments.kurtosis[0, column], text, 1.0, "kurtosis")
    for i, component in enumerate(config["components"]):
        one = [k[0, i] for k in kappa]
        spread = math.sqrt(float(component["Var_w"]))
        values = {
            "E_w": (one[0], 0.0),
            "Var_w": (one[1], 0.0),
            "kappa3_w": (one[2], spread**3),
            "kappa4_w": (one[3], spread**4),
            "E_w2": (power_cumulant(one, 2, 1), 0.0),
            "Var_w2": (power_cumulant(one, 2, 2), 0.0),
        }
        assert set(values) == set(component)
        for field, (value, scale) in values.items():
            assert_agrees(float(value), component[field], scale, field)
