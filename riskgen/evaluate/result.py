"""A number with its interval, floor, threshold and status.

One object that ``results.json`` writes whole and the report draws whole.
Statuses: a measure that could not decide is never green.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

Status = Literal["PASS", "FAIL", "INCONCLUSIVE", "NOT_RUN", "NOT_APPLICABLE"]
Goal = Literal["lower", "higher", "near"]
Basis = Literal["C", "R", "J"]
Question = Literal["fidelity", "utility", "privacy", "market"]
Curve = dict[str, list[Any]]


@dataclass(frozen=True)
class Estimate:
    """A value with its confidence interval.

    Attributes
    ----------
    value : float
        Point estimate.
    lower, upper : float or None
        Interval at ``level``; None where none was computed.
    level : float
        Coverage of the interval.
    n : int or None
        Number of independent units (entities, blocks) behind it.
    """

    value: float
    lower: float | None = None
    upper: float | None = None
    level: float = 0.95
    n: int | None = None


@dataclass(frozen=True)
class Threshold:
    """Where a measure passes and fails, and who says so.

    Attributes
    ----------
    green, red : float
        Passing up to ``green``; failing beyond ``red``; between them amber.
    basis : str
        ``C`` published convention, ``R`` regulatory text, ``J`` our judgement.
    source : str
        Citation, or the reason for the judgement.
    """

    green: float
    red: float
    basis: Basis
    source: str


@dataclass(frozen=True)
class MetricResult:
    """One measure, complete enough to be read alone.

    Attributes
    ----------
    metric : str
        Stable key, for example ``fidelity.gaps.ks``.
    title : str
        What it measures, in plain words.
    question : str
        The question that it helps to answer.
    status : str
        See the module; ``reason`` says why when it is not PASS or FAIL.
    estimate, floor : Estimate or None
        The value for the synthetic data, and the same measure between two
        disjoint sets of real entities.
    references : dict of str to Estimate
        The same measure for other generators (controls, rivals, arms).
    goal : str
        Which direction is better; ``near`` means close to the floor.
    threshold : Threshold or None
        What ``status`` was decided with.
    band : str or None
        ``green``, ``amber`` or ``red``; amber and red are both FAIL.
    reason : str
        One sentence for the reader.
    method : str
        How it was computed, with the paper.
    by : dict of str to Estimate
        Parts: columns, labels, lags.
    curves : dict of str to Curve
        Series to draw: named lists of equal length, JSON values only.
    """

    metric: str
    title: str
    question: Question
    status: Status
    estimate: Estimate | None = None
    floor: Estimate | None = None
    references: dict[str, Estimate] = field(default_factory=dict)
    goal: Goal = "lower"
    threshold: Threshold | None = None
    band: Literal["green", "amber", "red"] | None = None
    reason: str = ""
    method: str = ""
    by: dict[str, Estimate] = field(default_factory=dict)
    curves: dict[str, Curve] = field(default_factory=dict)

    def judged(self) -> MetricResult:
        """Return the result with band and status decided by its threshold.

        The point estimate decides the band; an interval that reaches across
        the passing bound turns a PASS into INCONCLUSIVE.
        """
        if self.estimate is None or self.threshold is None:
            return self
        sign = -1.0 if self.goal == "higher" else 1.0
        value, green = sign * self.estimate.value, sign * self.threshold.green
        if value > green:
            limited = value <= sign * self.threshold.red
            return replace(self, band="amber" if limited else "red", status="FAIL")
        worst = self.estimate.lower if self.goal == "higher" else self.estimate.upper
        if worst is not None and sign * worst > sign * self.threshold.red:
            why = self.reason or "The interval reaches beyond the failing bound."
            return replace(self, band="amber", status="INCONCLUSIVE", reason=why)
        return replace(self, band="green", status="PASS")

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; not-a-number becomes null."""
        cleaned = _finite(asdict(self))
        assert isinstance(cleaned, dict)
        return cleaned

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> MetricResult:
        """Return the result that :meth:`to_json` wrote."""
        parts = dict(document)
        for name in ("estimate", "floor"):
            parts[name] = None if parts.get(name) is None else _estimate(parts[name])
        for name in ("references", "by"):
            parts[name] = {key: _estimate(item) for key, item in parts.get(name, {}).items()}
        if parts.get("threshold") is not None:
            parts["threshold"] = Threshold(**parts["threshold"])
        return cls(**parts)


def declined(metric: str, title: str, question: Question, reason: str) -> MetricResult:
    """Return the result of a measure that does not apply, with the reason."""
    return MetricResult(metric, title, question, "NOT_APPLICABLE", reason=reason)


def _estimate(document: dict[str, Any]) -> Estimate:
    values = dict(document)
    values["value"] = math.nan if values["value"] is None else values["value"]
    return Estimate(**values)


def _finite(item: object) -> object:
    if isinstance(item, float):
        return item if math.isfinite(item) else None
    if isinstance(item, dict):
        return {str(key): _finite(value) for key, value in item.items()}
    if isinstance(item, list | tuple):
        return [_finite(value) for value in item]
    return item
