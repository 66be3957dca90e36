"""Whoever watches a run: a progress bar, plain lines, or nobody."""

from __future__ import annotations

from typing import Protocol

from nqmbench.experiment import Experiment
from nqmbench.forecast import Forecast
from nqmbench.ledger import Ledger
from nqmbench.plan import Plan

__all__ = ["Observer", "Silent"]


class Observer(Protocol):
    """Someone who watches a run, such as a progress bar."""

    def planned(self, plan: Plan) -> None:
        """The plan is made; nothing is simulated yet."""

    def simulated(self, experiment: Experiment, trials: int, of: int) -> None:
        """So many of the trajectories up to the next look are done."""

    def looked(
        self, ledger: Ledger, experiment: Experiment, trials: int, forecast: Forecast
    ) -> None:
        """An experiment has reached so many trajectories and its cells were judged."""


class Silent:
    """The observer who says nothing."""

    def planned(self, plan: Plan) -> None:
        """Nothing."""

    def simulated(self, experiment: Experiment, trials: int, of: int) -> None:
        """Nothing."""

    def looked(
        self, ledger: Ledger, experiment: Experiment, trials: int, forecast: Forecast
    ) -> None:
        """Nothing."""
