"""A question as it is registered before the test is read: the utility plan, and what differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from riskgen.data.split import Split
from riskgen.evaluate.utility.plan import Plan
from riskgen.simulate.scenario import StressScenario

Question = Literal["curve", "unseen", "emerging"]
ASKED: dict[Question, str] = {
    "curve": "how many known frauds are simulated ones worth",
    "unseen": "does a scenario find a typology that nobody knows",
    "emerging": "does a scenario find a typology of which a few cases are known",
}


@dataclass(frozen=True)
class Asked:
    """One question as registered.

    Attributes
    ----------
    question : str
    plan : Plan
        Budget, seed, resamples and hashes as of the utility experiment; ``runs`` counts
        the draws of customers.
    details : mapping
        JSON values: sizes, or typologies and their scenarios.
    """

    question: Question
    plan: Plan
    details: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return everything that was decided, as JSON values."""
        return {**self.plan.to_json(), "question": ASKED[self.question], **self.details}

    @property
    def sha256(self) -> str:
        """The hash that is written down before the test is looked at."""
        text = json.dumps(self.to_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def fitted_to(plan: Plan, split: Split, scenarios: Sequence[StressScenario]) -> Plan:
    """Return a plan whose ratios suit the frauds that a smaller split knows."""
    own = Plan.of(split, scenarios, seed=plan.seed, quick=plan.quick, budget=plan.budget)
    return replace(plan, ratios=own.ratios)
