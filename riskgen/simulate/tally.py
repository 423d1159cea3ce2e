"""What a stressed simulation came to, added up part by part.

Memory grows with entities, not with events. The result is what
``simulation.json`` says beside the numbers of rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskgen.data.events import Events
from riskgen.simulate.assertions import Statistic, ask, summaries
from riskgen.simulate.behaviour import entity_behaviour, weekdays
from riskgen.simulate.mechanisms.accounts import Accounts, Floats
from riskgen.simulate.mechanisms.stressed import Stressed, achieved
from riskgen.simulate.mechanisms.validity import same_untouched, violations
from riskgen.simulate.plausibility import plausibility
from riskgen.simulate.scenario import StressScenario
from riskgen.simulate.severity_curve import ENOUGH, SeverityCurve


@dataclass(eq=False)
class Tally:
    """Adds up parts of one simulation under one scenario.

    Attributes
    ----------
    scenario : StressScenario
        What was applied.
    severity : float
        How badly.
    seed : int
        Seed of the simulation.
    share : float or None
        Share of entities in place of the file's.
    """

    scenario: StressScenario
    severity: float
    seed: int
    share: float | None = None
    counts: dict[str, int] = field(default_factory=dict)
    requested: dict[str, float] = field(default_factory=dict)
    omitted: list[str] = field(default_factory=list)
    curve: SeverityCurve = field(default_factory=SeverityCurve)
    untouched_equal: bool = True
    _by_entity: list[dict[str, Floats]] = field(default_factory=list, repr=False)
    _features: list[tuple[Floats, Floats]] = field(default_factory=list, repr=False)
    _names: list[str] = field(default_factory=list, repr=False)
    _weekdays: list[Floats] = field(default_factory=lambda: [np.zeros(7), np.zeros(7)], repr=False)

    def add(self, base: Events, stressed: Stressed) -> None:
        """Take note of one part."""
        self._count("n_entities", base.n_entities)
        self._count("n_touched", int(stressed.touched.sum()))
        self._count("n_affected", int(stressed.affected.sum()))
        self._count("n_declined", stressed.n_declined)
        self._count("validity_violations", violations(base, stressed))
        self.untouched_equal &= same_untouched(base, stressed)
        self.requested.update(stressed.requested)
        self.omitted += [reason for reason in stressed.omitted if reason not in self.omitted]
        self._by_entity.append(stressed.by_entity)
        self._weekdays[0] += weekdays(base.seconds())
        self._weekdays[1] += weekdays(stressed.events.seconds())
        if base.n_events:
            self._compare(base, stressed)
        if self.severity > 0 and self.curve.n_entities < ENOUGH:
            self.curve.add(base, self.scenario, seed=self.seed)

    def facts(self) -> dict[str, Any]:
        """Return requested and achieved, assertions and plausibility, as JSON values."""
        by_entity = self.by_entity()
        reached = achieved(self.requested, by_entity)
        return {
            "scenario": self.scenario.id,
            "severity": self.severity,
            "seed": self.seed,
            "mechanism": self.scenario.mechanism,
            "hypothetical": self.scenario.hypothetical,
            "source_ledger": self.scenario.source_ledger(),
            **self.counts,
            "requested": self.requested,
            "achieved": reached,
            "omitted": self.omitted,
            "severity_curve": self.curve.facts(),
            "assertions": ask(self.scenario, self.severity, self.statistics()),
            "plausibility": self._plausibility(),
        }

    def by_entity(self) -> dict[str, Floats]:
        """Return what each touched entity of all parts got."""
        parts = [part for part in self._by_entity if part]
        names = parts[0] if parts else {}
        return {name: np.concatenate([part[name] for part in parts]) for name in names}

    def statistics(self) -> dict[str, Statistic]:
        """Return the statistics that assertions may ask for."""
        before, after = (count / max(count.sum(), 1.0) for count in self._weekdays)
        return {
            **summaries(self.by_entity()),
            "spearman(severity, n_24h)": self.curve.monotone(),
            "untouched_entities.hash_equal_base": self.untouched_equal,
            "weekday_hist_tv": float(np.abs(before - after).sum() / 2),
            "validity_violations": float(self.counts.get("validity_violations", 0)),
        }

    def _count(self, name: str, number: int) -> None:
        self.counts[name] = self.counts.get(name, 0) + number

    def _compare(self, base: Events, stressed: Stressed) -> None:
        wanted = self.scenario.plausibility.features
        values, self._names = entity_behaviour(Accounts.of(base), wanted)
        moved = np.zeros((0, values.shape[1]))
        touched = np.flatnonzero(stressed.touched)
        if len(touched):
            moved, _ = entity_behaviour(Accounts.of(stressed.events.take(touched)), wanted)
        self._features.append((values, moved))

    def _plausibility(self) -> dict[str, Any]:
        if not self._features:
            return {"status": "NOT_APPLICABLE", "reason": "no events"}
        base, moved = (np.concatenate(part) for part in zip(*self._features, strict=True))
        limit = self.scenario.plausibility.max_quantile
        return plausibility(base, moved, self._names, quantile=limit)
