"""What a reweighted market simulation came to, added up part by part.

Memory does not grow with the simulation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskgen.simulate.assertions import Statistic, ask
from riskgen.simulate.mechanisms.accounts import Floats, Ints
from riskgen.simulate.paths import PathPart
from riskgen.simulate.reweighting.effective import Effective
from riskgen.simulate.reweighting.reweighting import Reweighting
from riskgen.simulate.reweighting.statistics import label
from riskgen.simulate.reweighting.views import reached
from riskgen.simulate.sampled import packed, unpacked


@dataclass(eq=False)
class WeightTally:
    """Adds up parts of one simulation whose paths carry weights.

    Attributes
    ----------
    reweighting : Reweighting
        What the weights come from.
    severity : float
        How badly.
    seed : int
        Seed of the simulation.
    """

    reweighting: Reweighting
    severity: float
    seed: int
    horizon: int = 0
    n_invalid: int = 0
    _weights: list[Floats] = field(default_factory=list, repr=False)
    _views: dict[str, list[tuple[float, float]]] = field(default_factory=dict, repr=False)

    def add(self, part: PathPart, positions: Ints | None = None) -> None:
        """Take note of the paths that follow; their positions do not matter."""
        del positions
        assert part.weight is not None
        returns, weights = part.returns, part.weight
        self.horizon = returns.shape[1]
        self.n_invalid += int((~np.isfinite(returns)).sum())
        self._weights.append(weights)
        total = float(weights.sum())
        if total == 0.0:
            return
        for view in self.reweighting.scenario.views:
            if label(view) in self.reweighting.asked:
                value = reached(returns, weights, view, self.reweighting.market)
                self._views.setdefault(label(view), []).append((value, total))

    def merge(self, state: Mapping[str, Any]) -> None:
        """Take over the :meth:`state` of the part that follows those already added."""
        self.horizon = state["horizon"]
        self.n_invalid += state["n_invalid"]
        self._weights.append(unpacked(state["weights"]))
        for name, found in state["views"].items():
            self._views.setdefault(name, []).extend((value, total) for value, total in found)

    def state(self) -> dict[str, Any]:
        """Return what :meth:`merge` takes, as JSON values."""
        return {
            "horizon": self.horizon,
            "n_invalid": self.n_invalid,
            "weights": packed(np.concatenate(self._weights)),
            "views": {name: [list(pair) for pair in found] for name, found in self._views.items()},
        }

    def facts(self) -> dict[str, Any]:
        """Return requested and achieved, effective numbers and assertions, as JSON values."""
        scenario = self.reweighting.scenario
        weights = np.concatenate(self._weights)
        return {
            "scenario": scenario.id,
            "severity": self.severity,
            "seed": self.seed,
            "mechanism": scenario.mechanism,
            "hypothetical": scenario.hypothetical,
            "source_ledger": scenario.source_ledger(),
            "n_paths": len(weights),
            "horizon": self.horizon,
            "requested": self.reweighting.asked,
            "achieved": self.reweighting.reached,
            "achieved_on_written": self.achieved(),
            "effective": Effective.of(weights).facts() if weights.any() else {},
            "assertions": ask(scenario, self.severity, self.statistics()),
            "plausibility": self.reweighting.facts(),
            "escalation": self.reweighting.escalation,
        }

    def achieved(self) -> dict[str, float]:
        """Return what each view came to on the written paths, mean over parts by weight."""
        return {
            name: float(np.average([v for v, _ in found], weights=[w for _, w in found]))
            for name, found in self._views.items()
        }

    def statistics(self) -> dict[str, Statistic]:
        """Return the statistics that assertions may ask for, on the pool."""
        solved = self.reweighting
        return {
            **solved.reached,
            "view_error": _error(solved.asked, solved.reached),
            "untargeted_ks_ratio": solved.untargeted,
            "kl": solved.kl,
            "kish": solved.pool.kish,
            "validity_violations": float(self.n_invalid),
        }


def _error(asked: dict[str, float], got: dict[str, float]) -> float | None:
    """Return the largest gap between asked and reached, against the size of what was asked."""
    gaps = [abs(got[name] - value) / max(abs(value), 1e-12) for name, value in asked.items()]
    return max(gaps) if gaps else None
