"""Policies: one response at one level, or two of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.response.plan import Action, Plan, Response

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

# The stronger goes before the weaker where two responses act on one event.
ACTIONS: tuple[Action, ...] = ("alert", "hold", "step_up", "decline", "block")
ALERT, HOLD, STEP_UP, DECLINE, BLOCK = range(1, len(ACTIONS) + 1)
_WORDS = {
    "alert": "alert above",
    "hold": "hold above",
    "step_up": "step-up above",
    "decline": "decline above",
    "block": "block above",
}


@dataclass(frozen=True)
class Rule:
    """A response at one level."""

    response: Response
    level: float

    @property
    def name(self) -> str:
        """Short and exact, for tables."""
        return f"{self.response.id} > {self.level:g}"

    def sentence(self) -> str:
        """Say what is done from where on."""
        unit = {"step_up": "log-odds ", "alert": "log-odds "}.get(self.response.kind, "")
        return f"{self.response.title} ({_WORDS[self.response.does]} {unit}{self.level:g})"


@dataclass(frozen=True)
class Policy:
    """What is done together: one rule or two."""

    rules: tuple[Rule, ...]

    @property
    def name(self) -> str:
        """Short and exact: the names of the rules."""
        return " + ".join(rule.name for rule in self.rules)

    def sentence(self) -> str:
        """Say in words what is done."""
        return "; ".join(rule.sentence() for rule in self.rules)


def singles(plan: Plan, levels: Mapping[str, Sequence[float]]) -> list[Policy]:
    """Return every response at each of its levels; those without levels are left out."""
    return [
        Policy((Rule(response, level),))
        for response in plan.responses
        for level in levels.get(response.id, ())
    ]


def pairs(policies: Sequence[Policy]) -> list[Policy]:
    """Return every two of single policies that are not the same response."""
    return [
        Policy((*one.rules, *other.rules))
        for one, other in combinations(policies, 2)
        if one.rules[0].response.id != other.rules[0].response.id
    ]


def decided(policies: Sequence[Policy], values: Mapping[str, Floats]) -> Codes:
    """Return what each policy does with each event, shape (n_policies, n_events); 0 lets it pass.

    Parameters
    ----------
    policies : sequence of Policy
    values : mapping of response to ndarray of shape (n_events,)
        What each response sees; causal, hence so is what is decided.
    """
    n_events = len(next(iter(values.values()))) if values else 0
    codes = np.zeros((len(policies), n_events), dtype=np.int8)
    for place, policy in enumerate(policies):
        for rule in policy.rules:
            code = np.int8(1 + ACTIONS.index(rule.response.does))
            acts = values[rule.response.id] > rule.level
            np.maximum(codes[place], code, out=codes[place], where=acts)
    return codes
