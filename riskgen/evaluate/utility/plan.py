"""What is decided before the test is looked at, and its hash: the pre-registration of B3."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from riskgen.data.split import Split
from riskgen.evaluate.detection.cards import cards_a_day
from riskgen.evaluate.detection.exam import Exams
from riskgen.evaluate.features.rows import Lens, Level
from riskgen.evaluate.intervals import detectable_difference
from riskgen.evaluate.thresholds import bands
from riskgen.evaluate.utility.arms import RATIOS
from riskgen.evaluate.utility.recipe import SEVERITIES
from riskgen.simulate.scenario import StressScenario

DRAWS, QUICK_DRAWS = 2_000, 1_000  # resampled test populations (PROTOCOL B3)
BUDGETS: dict[str, float] = {"event": 0.005, "entity": 0.10}  # share alerted [J]; the bank's
QUICK_RATIOS = (5,)
SYNTHETIC = ("S1", "S2", "S3", "S3g", "S4", "S34")
CLAIMS = ("S3", "S4", "S34")
"""Arms that the question is about; validation chooses among them."""


@dataclass(frozen=True)
class Plan:
    """The experiment as registered.

    Attributes
    ----------
    level : str
        ``event`` or ``entity``, where the label sits.
    budget : float
        Share of customers alerted, a day where labels are per event.
    ratios : tuple of int
        Simulated to real fraud customers to choose from.
    scenarios : tuple of str
        What may be put in.
    draws : int
        Resampled test populations.
    seed : int
    runs : int
        Refits of the generator.
    turned : bool
        Whether each run has other customers as its test.
    cards : int
        Customers looked at each day, for card precision.
    groups : tuple of str
        Columns by which customers are told apart.
    quick : bool
        One ratio, gradient boosting only, no other detector.
    n_test, n_test_fraud : int
        Customers of the tests, and those with a fraud inside the window.
    split : dict of str to str
        Hashes of the partitions.
    """

    level: Level
    budget: float
    ratios: tuple[int, ...]
    scenarios: tuple[str, ...]
    draws: int
    seed: int
    runs: int
    turned: bool
    cards: int
    groups: tuple[str, ...]
    quick: bool
    n_test: int
    n_test_fraud: int
    split: Mapping[str, str]

    @classmethod
    def of(
        cls,
        split: Split,
        scenarios: Sequence[StressScenario],
        *,
        seed: int,
        runs: int = 1,
        quick: bool = False,
        budget: float | None = None,
        exams: Exams | None = None,
        groups: Sequence[str] = (),
    ) -> Plan:
        """Return the plan for a table; counts the test's frauds, reads nothing else of it.

        ``exams`` are the tests of all runs, that of ``split`` when None.
        """
        level = Lens.of(split.generator).level
        asked = Exams.of(split) if exams is None else exams
        return cls(
            level,
            BUDGETS[level] if budget is None else budget,
            _ratios(split, quick),
            tuple(scenario.id for scenario in scenarios),
            QUICK_DRAWS if runs == 1 else DRAWS,
            seed,
            runs,
            asked.differ,
            cards_a_day([exam.board for exam in asked.each]),
            tuple(groups),
            quick,
            asked.n_entities,
            asked.n_fraud,
            split.hashes(),
        )

    @property
    def smallest_effect(self) -> float:
        """What is worth having, as a fraction of recall."""
        return bands("utility.effect").green

    @property
    def margin(self) -> float:
        """How much a guard-rail may lose."""
        return bands("utility.margin").green

    @property
    def detectable(self) -> float:
        """The smallest effect that the test can see with 80 % power.

        Where runs have different tests, the two stages of the bootstrap both see what
        the test drew: twice the variance.
        """
        return detectable_difference(self.n_test_fraud) * (2.0**0.5 if self.turned else 1.0)

    def to_json(self) -> dict[str, Any]:
        """Return everything that was decided, as JSON values."""
        return {
            "question": "does simulated data raise recall at the alert budget",
            "arms compared with": ["R0", "R1", "R2", "R3"],
            "arms adjusted together (Holm)": list(SYNTHETIC),
            "primary arm": "of S3, S4 and both the one that validation likes best, else S2",
            "metric": "recall at alert budget",
            "budget": self.budget,
            "level": self.level,
            "ratios": list(self.ratios),
            "severities": list(SEVERITIES),
            "scenarios": list(self.scenarios),
            "smallest effect": self.smallest_effect,
            "margin": self.margin,
            "resamples": self.draws,
            "runs": self.runs,
            "each run has other customers as its test": self.turned,
            "guard-rails": ["average precision", "card precision"],
            "customers looked at each day": self.cards,
            "groups": list(self.groups),
            "quick": self.quick,
            "seed": self.seed,
            "test entities": self.n_test,
            "test fraud entities": self.n_test_fraud,
            "smallest detectable difference": round(self.detectable, 4)
            if self.n_test_fraud
            else None,
            "split": dict(self.split),
        }

    @property
    def sha256(self) -> str:
        """The hash that is written down before the test is looked at."""
        text = json.dumps(self.to_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def _ratios(split: Split, quick: bool) -> tuple[int, ...]:
    """Return the ratios to choose from; simulated frauds never outnumber real customers."""
    n, frauds = split.generator.n_entities, int(split.generator.entity_label().sum())
    kept = tuple(ratio for ratio in (QUICK_RATIOS if quick else RATIOS) if ratio * frauds <= n)
    return kept or (1,)
