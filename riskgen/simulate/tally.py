"""What a stressed simulation came to, added up part by part.

Memory does not grow with the simulation. The result is what ``simulation.json``
says beside the numbers of rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskgen.data.events import Events
from riskgen.simulate.assertions import Statistic, ask, summaries
from riskgen.simulate.behaviour import entity_behaviour, weekdays
from riskgen.simulate.collateral import WATCHED, Collateral
from riskgen.simulate.mechanisms.accounts import Accounts, Floats, Ints
from riskgen.simulate.mechanisms.stressed import Stressed, achieved
from riskgen.simulate.mechanisms.transplant.donors import Donors
from riskgen.simulate.mechanisms.validity import same_untouched, violations
from riskgen.simulate.plausibility import plausibility
from riskgen.simulate.sampled import Sampled, Totals, keys_at, sample_facts
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
    first : int
        Position of the first entity in the whole simulation. The curve is
        drawn from the part that begins the simulation alone.
    donors : Donors or None
        Real cases that a transplant works from.
    draws_curve : bool
        Whether to turn the dial; once is enough for all severities of a grid.
    """

    scenario: StressScenario
    severity: float
    seed: int
    share: float | None = None
    first: int = 0
    donors: Donors | None = field(default=None, repr=False)
    draws_curve: bool = True
    counts: dict[str, int] = field(default_factory=dict)
    requested: dict[str, float] = field(default_factory=dict)
    omitted: list[str] = field(default_factory=list)
    curve: SeverityCurve = field(default_factory=SeverityCurve)
    collateral: Collateral = field(default_factory=Collateral)
    untouched_equal: bool = True
    _totals: Totals = field(default_factory=Totals, repr=False)
    _touched: Sampled = field(default_factory=Sampled, repr=False)
    _base: Sampled = field(default_factory=Sampled, repr=False)
    _moved: Sampled = field(default_factory=Sampled, repr=False)
    _weekdays: list[Floats] = field(default_factory=lambda: [np.zeros(7), np.zeros(7)], repr=False)

    def add(self, base: Events, stressed: Stressed, positions: Ints | None = None) -> None:
        """Take note of entities: those that follow the ones already added, or as positioned.

        Parameters
        ----------
        base : Events
            Before.
        stressed : Stressed
            After; the same entities.
        positions : ndarray of shape (n_entities,), int64, or None
            Increasing positions in the whole simulation.
        """
        if positions is None:
            start = self.first + self.counts.get("n_entities", 0)
            positions = start + np.arange(base.n_entities)
        keys = keys_at(self.seed, positions)
        self._count("n_entities", base.n_entities)
        self._count("n_touched", int(stressed.touched.sum()))
        self._count("n_affected", int(stressed.affected.sum()))
        self._count("n_declined", stressed.n_declined)
        self._count("validity_violations", violations(base, stressed))
        self.untouched_equal &= same_untouched(base, stressed)
        self.requested.update(stressed.requested)
        self.omitted += [reason for reason in stressed.omitted if reason not in self.omitted]
        self._measured(stressed.by_entity, keys[stressed.touched])
        self._weekdays[0] += weekdays(base.seconds())
        self._weekdays[1] += weekdays(stressed.events.seconds())
        if base.n_events:
            self._compare(base, stressed, keys)
            if positions[0] < WATCHED:
                self.collateral.add(base, stressed, keys)
        turns = self.draws_curve and self.severity > 0 and self.first == 0
        if turns and self.curve.n_entities < ENOUGH:
            self.curve.add(base, self.scenario, seed=self.seed, donors=self.donors)

    def merge(self, state: Mapping[str, Any]) -> None:
        """Take over the :meth:`state` of the part that follows those already added."""
        for name, number in state["counts"].items():
            self._count(name, number)
        self.untouched_equal &= state["untouched_equal"]
        self.requested.update(state["requested"])
        self.omitted += [reason for reason in state["omitted"] if reason not in self.omitted]
        for have, more in zip(self._weekdays, state["weekdays"], strict=True):
            have += np.array(more)
        self._totals.merge(Totals(state["totals"]))
        for name, sample in self._samples().items():
            sample.merge(Sampled.from_state(state["samples"][name]))
        self.collateral.merge(state["collateral"])
        if state["curve"] is not None:
            self.curve = SeverityCurve.from_state(state["curve"])

    def state(self) -> dict[str, Any]:
        """Return what :meth:`merge` takes, as JSON values."""
        return {
            "counts": self.counts,
            "untouched_equal": self.untouched_equal,
            "requested": self.requested,
            "omitted": self.omitted,
            "weekdays": [days.tolist() for days in self._weekdays],
            "totals": self._totals.found,
            "samples": {name: sample.state() for name, sample in self._samples().items()},
            "collateral": self.collateral.state(),
            "curve": self.curve.state() if self.first == 0 else None,
        }

    def facts(self) -> dict[str, Any]:
        """Return requested and achieved, assertions and plausibility, as JSON values."""
        return {
            "scenario": self.scenario.id,
            "severity": self.severity,
            "seed": self.seed,
            "mechanism": self.scenario.mechanism,
            "hypothetical": self.scenario.hypothetical,
            "source_ledger": self.scenario.source_ledger(),
            **self.counts,
            "requested": self.requested,
            "achieved": achieved(self.requested, self.by_entity()),
            "omitted": self.omitted,
            "severity_curve": self.curve.facts(),
            "assertions": ask(self.scenario, self.severity, self.statistics()),
            "collateral": self.collateral.facts(self.scenario.targets),
            "plausibility": self._plausibility(),
            **self._sampled(),
        }

    def by_entity(self) -> dict[str, Floats]:
        """Return what each touched entity got: all of them, or a sample of 10,000."""
        return self._touched.columns()

    def statistics(self) -> dict[str, Statistic]:
        """Return the statistics that assertions may ask for."""
        before, after = (count / max(count.sum(), 1.0) for count in self._weekdays)
        return {
            **summaries(self.by_entity()),
            **self._totals.summaries(),
            "spearman(severity, n_24h)": self.curve.monotone(),
            "untouched_entities.hash_equal_base": self.untouched_equal,
            "weekday_hist_tv": float(np.abs(before - after).sum() / 2),
            "validity_violations": float(self.counts.get("validity_violations", 0)),
            "collateral.worst_ratio": self.collateral.worst(self.scenario.targets),
        }

    def _count(self, name: str, number: int) -> None:
        self.counts[name] = self.counts.get(name, 0) + number

    def _samples(self) -> dict[str, Sampled]:
        return {"touched": self._touched, "base": self._base, "moved": self._moved}

    def _sampled(self) -> dict[str, Any]:
        what = "What was achieved, medians and plausibility"
        return sample_facts(what, {"sequences": self._base, "touched ones": self._touched})

    def _measured(self, by_entity: Mapping[str, Floats], keys: Floats) -> None:
        if by_entity:
            rows = np.stack(list(by_entity.values()), axis=1)
            self._touched.add(list(by_entity), keys, rows)
        for name, values in by_entity.items():
            self._totals.add(name, values)

    def _compare(self, base: Events, stressed: Stressed, keys: Floats) -> None:
        wanted = self.scenario.plausibility.features
        values, names = entity_behaviour(Accounts.of(base), wanted)
        self._base.add(names, keys, values)
        touched = np.flatnonzero(stressed.touched)
        if len(touched):
            moved, _ = entity_behaviour(Accounts.of(stressed.events.take(touched)), wanted)
            self._moved.add(names, keys[touched], moved)

    def _plausibility(self) -> dict[str, Any]:
        if not self._base.seen:
            return {"status": "NOT_APPLICABLE", "reason": "no events"}
        names, limit = list(self._base.names), self.scenario.plausibility.max_quantile
        moved = self._moved.rows.reshape(-1, len(names))
        return plausibility(self._base.rows, moved, names, quantile=limit)
