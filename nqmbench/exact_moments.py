"""The table in which exact theory answers, whatever the problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ExactMoments"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ExactMoments:
    """Exact moments of every observable at every checkpoint.

    Args:
        steps: the checkpoints, shape (S,); inf for the steady state.
        observables: the names, length O.
        mean, variance: shape (S, O); inf where the noise has no such moment, NaN where it is not
            known.
        shape: computes skewness and excess kurtosis, each of shape (S, O).
    """

    steps: Floats
    observables: tuple[str, ...]
    mean: Floats
    variance: Floats
    shape: Callable[[], tuple[Floats, Floats]] | None = None

    @cached_property
    def _shape(self) -> tuple[Floats, Floats]:
        unknown = np.full_like(self.mean, np.nan)
        return self.shape() if self.shape else (unknown, unknown)

    @property
    def skewness(self) -> Floats:
        """kappa_3 / kappa_2^1.5, shape (S, O).

        inf where the noise has no such moment, NaN where the variance is 0 or infinite.
        """
        return self._shape[0]

    @property
    def kurtosis(self) -> Floats:
        """The excess kurtosis kappa_4 / kappa_2^2, shape (S, O); inf and NaN as for the skewness.

        >>> import nqmbench as nq
        >>> problem = nq.NoisyQuadratic(1.0, noise="laplace")  # kappa_4 = 3
        >>> e = nq.Experiment(problem, nq.sgd(0.1), 10, 1, [1], ["w[0]"])
        >>> nq.exact(e).kurtosis.round(6).tolist()  # that of the mean of 10 samples
        [[0.3]]
        """
        return self._shape[1]

    def of(self, statistic: str) -> Floats:
        """The "mean", "variance", "skewness" or "kurtosis", shape (S, O)."""
        table: Floats = getattr(self, statistic)
        return table

    def to_frame(self) -> pd.DataFrame:
        """Columns step, observable, mean, variance; rows by step, then observables as given."""
        import pandas as pd

        S, O = self.mean.shape  # noqa: E741 - the shape (S, O)
        whole = np.isfinite(self.steps).all()
        return pd.DataFrame(
            {
                "step": np.repeat(self.steps.astype(np.int64) if whole else self.steps, O),
                "observable": list(self.observables) * S,
                "mean": self.mean.ravel(),
                "variance": self.variance.ravel(),
            }
        )
