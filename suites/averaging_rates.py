"""What averaging does to the speed, alone and together with momentum."""

from _first_text import AVERAGING, BATCHES, METHODS, MOMENTUM, PROBLEM, SGD, line_up, sgd_variance

import nqmbench as nq

suite = nq.Suite(
    "averaging_rates",
    summary="averaged SGD: the time that averaging costs, alone and with momentum",
    source="first text, section 6",
)


@suite.claim(
    "averaging does not slow convergence",
    ref="T1-32",
    of="error",
    kind="upper bound",
    at=50,
    experiments=lambda: line_up("averaging"),
    expect="refuted",
)
def not_slower(k, h, eta, B, sigma, w0):
    """Averaging costs no speed, says the text. Then the average's expected error after 50 steps
    would be at most SGD's own, 0.422.
    """
    forget = (1 - eta * h) ** (2 * k)
    return forget * w0**2 + sgd_variance(h, eta, B, sigma) * (1 - forget)


@suite.claim(
    "averaging does not slow convergence, at any step",
    ref="T1-32",
    of="error",
    kind="upper bound",
    experiments=lambda: line_up("averaging", batches=(1, 10)),
    expect="refuted",
)
def never_slower(k, h, eta, B, sigma, w0):
    """Were averaging free at every step, the average's expected error would be at most SGD's own
    over the whole run. It is the smaller one only from step 283 on at B = 1, from step 430 on at B
    = 10.
    """
    return not_slower(k, h, eta, B, sigma, w0)


@suite.check(
    "the mean of the average converges at SGD's rate", ref="T1-32", kind="rate", expect="refuted"
)
def same_rate():
    """Averaging leaves the convergence rate of the mean as it is, says the text: |1 - eta h| per
    step.
    """
    h = [1.0, 0.1]
    return [1 - 0.1 * x for x in h], nq.spectral_radius(AVERAGING, h)


@suite.check(
    "the mean of the average converges at the slower of two rates",
    mends="T1-32",
    kind="rate",
    expect="confirmed",
)
def slower_rate():
    """The rate of the average's mean is the larger of |1 - eta h| and gamma."""
    cases = [(h, g) for h in (0.05, 1.0, 15.0) for g in (0.5, 0.9, 0.99)]
    claimed = [max(abs(1 - 0.1 * h), g) for h, g in cases]
    true = [nq.spectral_radius(nq.averaged(nq.sgd(lr=0.1), decay=g), h)[0] for h, g in cases]
    return claimed, true


@suite.claim(
    "mean of the average at the double root",
    mends="T1-32",
    of="w[1]",
    experiments=lambda: line_up("averaging", batches=(10,)),
    expect="confirmed",
)
def double_root(k, h, eta, w0):
    """Where gamma = a = 1 - eta h, as in the text's second component, the mean is a^k (1 + k (1 -
    a)) w0.
    """
    a = 1 - eta * h
    return a**k * (1 + k * (1 - a)) * w0


# -- together with momentum ------------------------------------------------------------------------

COMBINED = METHODS["momentum and averaging"]


def at_step(method: nq.Method, k: int) -> list[nq.Experiment]:
    """The text's problem after k steps, for its three batch sizes."""
    return [nq.Experiment(PROBLEM, method, batch=B, steps=k, checkpoints=[k]) for B in BATCHES]


suite.ordering(
    "averaged momentum ends below SGD and below momentum",
    ref="T1-36",
    smaller=at_step(COMBINED, 600) * 2,
    larger=at_step(SGD, 600) + at_step(MOMENTUM, 600),
    of="error",
    at="last",
    expect="confirmed",
    doc="The text calls the two together powerful. In the end they leave an expected error of "
    "0.0104/B, SGD 0.0577/B, momentum 0.5636/B.",
)

suite.ordering(
    "averaged momentum is ahead of averaged SGD after 150 steps",
    ref="T1-36",
    smaller=at_step(COMBINED, 150),
    larger=at_step(AVERAGING, 150),
    of="error",
    at="last",
    expect="confirmed",
    doc="With momentum the average gets there sooner: its expected error falls below 0.1 after 159 "
    "steps instead of 247 (B = 1).",
)
