"""Which experiments can meet the same noise, trajectory by trajectory.

The stream of random numbers is addressed by the noise law, the coordinate and the step, so two
experiments meet the same noise if they agree in these. The batch size counts where samples are
drawn one by one: a Gaussian batch is a single draw. Methods, step sizes, spectra, noise levels and
starts may differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nqmbench.experiment import Experiment

__all__ = ["differences", "mismatch"]

WORDS = {
    "dimension": "dimensions {} and {}",
    "noise": "noise laws {} and {}",
    "steps": "numbers of steps {} and {}",
    "noiseless": "noise: one has some, the other none at all",
    "batch": "batches {} and {} of a noise that is drawn sample by sample",
}


def differences(a: Experiment, b: Experiment) -> list[tuple[str, Any, Any]]:
    """Everything that keeps two experiments from meeting the same noise.

    Returns:
        (what, that of `a`, that of `b`) with what = "dimension", "noise" (its law), "steps",
        "noiseless" (no noise at all) or "batch" (of samples that are drawn one by one); empty if
        they can.

    >>> import nqmbench as nq
    >>> one, two = (nq.Experiment(nq.NoisyQuadratic(h), nq.sgd(0.1)) for h in (1.0, [1.0, 0.1]))
    >>> differences(one, two), differences(one, one)
    ([('dimension', 1, 2)], [])
    """
    found: list[tuple[str, Any, Any]] = [
        (what, seen, other)
        for what, seen, other in (
            ("dimension", a.problem.d, b.problem.d),
            ("noise", a.problem.noise, b.problem.noise),
            ("steps", a.steps, b.steps),
            ("noiseless", a.problem.noiseless, b.problem.noiseless),
        )
        if seen != other
    ]
    literal = a.problem.noise == b.problem.noise and a.problem.noise.name != "gaussian"
    if literal and a.steps == b.steps and not same_batches(a, b):
        found.append(("batch", a.batch, b.batch))
    return found


def mismatch(a: Experiment, b: Experiment) -> str:
    """The first of these differences in words, or "".

    >>> import nqmbench as nq
    >>> one, two = (nq.Experiment(nq.NoisyQuadratic(h), nq.sgd(0.1)) for h in (1.0, [1.0, 0.1]))
    >>> mismatch(one, two), mismatch(one, one)
    ('dimensions 1 and 2', '')
    """
    for what, seen, other in differences(a, b):
        return WORDS[what].format(seen, other)
    return ""


def same_batches(a: Experiment, b: Experiment) -> bool:
    """Whether the batch sizes are the same at every step; of both there are as many steps."""
    return bool(np.all(a.batch_sizes == b.batch_sizes))
