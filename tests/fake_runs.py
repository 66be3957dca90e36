"""Small runs made by hand, for the tests of the report: every verdict, every kind, hostile texts.

The numbers are those of SGD on one quadratic, with made-up intervals; nothing is simulated.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from fake_builder import STEPS, Builder, second_moment

from nqmbench.results import CELL_COLUMNS, ESTIMATE_COLUMNS, VERDICT_COLUMNS, Run

HOSTILE = (
    "<script>alert('x')</script> \" onload=\"x | `code` $x^2$ [a](javascript:b) "
    "\x00\u202e ../../etc"
)
LATEX = (
    r"w_0^{2} \left(1 - \eta h\right)^{2 k} + \frac{\eta h^{2} \sigma^{2} "
    r"\left(1 - \left(1 - \eta h\right)^{2 k}\right)}{B \left(2 - \eta h\right)}"
)


def everything() -> Run:
    """A run with every verdict, every kind of claim and every kind of figure."""
    b = Builder()
    b.claim(
        "sgd",
        "boxed second moment",
        "REFUTED",
        ref="T1-08",
        formula="(1 - eta*h)**(2*k)*w0**2 + ...",
        formula_latex=LATEX,
        ratio="h",
        ratio_latex="h",
        doc="The boxed formula of the text, with its own index.",
        reason="off by at least 87 % at k = 1000; formula / exact = h",
    )
    for h, eta, batch in (
        (1.0, 0.1, 1),
        (0.1, 0.1, 1),
        (1.0, 0.5, 10),
        (0.1, 0.5, 10),
        (2.0, 0.1, 100),
        (0.5, 0.1, 1),
        (0.2, 0.1, 1),
        (0.01, 0.1, 1),
    ):
        b.case(
            f"h=[{h:g}, 0.1], sigma=1, SGD(lr={eta:g}), B={batch}, coordinate 1",
            second_moment(STEPS, h, eta, batch, h),
            second_moment(STEPS, h, eta, batch),
            verdict="CONFIRMED" if h == 1 else "REFUTED",
            reason="" if h == 1 else "off by at least 87 %; formula / exact = h",
        )
    b.claim(
        "sgd",
        "second moment",
        "CONFIRMED",
        mends="T1-08",
        formula="(1 - eta*h)**(2*k)*w0**2 + ...",
        formula_latex=LATEX.replace("h^{2} ", "h "),
        ratio="1",
        ratio_latex="1",
        reason="within 1 % in every cell",
    )
    for h in (1.0, 0.1):
        b.case(
            f"h=[{h:g}, 0.1], SGD(lr=0.1), B=1, coordinate 1",
            second_moment(STEPS, h, 0.1, 1),
            second_moment(STEPS, h, 0.1, 1),
        )
    k0 = np.concatenate([[0.0], STEPS])
    b.claim(
        "sgd",
        "mean of the iterate",
        "CONFIRMED",
        ref="T1-09",
        of="w[i]",
        formula="(1 - eta*h)**k*w0",
        formula_latex=r"w_0 \left(1 - \eta h\right)^{k}",
        reason="within 1 % of the root mean square",
    )
    a = 0.9**k0
    b.case(
        "h=[1, 0.1], SGD(lr=0.1), B=1, coordinate 1",
        a,
        a,
        k0,
        of="w[1]",
        scale=np.sqrt(a**2 + 0.05),
        estimate=a + 3e-4 * b.random.standard_normal(k0.shape) * (k0 > 0),
    )
    b.claim(
        "sgd",
        "variance of the loss",
        "INCONCLUSIVE",
        ref="T1-11",
        of="loss",
        statistic="variance",
        margin=0.05,
        reason="between −3.9 % and +6.1 %; about 3e6 more trajectories should decide",
    )
    for method in ("SGD", "heavy ball", "Nesterov", "averaged SGD", "my own method"):
        true = 0.02 * (1 + 0.2 * len(method)) * (1 - 0.9**STEPS)
        b.case(
            f"h=[1, 0.1], {method}(lr=0.1), B=1",
            true * 1.01,
            true,
            of="loss",
            method=method,
            width=0.05,
            margin=0.05,
        )

    b.claim(
        "bounds",
        "rate of gradient descent",
        "CONFIRMED",
        ref="T2-10",
        kind="upper bound",
        of="error",
        formula="d/(2*eta*k)",
        formula_latex=r"\frac{d}{2 \eta k}",
        reason="nowhere above the bound",
    )
    b.case(
        "h=[2, 0.2], SGD(lr=0.4), sigma=0",
        2 / (0.8 * STEPS),
        0.85 ** (2 * STEPS) + 1e-9,
        of="error",
        margin=0.0,
    )
    b.claim(
        "bounds",
        "too tight",
        "REFUTED",
        ref="T2-19",
        kind="upper bound",
        of="error",
        reason="above the bound by at least 340 % at k = 1000",
    )
    b.case("h=[2, 0.2], SGD(lr=0.9), B=1", 0.8**STEPS + 0.01, 0.9**STEPS + 0.05, of="error")
    b.claim("bounds", "floor", "CONFIRMED", kind="lower bound", of="error", reason="nowhere below")
    b.case(
        "h=[2, 0.2], SGD(lr=0.1), B=1",
        np.full(STEPS.shape, 0.05),
        second_moment(STEPS, 1.0, 0.1, 1),
        of="error",
    )
    b.claim(
        "bounds",
        "momentum transient",
        "REFUTED",
        ref="T1-22",
        of="error",
        kind="approximation",
        formula_latex=r"\left(1 - \frac{\eta h}{1 - \beta}\right)^{2 k} \unknown{x}",
        formula="(1 - eta*h/(1 - beta))**(2*k)*w0**2",
        reason="the formula diverges, the method does not",
    )
    with np.errstate(over="ignore"):
        b.case(
            "h=[1, 0.1], heavy ball(lr=0.1, momentum=0.99), B=1",
            9.0 ** np.minimum(2 * STEPS, 190),
            3.5 - 2.5 * 0.9**STEPS,
            of="error",
            method="heavy ball",
        )

    b.claim(
        "at the end",
        "steady state",
        "REFUTED",
        ref="T1-10",
        formula="eta*h**2/(2 - eta*h)",
        ratio="h",
        formula_mathml="<mfrac><mrow><mi>&#951;</mi><mo>&InvisibleTimes;</mo><msup><mi>h</mi><mn>2</mn></msup></mrow>"
        "<mn>2</mn></mfrac>",
        reason="off by at least 87 %; formula / exact = h",
    )
    for h in (1.0, 0.9, 0.5, 0.1, 0.01):
        for method in ("SGD", "preconditioned SGD"):
            v = second_moment(np.array([1000.0]), h, 0.1, 1)
            b.case(
                f"h=[{h:g}, 0.1], {method}(lr=0.1), B=1, coordinate 1",
                v * h,
                v,
                [1000],
                method=method,
                verdict="CONFIRMED" if h == 1 else "REFUTED",
            )
    b.claim("at the end", "one factor", "CONFIRMED", of="error", reason="within 1 %")
    b.case(
        "h=[1, 0.1], averaged heavy ball(lr=0.1, momentum=0.9, decay=0.99), B=1",
        [0.0104],
        [0.0104],
        [500],
        of="error",
        method="averaged heavy ball",
    )
    b.claim("at the end", "many cases", "CONFIRMED", of="error", ref="T9-01", reason="within 1 %")
    for i in range(100):
        b.case(f"h=[1, {i / 100:g}], SGD(lr=0.1), B={i}", [0.05], [0.05], [500], of="error")

    b.claim(
        "checks",
        "numbers of the example",
        "CONFIRMED",
        ref="T2-04",
        kind="identity",
        of="",
        statistic="",
        reason="equal to 1e-9",
        formula_latex=r"\begin{cases} 0.6 & \text{for}\: t = 1 \\1.08 & \text{otherwise}"
        r" \end{cases}",
    )
    b.row("t = 1", formula=0.6, exact=0.6)
    b.row("t = 2", formula=1.08, exact=1.08)
    b.claim(
        "checks",
        "less than a third",
        "REFUTED",
        ref="T2-22",
        kind="bound",
        of="",
        statistic="",
        reason="0.3487 is not below 1/3",
        expected="CONFIRMED",
        as_expected=False,
    )
    b.row("", formula=1 / 3, exact=0.348678, reason="0.3487 is not below 1/3")

    b.claim("faults", "unstable", "DIVERGED", reason="not finite from k = 300 on", of="error")
    grow = 1.02 ** np.minimum(2 * STEPS, 5000)
    b.case(
        "h=[2.5, 0.1], SGD(lr=0.9), B=1",
        grow,
        grow,
        of="error",
        estimate=np.where(STEPS < 300, grow, np.inf),
    )
    b.claim("faults", "raises", "ERROR", reason="ZeroDivisionError: division by zero")
    b.case(
        "h=[1, 0.1], SGD(lr=0.1), B=1",
        np.full(STEPS.shape, np.nan),
        second_moment(STEPS, 1.0, 0.1, 1),
    )
    b.claim(
        "faults", "our bug", "INCONSISTENT", reason="the interval excludes exact theory", of="error"
    )
    b.case(
        "h=[1, 0.1], SGD(lr=0.1), B=1",
        second_moment(STEPS, 1.0, 0.1, 1),
        1.2 * second_moment(STEPS, 1.0, 0.1, 1),
        of="error",
        estimate=second_moment(STEPS, 1.0, 0.1, 1),
    )
    b.claim(
        HOSTILE,
        HOSTILE,
        "REFUTED",
        ref="=1+1 <b>",
        formula=HOSTILE,
        formula_latex=r"\href{javascript:x}{y}",
        doc=HOSTILE,
        reason=HOSTILE,
        formula_mathml="<mi><script>x</script></mi>",
        ratio=HOSTILE,
    )
    b.case(
        HOSTILE,
        1.1 * second_moment(STEPS, 1.0, 0.1, 1),
        second_moment(STEPS, 1.0, 0.1, 1),
        method=HOSTILE,
    )
    b.case("\U0001f600 a name of three hundred characters " + 260 * "x", 1.0, 1.0, of="w2[2]")
    return b.run()


def nothing() -> Run:
    """A run that was interrupted before it had anything."""
    return Run(
        pd.DataFrame([], columns=VERDICT_COLUMNS),
        pd.DataFrame([], columns=CELL_COLUMNS),
        pd.DataFrame([], columns=ESTIMATE_COLUMNS),
        {},
    )
