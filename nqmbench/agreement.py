"""Which experiments can meet the same noise, trajectory by trajectory.

On the noisy quadratic the stream of random numbers is addressed by the noise law, the coordinate
and the step, so two experiments meet the same noise if they agree in these. The batch size counts
where samples are drawn one by one: a Gaussian batch is a single draw. Methods, step sizes, spectra,
noise levels and starts may differ.

On least squares the stream of the rows to draw is addressed by the batch and the way of drawing.
Experiments that agree in these draw rows with the same numbers; others draw independently, and can
be compared all the same: with other data, another dimension, and even where one side draws nothing.
Of streaming rows the same holds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nqmbench.experiment import Experiment
from nqmbench.problems import NoisyQuadratic

__all__ = ["differences", "mismatch"]

WORDS = {
    "problem": "the {noun}s differ in kinds of problem, {} and {}",
    "dimension": "the {noun}s differ in dimensions {} and {}",
    "noise": "the {noun}s differ in noise laws {} and {}",
    "steps": "the {noun}s differ in numbers of steps {} and {}",
    "noiseless": "one {noun} has noise and the other none",
    "batch": "the {noun}s differ in batches {} and {} of a noise that is drawn sample by sample",
}


def differences(a: Experiment, b: Experiment) -> list[tuple[str, Any, Any]]:
    """Everything that keeps two experiments from meeting the same noise.

    Returns:
        (what, that of `a`, that of `b`) with what = "problem" (its kind), "dimension", "noise" (its
        law), "steps", "noiseless" (no noise at all) or "batch" (of samples that are drawn one by
        one); empty if they can.

    >>> import nqmbench as nq
    >>> one, two = (nq.Experiment(nq.NoisyQuadratic(h), nq.sgd(0.1)) for h in (1.0, [1.0, 0.1]))
    >>> differences(one, two), differences(one, one)
    ([('dimension', 1, 2)], [])
    """
    one, two = a.problem, b.problem
    if type(one) is not type(two):
        return [("problem", one.title, two.title)]
    asked: list[tuple[str, Any, Any]] = [("steps", a.steps, b.steps)]
    literal = False
    if isinstance(one, NoisyQuadratic) and isinstance(two, NoisyQuadratic):
        asked = [
            ("dimension", one.d, two.d), ("noise", one.noise, two.noise), *asked,
            ("noiseless", a.noiseless, b.noiseless),
        ]  # fmt: skip
        literal = one.noise == two.noise and one.noise.name != "gaussian"
    found = [(what, seen, other) for what, seen, other in asked if seen != other]
    if literal and a.steps == b.steps and not same_batches(a, b):
        found.append(("batch", a.batch, b.batch))
    return found


def mismatch(a: Experiment, b: Experiment, noun: str = "experiment") -> str:
    """The first of these differences as a sentence, or "".

    Args:
        a: an experiment.
        b: another one.
        noun: what each of them is called.

    >>> import nqmbench as nq
    >>> one, two = (nq.Experiment(nq.NoisyQuadratic(h), nq.sgd(0.1)) for h in (1.0, [1.0, 0.1]))
    >>> mismatch(one, two, "side")
    'the sides differ in dimensions 1 and 2, so they cannot meet the same noise'
    """
    for what, seen, other in differences(a, b):
        return f"{WORDS[what].format(seen, other, noun=noun)}, so they cannot meet the same noise"
    return ""


def same_batches(a: Experiment, b: Experiment) -> bool:
    """Whether the batch sizes are the same at every step; of both there are as many steps."""
    return bool(np.all(a.batch_sizes == b.batch_sizes))
