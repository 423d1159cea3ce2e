"""What a file of responses says: who would be stopped by what, and what that is taken to do.

Numbers are in units that fit any table: a level is a value of the table, or a multiple
of the level that so many genuine customers exceed in a month. Knows no events.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, model_validator

from riskgen.evaluate.response.closed_file import Closed, Stated, parsed, read_text
from riskgen.simulate.severity import Source

Kind = Literal["velocity_cap", "amount_cap", "hold_new", "country_block", "step_up", "alert"]
Action = Literal["decline", "block", "hold", "step_up", "alert"]
# What each kind does unless the file says otherwise.
ACTIONS: dict[Kind, Action] = {
    "velocity_cap": "block",
    "amount_cap": "block",
    "hold_new": "hold",
    "country_block": "decline",
    "step_up": "step_up",
    "alert": "alert",
}


class Assumptions(Closed):
    """What is taken to happen when a response acts.

    Attributes
    ----------
    review_h : Stated
        Hours for which an account stays frozen after a block, until somebody has looked.
    review_finds : Stated
        Probability that whoever looks sees a fraud for what it is.
    hold_h : Stated
        Hours for which a held payment waits.
    analyst_delay_h : Stated
        Hours from an alert until the account is frozen for review.
    step_up_stops, step_up_fails : Stated
        Probability that a fraudster, and a genuine customer, does not pass a step-up.
    """

    review_h: Stated
    review_finds: Stated
    hold_h: Stated
    analyst_delay_h: Stated
    step_up_stops: Stated
    step_up_fails: Stated

    @model_validator(mode="after")
    def _in_range(self) -> Assumptions:
        for name in ("review_finds", "step_up_stops", "step_up_fails"):
            if not 0 <= getattr(self, name).value <= 1:
                raise ValueError(f"{name} is not between 0 and 1")
        for name in ("review_h", "hold_h", "analyst_delay_h"):
            if not getattr(self, name).value >= 0:
                raise ValueError(f"{name} is negative")
        return self


class Level(Closed):
    """From where on a response acts: values of the table, or multiples of a learned level.

    Attributes
    ----------
    at_most : tuple of float
        Values that are still let through.
    exceeded_by : float or None
        The learned level: so many of 10,000 genuine customers exceed it in a month.
    times : tuple of float
        Multiples of the learned level that are tried; of the odds, for a score.
    """

    at_most: tuple[float, ...] = ()
    exceeded_by: float | None = Field(default=None, gt=0, le=10_000)
    times: tuple[float, ...] = (1.0,)

    @model_validator(mode="after")
    def _one_of_two(self) -> Level:
        if bool(self.at_most) == (self.exceeded_by is not None):
            raise ValueError("give 'at_most' or 'exceeded_by', one of the two")
        if not self.times or min(self.times) <= 0:
            raise ValueError("'times' must be above 0")
        return self


class Response(Closed):
    """One thing to do, at several levels.

    Attributes
    ----------
    id, title : str
        Short name, and what it does in words.
    kind : str
        What is looked at; see :mod:`riskgen.evaluate.response.measures`.
    of : str
        For caps: ``count`` or ``sum`` within the window, ``amount``, or ``own_usual`` (the
        amount by the median of the customer's last ones).
    window_h : float or None
        For a velocity cap.
    direction : str
        Money that is looked at.
    role : str
        For a hold: who or what is new; ``payee`` is merchant or counterparty.
    countries : tuple of str
        For a country block; countries new to the customer when empty.
    action : str or None
        That of the kind when None.
    """

    id: str = Field(pattern=r"^[a-z0-9_]{3,40}$")
    title: str = Field(min_length=1, max_length=120)
    kind: Kind
    of: Literal["count", "sum", "amount", "own_usual"] = "amount"
    window_h: float | None = Field(default=None, gt=0)
    direction: Literal["out", "in", "any"] = "out"
    role: str = "payee"
    countries: tuple[str, ...] = ()
    action: Action | None = None
    level: Level
    source: Source

    @property
    def does(self) -> Action:
        """What happens to an event beyond the level."""
        return ACTIONS[self.kind] if self.action is None else self.action

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Response:
        velocity = self.kind == "velocity_cap"
        if velocity != (self.window_h is not None):
            raise ValueError("'window_h' belongs to a velocity_cap, and only there")
        if velocity != (self.of in ("count", "sum")):
            raise ValueError("a velocity_cap is of 'count' or 'sum', the others are not")
        return self


class Plan(Closed):
    """A file of responses.

    Attributes
    ----------
    budget : Stated
        Genuine customers, of 10,000 in a month, that may be hit.
    false_alarms : Stated
        Genuine customers, of 10,000 in a month, for whom an indicator may warn.
    least_effect : Stated
        Share of the loss that a response must prevent beyond chance to be recommended.
    """

    schema_: Literal["riskgen.responses/v1"] = Field(alias="schema")
    budget: Stated
    false_alarms: Stated
    least_effect: Stated
    assumptions: Assumptions
    responses: tuple[Response, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Plan:
        names = [response.id for response in self.responses]
        double = next((name for name in names if names.count(name) > 1), None)
        if double is not None:
            raise ValueError(f"two responses are called '{double}'")
        return self


_PARTS: dict[str, type[BaseModel]] = {
    "assumptions": Assumptions,
    "responses": Response,
    "level": Level,
    "source": Source,
    **dict.fromkeys(("budget", "false_alarms", "least_effect"), Stated),
    **dict.fromkeys(Assumptions.model_fields, Stated),
}


def shipped_text() -> str:
    """Return the file that riskgen ships, to be copied and changed."""
    file = resources.files("riskgen.evaluate.response").joinpath("responses.yaml")
    return file.read_text(encoding="utf-8")


def read_plan(path: Path | None = None) -> Plan:
    """Read a file of responses, the shipped one when None; RiskgenError in one line."""
    if path is None:
        return parse_plan(shipped_text(), "responses.yaml")
    return parse_plan(read_text(path), str(path))


def parse_plan(text: str, name: str) -> Plan:
    """Read responses from text; ``name`` is what errors call it."""
    return parsed(text, name, Plan, _PARTS)
