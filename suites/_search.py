"""Where a function of one number is zero, and where it is smallest: Brent's two methods.

SciPy has both, and these agree with its `brentq` and `minimize_scalar` to the last bit; but loading
its optimisers takes longer than all the searches of the suites together.

Source: Brent, Algorithms for Minimization without Derivatives, 1973, chapters 4 and 5.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

Function = Callable[[float], float]

ROUNDING = 2.0**-52
FLAT = math.sqrt(2.2e-16)  # relative: nearer to a minimum the values do not differ
GOLDEN = (3 - math.sqrt(5)) / 2
ROUNDS = 500  # the slowest search halves its interval in each


@dataclass
class Point:
    """A place and the value there."""

    x: float
    y: float


def at(f: Function, x: float) -> Point:
    """The function at a place, in plain numbers, which are faster than NumPy's."""
    return Point(float(x), float(f(float(x))))


def root(
    f: Function, low: float, high: float, absolute: float = 2e-12, relative: float = 4 * ROUNDING
) -> float:
    """A zero of f between low and high, where f has different signs.

    Each step interpolates the last values, or halves the interval where that would not help.

    Args:
        absolute, relative: how close to a zero is close enough; half of it is kept.
    """
    before, now = at(f, low), at(f, high)
    for end in (before, now):
        if end.y == 0:
            return end.x
    if (before.y < 0) == (now.y < 0):
        raise ValueError(f"no change of sign: {before.y} at {low}, {now.y} at {high}")
    other, step, last = before, 0.0, 0.0
    for _ in range(ROUNDS):
        if before.y != 0 and now.y != 0 and (before.y < 0) != (now.y < 0):
            other, step = before, now.x - before.x
            last = step
        if abs(other.y) < abs(now.y):
            before, now, other = now, other, now
        near, half = (absolute + relative * abs(now.x)) / 2, (other.x - now.x) / 2
        if now.y == 0 or abs(half) < near:
            return now.x
        tried = interpolated(before, now, other) if abs(last) > near else math.inf
        if abs(now.y) < abs(before.y) and 2 * abs(tried) < min(abs(last), 3 * abs(half) - near):
            last, step = step, tried
        else:
            last = step = half
        before = now
        x = now.x + (step if abs(step) > near else math.copysign(near, half))
        now = at(f, x)
    raise ValueError(f"no zero after {ROUNDS} steps; the last place was {now.x}")


def interpolated(before: Point, now: Point, other: Point) -> float:
    """The step from `now` to the zero of a line through two points, or of a curve through three."""
    if before.x == other.x:
        return -now.y * (now.x - before.x) / (now.y - before.y)
    first = (before.y - now.y) / (before.x - now.x)
    second = (other.y - now.y) / (other.x - now.x)
    slope = second * first * (other.y - before.y)
    return -now.y * (other.y * second - before.y * first) / slope


def lowest(f: Function, low: float, high: float, close: float) -> Point:
    """Where f, with one valley between low and high, is smallest, and how small it is there.

    Each step goes to the vertex of the parabola through the three best points, or cuts the longer
    side of the interval in the golden ratio where that would not help.

    Args:
        close: how close to the minimum is close enough.
    """
    x = low + GOLDEN * (high - low)
    best = second = third = at(f, x)
    step = last = 0.0
    for _ in range(ROUNDS):
        middle = 0.5 * (low + high)
        near = FLAT * abs(best.x) + close / 3
        if abs(best.x - middle) <= 2 * near - 0.5 * (high - low):
            break
        to_vertex = None
        if abs(last) > near:
            to_vertex, last = parabolic(best, second, third, last, low, high), step
        if to_vertex is not None:
            step = to_vertex
            if best.x + step - low < 2 * near or high - (best.x + step) < 2 * near:
                step = math.copysign(near, middle - best.x) if middle != best.x else near
        else:
            last = (low if best.x >= middle else high) - best.x
            step = GOLDEN * last
        x = best.x + math.copysign(max(abs(step), near), step or 1.0)
        new = at(f, x)
        if new.y <= best.y:
            low, high = (best.x, high) if x >= best.x else (low, best.x)
            best, second, third = new, best, second
        else:
            low, high = (x, high) if x < best.x else (low, x)
            if new.y <= second.y or second.x == best.x:
                second, third = new, second
            elif new.y <= third.y or third.x in (best.x, second.x):
                third = new
    return best


def parabolic(
    best: Point, second: Point, third: Point, last: float, low: float, high: float
) -> float | None:
    """The step to the vertex of a parabola; None if it leaves the interval or is no progress.

    Args:
        last: the step before the last one.
    """
    r = (best.x - second.x) * (best.y - third.y)
    q = (best.x - third.x) * (best.y - second.y)
    p = (best.x - third.x) * q - (best.x - second.x) * r
    q = 2 * (q - r)
    p, q = (-p, q) if q > 0 else (p, -q)
    short = abs(p) < abs(0.5 * q * last)
    return p / q if short and q * (low - best.x) < p < q * (high - best.x) else None
