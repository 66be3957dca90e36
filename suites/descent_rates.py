"""How fast gradient descent is on convex and smooth functions: what is guaranteed, what is true."""

from itertools import product

import numpy as np
from _search import lowest
from _second_text import CONVEX, LOG_COSH, LOGISTIC, Convex, huber, on_parabola, parabola, power

import nqmbench as nq

suite = nq.Suite(
    "descent_rates",
    summary="gradient descent on convex smooth functions: safe steps, the bound 1/t, what it hides",
    source="second text, convergence rate of gradient descent",
)


def flat(h: float) -> nq.Experiment:
    """Gradient descent on a parabola of curvature h that starts at a distance of 3."""
    return nq.Experiment(nq.NoisyQuadratic(h=h, sigma=0.0, w0=3.0), nq.sgd(lr=0.1), steps=100)


suite.figure(
    "Suboptimality, from the text's parabola to flat ones",
    panels=lambda: {
        "eta = 0.1": {f"curvature {h:g}": flat(h) for h in (2.0, 0.6, 0.2, 0.06, 0.02)},
    },
    of="loss",
    doc="The text's curve has the curvature 2. Each falls geometrically in the end. The lowest "
    "curve that lies above all of them, whatever the curvature, falls like 1/t: that is the bound.",
)

# -- safe steps ------------------------------------------------------------------------------------

STARTS = (-4.0, -0.2, 1.0, 5.0)


def cases(*shares: float) -> list[tuple[Convex, float, float]]:
    """Functions, step sizes eta = share / L, and starts."""
    return [(f, share / f.L, w) for f, share, w in product(CONVEX, shares, STARTS)]


@suite.check(
    "every step with eta <= 1/L decreases f", ref="T2-03", kind="bound", expect="confirmed"
)
def decreases():
    """On five convex functions, from four starts, at six step sizes up to 1/L."""
    values = [f.gaps(eta, w, 1) for f, eta, w in cases(0.01, 0.1, 0.3, 0.5, 0.8, 1.0)]
    return [before for before, _ in values], [after for _, after in values]


@suite.check(
    "every step with eta < 2/L decreases f, by at least eta (1 - eta L/2) |f'|^2",
    ref="T2-03",
    kind="bound",
    expect="confirmed",
)
def decreases_by():
    """So 1/L is safe, but not the limit: up to 1.99/L the same functions decrease by that much."""
    tried = cases(0.1, 0.5, 1.0, 1.5, 1.99)
    promised = [eta * (1 - eta * f.L / 2) * f.slope(w) ** 2 for f, eta, w in tried]
    values = [f.gaps(eta, w, 1) for f, eta, w in tried]
    return [v[0] for v in values], [v[1] + p for v, p in zip(values, promised, strict=True)]


@suite.check(
    "a parabola decreases if and only if eta < 2/L", ref="T2-03", kind="existence",
    expect="confirmed",
)  # fmt: skip
def decreases_when():
    """On both sides of 2/L, and far from it."""
    shares = (0.1, 1.0, 1.5, 2 - 1e-6, 2 + 1e-6, 3.0)
    true = []
    for f, share in product((parabola(2.0), parabola(0.1)), shares):
        before, after = f.gaps(share / f.L, 1.0, 1)
        true.append(after < before)
    return [share < 2 for share in shares] * 2, true


@suite.check("the descent lemma", ref="T2-12", kind="bound", expect="confirmed")
def descent_lemma():
    """f(b) <= f(a) + f'(a) (b - a) + L/2 (b - a)^2 for all pairs of a grid, on five functions."""
    a, b = (x.ravel() for x in np.meshgrid(np.linspace(-4, 4, 17), np.linspace(-3.9, 4.1, 17)))
    claimed = [f.value(a) + f.slope(a) * (b - a) + f.L / 2 * (b - a) ** 2 for f in CONVEX]
    return claimed, [f.value(b) for f in CONVEX]


@suite.check(
    "the descent lemma is an equation where all curvatures are L", ref="T2-12", expect="confirmed"
)
def descent_equation():
    """With curvature L everywhere both sides are equal; in five dimensions, at random places."""
    random, L = np.random.default_rng(12), 0.7
    a, b = random.normal(size=(2, 40, 5))
    right = L / 2 * (a**2).sum(1) + L * (a * (b - a)).sum(1) + L / 2 * ((b - a) ** 2).sum(1)
    return right, L / 2 * (b**2).sum(1)


# -- the bound R^2/(2 eta t) -----------------------------------------------------------------------

STEPS = np.arange(1, 101)


@suite.check("f - f* <= R^2/(2 eta t) for eta <= 1/L", ref="T2-10", kind="bound",
             expect="confirmed")  # fmt: skip
def guaranteed():
    """At 100 steps of five convex functions, at four step sizes, from starts at a distance R."""
    tried = cases(0.1, 0.3, 0.7, 1.0)
    return (
        [w**2 / (2 * eta * STEPS) for _, eta, w in tried],
        [f.gaps(eta, w, 100)[1:] for f, eta, w in tried],
    )


def sharp(f: Convex, eta: float, R: float, t: np.ndarray) -> np.ndarray:
    """The best bound for all convex functions with this L."""
    return f.L * R**2 / (4 * eta * f.L * t + 2)


@suite.check(
    "f - f* <= L R^2/(4 eta L t + 2), less than half of it", ref="T2-10", kind="bound",
    expect="confirmed",
)  # fmt: skip
def guaranteed_sharply():
    """The bound of Drori and Teboulle (2014), on the same cases: the text's is never reached."""
    tried = cases(0.1, 0.3, 0.7, 1.0)
    return (
        [sharp(f, eta, w, STEPS) for f, eta, w in tried],
        [f.gaps(eta, w, 100)[1:] for f, eta, w in tried],
    )


@suite.check("the function with which gradient descent is slowest", ref="T2-10", expect="confirmed")
def slowest_function():
    """A parabola up to R/(2 eta L t + 1) and straight beyond meets the sharper bound at step t."""
    tried = list(product((1, 7, 50), (0.3, 1.0), (1.0, 4.0)))
    claimed = [sharp(huber(1.0), eta, R, t) for t, eta, R in tried]
    return claimed, [huber(R / (2 * eta * t + 1)).gaps(eta, R, t)[-1] for t, eta, R in tried]


@suite.check(
    "of all parabolas none comes near the bound", ref="T2-10", kind="optimum", expect="confirmed"
)
def slowest_parabola():
    """The largest value after t steps, over all curvatures up to 1/eta, is R^2/(2 eta (2t + 1))
    times (2t/(2t + 1))^(2t): from 0.148 of the bound at t = 1 to 1/(2e) = 0.184 in the limit.
    """

    def left(t: int, h: float) -> float:
        return h * (1 - 0.1 * h) ** (2 * t) * 9 / 2

    steps = (1, 2, 5, 10, 50)
    claimed = [9 / (0.2 * (2 * t + 1)) * (2 * t / (2 * t + 1)) ** (2 * t) for t in steps]
    found = [-lowest(lambda h, t=t: -left(t, h), 0.0, 10.0, close=1e-9).y for t in steps]
    return claimed, found


# -- ten times better after ten times the steps ----------------------------------------------------


def gain(f: Convex, eta: float, start: float = 1.0) -> float:
    """How many times as good 1000 steps are as 100."""
    gaps = f.gaps(eta, start, 1000)
    return float(gaps[100] / gaps[1000])


FLATTER = (4, 6, 20)  # powers of w: flatter and flatter minima


@suite.check("1000 steps are 10 times as good as 100", ref="T2-15", kind="rate", expect="refuted")
def ten_times():
    """As a statement on gradient descent: on the text's own parabola they are 10^174 times as good,
    on w^4, w^6 and w^20 92, 30 and 12.5 times, on the slowest function for 1000 steps 1.9 times.
    """
    true = [gain(parabola(2.0), 0.1, 3.0), *(gain(power(p), 1 / power(p).L) for p in FLATTER)]
    return [10.0] * 5, [*true, gain(huber(1 / 2001), 1.0)]


@suite.check("it is the bound that gains 10 times", mends="T2-15", expect="confirmed")
def bound_gains():
    """R^2/(2 eta t) at t = 100 is 10 times what it is at t = 1000, whatever R and eta."""
    tried = list(product((0.1, 3.0), (0.01, 0.5)))
    return [10.0] * 4, [(R**2 / (2 * eta * 100)) / (R**2 / (2 * eta * 1000)) for R, eta in tried]


@suite.check(
    "on w^p the gain lies between 10 and 10^(p/(p - 2))", mends="T2-15", kind="bound",
    expect="confirmed",
)  # fmt: skip
def power_gains():
    """In the end w^p falls like t^(-p/(p - 2)), always faster than 1/t, and from below."""
    gains = [gain(power(p), 1 / power(p).L) for p in FLATTER]
    return [*gains, *(10 ** (p / (p - 2)) for p in FLATTER)], [10.0] * 3 + gains


@suite.check("the worst function's gain", mends="T2-15", expect="confirmed")
def worst_gain():
    """Where all 1000 steps lie on the straight part, the gain is (2001 - 100.5)/(2001 - 1000.5)."""
    return 1900.5 / 1000.5, gain(huber(1 / 2001), 1.0)


# -- when it converges -----------------------------------------------------------------------------


def around_the_limit() -> list[nq.Experiment]:
    """L = 2: up to eta = 1/L, between 1/L and 2/L, and beyond."""
    return [on_parabola(eta) for eta in (0.1, 0.5, 0.75, 0.95, 1.05)]


@suite.claim(
    "the loss decreases as long as f is convex and smooth",
    ref="T2-14",
    of="loss",
    kind="upper bound",
    margin=0.0,
    experiments=around_the_limit,
    expect="refuted",
)
def never_above_the_start(w0):
    """The loss would never be above its start. At eta = 1.05, convex and smooth, it is."""
    return w0**2


@suite.claim(
    "the loss decreases as long as f is convex and smooth, and eta < 2/L",
    ref="T2-14",
    of="loss",
    kind="upper bound",
    margin=0.0,
    when=lambda eta, L: eta < 2 / L,
    experiments=around_the_limit,
    expect="confirmed",
)
def below_the_start(w0):
    """With a step size below 2/L it is never above its start."""
    return w0**2


@suite.check(
    "the loss decreases at every step while eta < 2/L", mends="T2-14", kind="bound",
    expect="confirmed",
)  # fmt: skip
def at_every_step():
    """Each of 100 values is at most the one before, on five convex functions from four starts."""
    paths = [f.gaps(eta, w, 100) for f, eta, w in cases(0.1, 1.0, 1.9)]
    return [p[:-1] for p in paths], [p[1:] for p in paths]


def diverges(f: Convex, share: float) -> bool:
    """Whether the distance grows from R = 1 over 1000 steps of size share / L."""
    return bool(abs(f.path(share / f.L, 1.0, 1000)[-1]) > 1)


@suite.check(
    "a step size beyond 1/L diverges", ref="T2-16", kind="existence", expect="refuted"
)  # fmt: skip
def beyond_one():
    """May diverge, says the text. Between 1/L and 2/L it never does."""
    shares = (1.01, 1.5, 1.99, 2.01, 3.0)
    return [True] * len(shares), [diverges(parabola(2.0), share) for share in shares]


@suite.check(
    "a parabola diverges if and only if eta > 2/L", ref="T2-16", kind="existence",
    expect="confirmed",
)  # fmt: skip
def beyond_two():
    """On both sides of 2/L, for two curvatures."""
    tried = list(product((2.0, 0.1), (0.5, 1.01, 1.5, 1.99, 2.01, 3.0)))
    return [share > 2 for _, share in tried], [diverges(parabola(h), share) for h, share in tried]


@suite.check(
    "the best constant step, 2/(L + mu), lies beyond 1/L", mends="T2-16", kind="optimum",
    expect="confirmed",
)  # fmt: skip
def best_step():
    """The step size with the best rate for curvatures from mu to L, found by search."""
    spectra = ([2.0, 0.2], [1.0, 0.01], [5.0, 4.0])

    def found(h: list[float]) -> float:
        rate = lambda eta: nq.spectral_radius(nq.sgd(lr=eta), h).max()  # noqa: E731
        return lowest(rate, 0.01 / h[0], 2 / h[0], close=1e-6).x

    return [2 / sum(h) for h in spectra], [found(h) for h in spectra]


def settles(f: Convex, share: float) -> bool:
    """Whether steps 1000 to 2000 no longer move the iterate."""
    path = f.path(share / f.L, 1.5, 2000)
    return bool(abs(path[2000] - path[1000]) < 1e-6)


SOFTPLUS = Convex(  # falls for ever
    "softplus", lambda w: np.log1p(np.exp(w)), lambda w: 1 / (1 + np.exp(-w)), L=0.25
)
WITH_MINIMUM = (parabola(2.0), huber(0.3), LOG_COSH, LOGISTIC)


@suite.check(
    "gradient descent converges on every convex and smooth function",
    ref="T2-17",
    kind="existence",
    expect="refuted",
)
def guaranteed_to_converge():
    """At 2.1/L a parabola does not, and at 1/L not log(1 + e^w), which has no minimum."""
    tried = [*product(WITH_MINIMUM, (0.5, 1.0, 1.9)), (parabola(2.0), 2.1), (SOFTPLUS, 1.0)]
    return [True] * len(tried), [settles(f, share) for f, share in tried]


@suite.check(
    "gradient descent converges where there is a minimum and eta < 2/L",
    ref="T2-17",
    kind="existence",
    expect="confirmed",
)
def converges_to_a_minimum():
    """With both conditions it converges on four functions, at three step sizes."""
    tried = list(product(WITH_MINIMUM, (0.5, 1.0, 1.9)))
    return [True] * len(tried), [settles(f, share) for f, share in tried]


@suite.check(
    "without a minimum the value falls and the iterate never settles",
    mends="T2-17",
    kind="existence",
    expect="confirmed",
)
def without_a_minimum():
    """On log(1 + e^w) the value is below 1/t after t = 1000 and 2000 steps of 4, and w goes on."""
    values = SOFTPLUS.gaps(4.0, 0.0, 2000)[[1000, 2000]]
    return [True, True, False], [*(values < [1e-3, 5e-4]), settles(SOFTPLUS, 1.0)]
