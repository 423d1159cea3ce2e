"""What is recommended about one scenario, or that nothing helps within the budget.

Knows standings, not how they were measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from riskgen.evaluate.response.standing import Standing, plain
from riskgen.evaluate.result import Estimate

Answer = Literal["RECOMMENDED", "NOT SURE", "NONE HELPS", "TOO FEW CASES"]
# Struck customers in the reported half, fewer than which say too little about a share [J]:
# at 30 a half is known to 18 points either way.
FEWEST_CASES = 30
# Fraud money lies with few: a share of it that rests on fewer stopped customers than this
# is one or two large amounts, and its interval cannot be trusted [J].
FEWEST_STOPPED = 10


@dataclass(frozen=True)
class Advice:
    """What to do about a scenario.

    Attributes
    ----------
    scenario, title : str
        Its name, and what happens.
    severity : float
        How badly.
    budget, least_effect : float
        Genuine customers of 10,000 that may be hit in a month; share of the loss that
        must be prevented beyond chance.
    n_cases : int
        Struck customers in the half that is reported on.
    best : Standing or None
        What was chosen on the other half; None where nothing prevents anything within
        the budget there.
    beyond_chance : Estimate or None
        Share that ``best`` prevents more than blocking at random within the same budget.
    chance : Standing or None
        Blocking at random.
    sham : Estimate or None
        Share of the money of sham edits, which are no fraud, that ``best`` stops.
    front : tuple of Standing
        The efficient set, by increasing friction.
    alone : tuple of Standing
        The efficient set of single responses.
    blind : tuple of Standing
        Blocking at random, by increasing friction.
    notes : tuple of str
        What the table has no column for, and what else must be known.
    """

    scenario: str
    title: str
    severity: float
    budget: float
    least_effect: float
    n_cases: int
    best: Standing | None = None
    beyond_chance: Estimate | None = None
    chance: Standing | None = None
    sham: Estimate | None = None
    front: tuple[Standing, ...] = ()
    alone: tuple[Standing, ...] = ()
    blind: tuple[Standing, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def answer(self) -> Answer:
        """Whether ``best`` is worth recommending."""
        if self.n_cases < FEWEST_CASES:
            return "TOO FEW CASES"
        gain = self.beyond_chance
        if self.best is None or gain is None or self.within_budget == "no":
            return "NONE HELPS"
        if not gain.value >= self.least_effect:
            return "NONE HELPS"
        sure = gain.lower is not None and gain.lower > self.least_effect
        return "RECOMMENDED" if sure and self.n_stopped >= FEWEST_STOPPED else "NOT SURE"

    @property
    def n_stopped(self) -> int:
        """Struck customers, of those reported on, whom ``best`` stops."""
        assert self.best is not None
        return round(self.best.stopped.value * self.n_cases)

    @property
    def within_budget(self) -> Literal["yes", "not sure", "no"]:
        """Whether ``best`` stays within the budget on the customers that it is reported on."""
        assert self.best is not None
        hit = self.best.friction
        if hit.upper is not None and hit.upper <= self.budget:
            return "yes"
        return "no" if hit.lower is not None and hit.lower > self.budget else "not sure"

    def sentence(self) -> str:
        """Say in words what to do."""
        if self.answer == "TOO FEW CASES":
            return f"Too few cases to say: {self.n_cases}, at least {FEWEST_CASES} are needed."
        if self.answer == "NONE HELPS" or self.best is None:
            return f"None helps within {self.budget:g} in 10,000 a month: {self._why()}."
        sure = "" if self.within_budget == "yes" else " (within the budget is not sure)"
        told = (
            f"{self.best.words}: prevents {_percent(self.best.prevented)} of the loss, stops "
            f"{_percent(self.best.stopped)} of those struck{self._when()}, and hits "
            f"{_number(self.best.friction)} of 10,000 genuine customers a month{sure}."
        )
        return f"Not sure that it helps: {told}" if self.answer == "NOT SURE" else told

    def _when(self) -> str:
        assert self.best is not None
        hours = self.best.hours.value
        return f", half of them within {hours:.1f} h" if math.isfinite(hours) else ""

    def _why(self) -> str:
        if self.best is None:
            return "what stops any of it hits more genuine customers"
        if self.within_budget == "no":
            return f"what was chosen ({self.best.policy}) hits {_number(self.best.friction)}"
        gain = self.beyond_chance
        told = "an unknown share" if gain is None else _percent(gain)
        return (
            f"the best of what was tried ({self.best.policy}) prevents {told} of the loss more "
            "than blocking at random"
        )

    def facts(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        told: dict[str, Any] = {
            "scenario": self.scenario,
            "title": self.title,
            "severity": self.severity,
            "answer": self.answer,
            "sentence": self.sentence(),
            "budget": self.budget,
            "least_effect": self.least_effect,
            "n_cases": self.n_cases,
            "within_budget": None if self.best is None else self.within_budget,
            "best": None if self.best is None else self.best.facts(),
            "chance": None if self.chance is None else self.chance.facts(),
            "front": [item.facts() for item in self.front],
            "alone": [item.facts() for item in self.alone],
            "blind": [item.facts() for item in self.blind],
            "notes": list(self.notes),
        }
        for name in ("beyond_chance", "sham"):
            found = getattr(self, name)
            told[name] = None if found is None else plain(vars(found))
        return told


def _percent(found: Estimate) -> str:
    if found.lower is None or found.upper is None:
        return f"{100 * found.value:.0f} %"
    return f"{100 * found.value:.0f} % [{100 * found.lower:.0f}, {100 * found.upper:.0f}]"


def _number(found: Estimate) -> str:
    if found.lower is None or found.upper is None:
        return f"{found.value:.0f}"
    return f"{found.value:.0f} [{found.lower:.0f}, {found.upper:.0f}]"
