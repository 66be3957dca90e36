"""A run about a whole text, made by hand: orderings, statements by number, figures of a suite."""

from __future__ import annotations

import fake_curves
import numpy as np
from fake_builder import STEPS, Builder, second_moment

from nqmbench.results import Run

SIDES = "averaged SGD(lr=0.1, decay=0.99), B={B}, h=(1, 0.1) below SGD(lr=0.1), B={B}, h=(1, 0.1)"
CAPTION = (
    "Averaging lowers the floor, momentum raises it; preconditioning moves the flat direction."
)


def orderings(b: Builder) -> None:
    """Mean orderings over the steps and at the last one, and probabilities of both kinds."""
    larger = second_moment(STEPS, 1.0, 0.1, 1)
    b.claim("comparison", "averaging is never worse", "REFUTED", ref="T1-42c", kind="ordering",
            of="error", margin=0.05, reason="the first side is larger by at least 67 % at k = 50",
            doc="The average has the smaller error at every step.")  # fmt: skip
    for batch in (1, 10):
        bump = 0.8 * np.exp(-((np.log(STEPS / 50)) ** 2)) - 0.4
        b.case(SIDES.format(B=batch), 0.0, larger * bump, of="error", scale=larger, width=0.02,
               margin=0.05, method="averaged SGD")  # fmt: skip
    b.claim("comparison", "the flat direction is slower", "CONFIRMED", ref="T1-42b",
            kind="ordering", of="w2[0]", margin=0.0, reason="lower by at least 20 %")  # fmt: skip
    b.case("SGD(lr=0.1), B=1, w2[0] below w2[1]", 0.0, -0.4 * larger, of="w2[0] - w2[1]",
           scale=larger, width=0.02, margin=0.0)  # fmt: skip
    b.claim("comparison", "lower at the end", "CONFIRMED", ref="T1-42c", kind="ordering",
            of="error", margin=0.05, reason="lower by at least 80 %",
            doc="After the start is forgotten (k = 1000) the average is lower.")  # fmt: skip
    for batch in (1, 10, 100):
        b.case(SIDES.format(B=batch), [0.0], [-0.0505 / batch], [1000], of="error",
               scale=[0.0577 / batch], width=0.02, margin=0.05, method="averaged SGD")  # fmt: skip
    b.claim("comparison", "more often lower", "CONFIRMED", ref="T1-42a", kind="ordering",
            of="error", statistic="probability", margin=0.0,
            reason="in 85 % of the runs")  # fmt: skip
    b.case(SIDES.format(B=1), [0.5], [np.nan], [1000], of="error", scale=[0.5], margin=0.0,
           estimate=np.array([0.85]), method="averaged SGD")  # fmt: skip
    b.claim("comparison", "often lower at every step", "REFUTED", ref="T1-02", kind="ordering",
            of="error", statistic="probability", margin=0.0, reason="in 0.2 % of the runs",
            ratio="h", ratio_latex="h")  # fmt: skip
    often = 0.5 + 0.4 * np.tanh(np.log(STEPS / 200))
    b.case(SIDES.format(B=1), 0.5, np.nan, of="error", scale=0.5, margin=0.0, estimate=often,
           method="averaged SGD")  # fmt: skip


def text() -> Run:
    """Numbered statements of two sources, some mended, some out of scope, and two figures."""
    b = Builder()
    orderings(b)
    b.claim("comparison", "averaging at large k", "CONFIRMED", mends="T1-42c", of="error",
            reason="within 1 %")  # fmt: skip
    b.case("averaged SGD(lr=0.1), B=1", [0.0071], [0.0071], [1000], of="error",
           method="averaged SGD")  # fmt: skip
    b.claim("comparison", "skewness of the noise", "REFUTED", ref="T1-05", of="w[i]",
            statistic="skewness", reason="off by at least 190 % at k = 100")  # fmt: skip
    b.case("SGD(lr=0.1), exponential noise, B=1, coordinate 0", -0.61, 0.61, of="w[0]")
    b.claim("comparison", "excess kurtosis falls like 1/B", "CONFIRMED", ref="T1-06", of="w[i]",
            statistic="kurtosis", reason="within 20 %")  # fmt: skip
    b.case("SGD(lr=0.1), Laplace noise, B=10, coordinate 0", 0.3, 0.3, of="w[0]")
    b.claim("comparison", "open question", "INCONCLUSIVE", ref="T1-10", reason="budget used up")
    b.case("SGD(lr=0.1), B=1", 0.3, 0.3)
    b.claim("comparison", "another open question", "CONFIRMED", ref="T1-10", reason="within 1 %")
    b.case("SGD(lr=0.1), B=1", 0.3, 0.3)
    b.claim("second", "a rate", "CONFIRMED", ref="T2-05", kind="rate", of="", statistic="",
            reason="exact: claimed 0.5, true 0.5")  # fmt: skip
    b.row("", formula=0.5, exact=0.5)
    b.suites["second"]["source"] = "second text"
    b.outside("comparison", "T1-44", "Adam behaves likewise.", "Adam is not linear.")
    b.outside("comparison", "T1-41", "The best p depends on <b>spectra</b>.", "It names no p.")
    six, effect = "six methods, three batch sizes", "effect of averaging"
    b.figure("comparison", six, fake_curves.rows(six, "comparison"), doc=CAPTION)
    b.figure("comparison", effect, fake_curves.effect(effect, "comparison"))
    return b.run()
