"""A scenario by somebody who misjudged it: other amounts, another pace.

A parameter says what it is by its name: money by ``amount``, a factor of it by ``_scale``;
time by its unit at the end (``_min``, ``_h``, ``_d``, ``_weeks``, ``_months``); a rate by
``_per_`` or ``velocity``. Shares, probabilities and counts stay.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from riskgen.errors import NotApplicable
from riskgen.simulate.scenario import StressScenario
from riskgen.simulate.severity import Parameter

_MONEY = re.compile(r"amount|_scale$|^drain_ratio$|^utilisation$")
_RATE = re.compile(r"_per_|velocity")
_TIME = re.compile(r"_(s|min|h|d|weeks|months)$")
_NEVER = re.compile(r"_prob$|_share$")


@dataclass(frozen=True)
class Factors:
    """By how much amounts and pace are misjudged."""

    amount: float
    speed: float

    @property
    def title(self) -> str:
        """What tables call it."""
        return f"amounts ×{self.amount:g}, pace ×{self.speed:g}"


# The two of UTILITY that a prior may well be off by.
MISSPECIFIED = {"MIS1": Factors(0.5, 2.0), "MIS2": Factors(2.0, 0.5)}


def factor_of(name: str, factors: Factors) -> float:
    """Return what a parameter is multiplied by; 1 where it is neither money nor time."""
    if _NEVER.search(name):
        return 1.0
    if _RATE.search(name):
        return factors.speed
    if _TIME.search(name):
        return 1.0 / factors.speed
    return factors.amount if _MONEY.search(name) else 1.0


def misspecified(scenario: StressScenario, factors: Factors) -> StressScenario:
    """Return the scenario with amounts and pace multiplied.

    Raises
    ------
    NotApplicable
        When no parameter is an amount or a time.
    """
    parameters = {
        name: _times(parameter, factor_of(name, factors), name)
        for name, parameter in scenario.parameters.items()
    }
    if parameters == scenario.parameters:
        raise NotApplicable(f"No parameter of '{scenario.id}' is an amount or a time.")
    return scenario.model_copy(update={"parameters": parameters})


def _times(parameter: Parameter, factor: float, name: str) -> Parameter:
    # What is a part of something cannot be more than the whole.
    part = parameter.scale == "logit" or name.endswith("_ratio") or name == "utilisation"
    top = 1.0 if part and max(parameter.at1, parameter.at0 or 0.0) <= 1.0 else float("inf")
    at0 = None if parameter.at0 is None else min(top, parameter.at0 * factor)
    return parameter.model_copy(update={"at0": at0, "at1": min(top, parameter.at1 * factor)})
