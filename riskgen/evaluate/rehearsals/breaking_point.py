"""From which severity on a detector no longer finds a scenario's frauds.

PROTOCOL A7 and E3: the dial is turned while customers, times and detector stay. A
mild fraud may escape as well as a severe one, so the whole curve is given. Knows
findings, neither events nor scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from riskgen.evaluate.rehearsals.cases import Cases
from riskgen.evaluate.rehearsals.judge import Finding, Judge
from riskgen.evaluate.rehearsals.toll import plain_estimate
from riskgen.evaluate.result import Estimate

# Fewer frauds than this say too little about a share [J]: at 30 a recall of one half is
# known to 18 points either way.
FEWEST_CASES = 30


@dataclass(frozen=True)
class BreakingPoint:
    """How a detector does while a scenario gets worse.

    Attributes
    ----------
    severity : tuple of float
        Increasing, without 0.
    findings : tuple of Finding
        One for each severity.
    sham : Estimate
        Recall for sham edits: events of customers put in again that are no fraud.
    level : float
        Recall below which the detector counts as broken.
    budget : float
        Share of the day's active customers that is alerted.
    omitted : tuple of str
        What the table has no column for.
    """

    severity: tuple[float, ...]
    findings: tuple[Finding, ...]
    sham: Estimate
    level: float
    budget: float
    omitted: tuple[str, ...] = field(default=())

    @property
    def recall(self) -> tuple[Estimate, ...]:
        """Share of the scenario's customers found, for each severity."""
        return tuple(found.recall for found in self.findings)

    @property
    def broken(self) -> float | None:
        """The smallest severity at which recall lies below the level; None if nowhere."""
        return self._first(lambda found: found.value < self.level)

    @property
    def surely_broken(self) -> float | None:
        """The smallest severity at which the whole interval lies below the level."""
        return self._first(lambda found: found.upper is not None and found.upper < self.level)

    @property
    def recovers(self) -> float | None:
        """The severity from which on recall stays at the level, after it was below."""
        below = [found.value < self.level for found in self.recall]
        last = max((i for i, is_below in enumerate(below) if is_below), default=-1)
        return self.severity[last + 1] if 0 <= last < len(below) - 1 else None

    @property
    def guessing(self) -> tuple[float, ...]:
        """The severities at which what is found beyond chance may be nothing."""
        points = zip(self.severity, self.findings, strict=True)
        return tuple(s for s, found in points if not (found.gain.lower or 0.0) > 0.0)

    @property
    def n_cases(self) -> int:
        """Fraud customers behind the least certain recall."""
        return min(found.n or 0 for found in self.recall)

    @property
    def too_few(self) -> bool:
        """Whether there are too few cases to say anything."""
        return self.n_cases < FEWEST_CASES

    @property
    def where(self) -> str:
        """The breaking point in a word or two, or why there is none."""
        if self.too_few:
            return "too few cases"
        if len(self.guessing) == len(self.severity):
            return "chance only"
        if self.broken is None:
            return "nowhere"
        if self.broken > self.severity[0]:
            return f"at {self.broken:g}"
        # Mild cases escape: there is no severity below which all is well.
        if self.recovers is not None:
            return f"until {self.recovers:g}"
        held = [s for s, r in zip(self.severity, self.recall, strict=True) if r.value >= self.level]
        return f"save from {held[0]:g} to {held[-1]:g}" if held else "everywhere"

    def sentence(self) -> str:
        """Say in words where it breaks, and where it does no better than chance."""
        if self.too_few:
            return f"Too few cases to say: {self.n_cases}, at least {FEWEST_CASES} are needed."
        start = f"With {self.budget:.2%} of customers alerted a day"
        if len(self.guessing) == len(self.severity):
            return f"{start}, it finds no more than chance does, at any severity tried."
        blind = ", ".join(f"{severity:g}" for severity in self.guessing)
        rest = f" No better than chance at severity {blind}." if blind else ""
        return f"{start}, {self._broken()}.{rest}"

    def _broken(self) -> str:
        wanted = f"{self.level:.0%}"
        if self.broken is None:
            return f"recall stays at {wanted} or above at every severity tried"
        text = f"recall falls below {wanted} at severity {self.broken:g}{self._doubt()}"
        if self.recovers is None:
            return f"{text} and is below it at the severest tried"
        text = f"{text} and is back from {self.recovers:g} on"
        mild = self.broken == self.severity[0]
        return f"{text}: mild cases escape, blatant do not" if mild else text

    def _doubt(self) -> str:
        """Say where the interval of the first recall below the level reaches up to it."""
        if self.surely_broken == self.broken:
            return ""
        if self.surely_broken is None:
            return " (its interval reaches the bound)"
        return f" (surely at {self.surely_broken:g})"

    def facts(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "severity": list(self.severity),
            "recall": [plain_estimate(found) for found in self.recall],
            "chance": [plain_estimate(found.chance) for found in self.findings],
            "gain": [plain_estimate(found.gain) for found in self.findings],
            "toll": [found.toll.facts() for found in self.findings if found.toll is not None],
            "sham": plain_estimate(self.sham),
            "level": self.level,
            "budget": self.budget,
            "breaks": self.where,
            "broken_at": self.broken,
            "surely_broken_at": self.surely_broken,
            "recovers_at": self.recovers,
            "no_better_than_chance_at": list(self.guessing),
            "n_cases": self.n_cases,
            "too_few": self.too_few,
            "omitted": list(self.omitted),
            "sentence": self.sentence(),
        }

    def _first(self, holds: Callable[[Estimate], bool]) -> float | None:
        return next((s for s, r in zip(self.severity, self.recall, strict=True) if holds(r)), None)


def find_breaking_point(
    cases: Cases,
    judge: Judge,
    *,
    level: float,
    on_step: Callable[[float], None] | None = None,
) -> BreakingPoint:
    """Meet a detector with a scenario at one severity after the other.

    Parameters
    ----------
    cases : Cases
        Customers of the judge's ground, rehearsed.
    judge : Judge
        Whose scores are looked at, and with how many alerts a day.
    level : float
        Recall that counts as broken when it is not reached, 0 to 1.
    on_step : callable or None
        Told the part of the work done, 0 to 1.
    """
    findings = []
    for k, severity in enumerate(cases.severities):
        findings.append(judge.finding(cases.at(severity)))
        if on_step is not None:
            on_step((k + 1) / len(cases.severities))
    sham = judge.finding(cases.at(None)).recall
    told = (level, judge.ground.budget, cases.omitted)
    return BreakingPoint(cases.severities, tuple(findings), sham, *told)
