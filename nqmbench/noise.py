"""The laws of the gradient noise and their cumulants.

A law is standardised to mean 0 and variance 1. Cumulants are what exact theory needs: they add
over independent samples, so the mean of B samples has kappa_r / B^(r-1), and a linear recursion
transforms each order by itself. A law enters the exact moments only through the numbers here.

All coordinates of a sample have the same law and are uncorrelated. They are also independent, but
for "intermittent" noise: x_i = R s_i with a random sign s_i for each coordinate and one R for all,
R^2 = 0 or 2 with probability 1/2. A sample hits all coordinates together or none, so the squares of
two coordinates are correlated. By itself x_i is distributed as (s + s')/sqrt(2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from nqmbench.arguments import Arguments, choices, is_finite

__all__ = ["LAWS", "NoiseLaw", "noise_law"]

HIGHEST_ORDER = 12  # the kurtosis of w^3 needs it
LARGEST_NU = 1e6  # beyond, the simulation could not tell it from the Gaussian


def cumulants_from_moments(moments: Sequence[Any]) -> list[Any]:
    """Cumulants kappa_1..kappa_R of a law with raw moments E x, ..., E x^R.

    kappa_r = m_r - sum_{j<r} C(r-1, j-1) kappa_j m_{r-j}

    >>> cumulants_from_moments([0.0, 1.0, 0.0, 3.0])
    [0.0, 1.0, 0.0, 0.0]
    """
    cumulants: list[Any] = []
    for r, moment in enumerate(moments, start=1):
        lower = sum(
            math.comb(r - 1, j - 1) * cumulants[j - 1] * moments[r - j - 1] for j in range(1, r)
        )
        cumulants.append(moment - lower)
    return cumulants


def student_moment(order: int, nu: float) -> Any:
    """E x^order of Student's law scaled to variance 1, inf where it does not exist (order >= nu).

    E x^(2m) = (nu-2)^m prod_{j=1..m} (2j-1)/(nu-2j)
    """
    if order >= nu:
        return math.inf
    if order % 2:
        return 0
    n = Fraction(nu)
    return math.prod((2 * j - 1) * (n - 2) / (n - 2 * j) for j in range(1, order // 2 + 1))


# Raw moments of order r of the standardised laws, as exact rationals: cumulants are differences of
# large moments, and in floats they would be left with the rounding of those.
MOMENTS: dict[str, Callable[[int, float], Any]] = {
    "gaussian": lambda r, nu: 0 if r % 2 else math.prod(range(1, r, 2)),
    "uniform": lambda r, nu: 0 if r % 2 else Fraction(3 ** (r // 2), r + 1),
    "rademacher": lambda r, nu: 0 if r % 2 else 1,
    "laplace": lambda r, nu: 0 if r % 2 else Fraction(math.factorial(r), 2 ** (r // 2)),
    # E (X - 1)^r for X ~ Exp(1) counts the permutations without fixed point.
    "exponential": lambda r, nu: sum(
        (-1) ** j * math.factorial(r) // math.factorial(j) for j in range(r + 1)
    ),
    "student": student_moment,
    "intermittent": lambda r, nu: 0 if r % 2 else Fraction(2 ** (r // 2), 2),
}
LAWS = tuple(MOMENTS)

# kappa_22 = E x_i^2 x_j^2 - 1 of two coordinates of one sample, where it is not 0: E R^4 - 1.
JOINT_CUMULANTS = {"intermittent": 1.0}


@dataclass(frozen=True)
class NoiseLaw:
    """One standardised law of a single noise sample.

    Args:
        name: one of "gaussian", "uniform", "rademacher", "laplace", "exponential", "student",
            "intermittent".
        nu: degrees of freedom of Student's law (> 2); 0 for all others.

    >>> NoiseLaw("uniform").cumulant(4)
    -1.2
    >>> NoiseLaw("student", 9.0).cumulant(4), NoiseLaw("student", 3.0).cumulant(4)
    (1.2, inf)
    """

    name: str
    nu: float = 0.0

    def cumulant(self, order: int) -> float:
        """kappa_order of the law, order 1..12; inf where the moment does not exist."""
        return self._cumulants[order - 1]

    def has_moment(self, order: int) -> bool:
        """True when E x^order exists: always, but for Student's law only below nu.

        >>> NoiseLaw("student", 5.0).has_moment(4), NoiseLaw("student", 5.0).has_moment(5)
        (True, False)
        """
        return self.name != "student" or order < self.nu

    @property
    def joint_cumulant(self) -> float:
        """kappa_22 of two coordinates of a sample, Cov(x_i^2, x_j^2); 0 when independent.

        >>> NoiseLaw("intermittent").joint_cumulant, NoiseLaw("laplace").joint_cumulant
        (1.0, 0.0)
        """
        return JOINT_CUMULANTS.get(self.name, 0.0)

    @property
    def independent(self) -> bool:
        """True when the coordinates of a sample are independent, not only uncorrelated.

        >>> [name for name in LAWS if not NoiseLaw(name).independent]
        ['intermittent']
        """
        return self.joint_cumulant == 0

    @cached_property
    def _cumulants(self) -> list[float]:
        moments = [MOMENTS[self.name](r, self.nu) for r in range(1, HIGHEST_ORDER + 1)]
        finite = next((r for r, m in enumerate(moments) if math.isinf(m)), HIGHEST_ORDER)
        cumulants = [float(c) for c in cumulants_from_moments(moments[:finite])]
        return cumulants + [math.inf] * (HIGHEST_ORDER - finite)

    def __str__(self) -> str:
        return f"{self.name}({self.nu:g})" if self.nu else self.name


def noise_law(seen: Any, checks: Arguments) -> NoiseLaw:
    """The law that a user wrote as a name or as ("student", nu); complaints go to `checks`."""
    law = ((seen.name, seen.nu) if seen.nu else seen.name) if isinstance(seen, NoiseLaw) else seen
    if isinstance(law, str) and law in LAWS and law != "student":
        return NoiseLaw(law)
    if isinstance(law, tuple | list) and len(law) == 2 and isinstance(law[0], str):
        name, nu = law
        if name == "student" and is_finite(nu) and nu <= LARGEST_NU and np.float32(nu) > 2:
            return NoiseLaw(name, float(nu))
    checks.complain(
        "noise",
        seen,
        choices(n for n in LAWS if n != "student")
        + ' or ("student", nu) with 2 < nu <= 10^6, in 32 bits',
    )
    return NoiseLaw("gaussian")
