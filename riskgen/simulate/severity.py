"""The severity dial: what a parameter is worth at severity s (PROTOCOL E3).

Knows numbers only, neither events nor files.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Scale = Literal["log", "linear", "logit", "fisher"]
SourceKind = Literal["regulation", "literature", "data", "judgement"]
# Probabilities of exactly 0 or 1 have no logit; one in a thousand stands in for never [J].
_EDGE = 1e-3


class Source(BaseModel):
    """Where the value of a parameter comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: SourceKind
    ref: str = ""
    note: str = ""


class Parameter(BaseModel):
    """One knob of a scenario.

    Attributes
    ----------
    at0 : float or None
        Value at severity 0; None stands for what the data themselves show.
    at1 : float
        Value at severity 1, the most that the file declares.
    scale : str
        On which scale severity moves between the two: ``log`` for factors,
        ``linear`` for amounts, ``logit`` for probabilities, ``fisher`` for
        correlations.
    source : Source
        Who says so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at0: float | None
    at1: float
    scale: Scale
    source: Source

    @model_validator(mode="after")
    def _values_fit_the_scale(self) -> Parameter:
        for value in (self.at0, self.at1):
            if value is not None and not _allowed(value, self.scale):
                raise ValueError(f"{value} cannot be on a {self.scale} scale")
        return self

    def at(self, severity: float, gamma: float = 1.0, data: float | None = None) -> float:
        """Return the value at ``severity``.

        Parameters
        ----------
        severity : float
            In [0, 1].
        gamma : float
            Exponent on the severity; above 1 keeps low severities milder.
        data : float or None
            What the data show; used where ``at0`` is None.

        Returns
        -------
        float
            ``at0`` (or ``data``) exactly at severity 0 and ``at1`` exactly at 1.
        """
        start = data if self.at0 is None else self.at0
        if start is None or not math.isfinite(start):
            start = self.at1
        if severity <= 0.0 or start == self.at1:
            return float(start)
        if severity >= 1.0:
            return float(self.at1)
        part = severity**gamma
        low, high = _forward(start, self.scale), _forward(self.at1, self.scale)
        return _backward(low + (high - low) * part, self.scale)


class Severity(BaseModel):
    """How the dial of a scenario is meant to be used; a dial, not a probability."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default: float = Field(ge=0, le=1)
    gamma: float = Field(default=1.0, gt=0)
    grid: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)

    @model_validator(mode="after")
    def _grid_rises(self) -> Severity:
        if list(self.grid) != sorted(set(self.grid)) or not self.grid:
            raise ValueError("the grid must rise")
        if self.grid[0] < 0 or self.grid[-1] > 1:
            raise ValueError("the grid must lie between 0 and 1")
        return self


def _allowed(value: float, scale: Scale) -> bool:
    if not math.isfinite(value):
        return False
    if scale == "log":
        return value > 0
    if scale == "logit":
        return 0 <= value <= 1
    return scale == "linear" or -1 < value < 1


def _forward(value: float, scale: Scale) -> float:
    if scale == "log":
        return math.log(value)
    if scale == "logit":
        inside = min(max(value, _EDGE), 1 - _EDGE)
        return math.log(inside / (1 - inside))
    return math.atanh(value) if scale == "fisher" else value


def _backward(value: float, scale: Scale) -> float:
    if scale == "log":
        return math.exp(value)
    if scale == "logit":
        return 1 / (1 + math.exp(-value))
    return math.tanh(value) if scale == "fisher" else value
