"""What a stressed market simulation came to, added up part by part."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskgen.simulate.assertions import Statistic, ask, summaries
from riskgen.simulate.behaviour import clustering, max_drawdown, path_behaviour
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.mechanisms.markets.credit_crisis import measure_paths, requested
from riskgen.simulate.plausibility import plausibility
from riskgen.simulate.scenario import StressScenario
from riskgen.simulate.severity_curve import FEWEST


@dataclass(eq=False)
class PathTally:
    """Adds up parts of one market simulation under one scenario.

    Attributes
    ----------
    scenario : StressScenario
        What was applied.
    severity : float
        How badly.
    seed : int
        Seed of the simulation.
    """

    scenario: StressScenario
    severity: float
    seed: int
    n_paths: int = 0
    horizon: int = 0
    n_invalid: int = 0
    _reached: list[tuple[int, dict[str, float], float]] = field(default_factory=list, repr=False)
    _drawdowns: list[Floats] = field(default_factory=list, repr=False)
    _features: list[tuple[Floats, Floats]] = field(default_factory=list, repr=False)
    _names: list[str] = field(default_factory=list, repr=False)

    def add(self, base: Floats, stressed: Floats) -> None:
        """Take note of one part: log returns (n_paths, horizon, n_assets) before and after."""
        self.n_paths += len(base)
        self.horizon = base.shape[1]
        self.n_invalid += int((~np.isfinite(stressed)).sum())
        gained = clustering(stressed) - clustering(base)
        self._reached.append((len(base), measure_paths(base, stressed, self.scenario), gained))
        self._drawdowns.append(max_drawdown(stressed))
        wanted = self.scenario.plausibility.features
        before, self._names = path_behaviour(base, wanted)
        self._features.append((before, path_behaviour(stressed, wanted)[0]))

    def facts(self) -> dict[str, Any]:
        """Return requested and achieved, assertions and plausibility, as JSON values."""
        base, moved = (np.concatenate(part) for part in zip(*self._features, strict=True))
        limit = self.scenario.plausibility.max_quantile
        return {
            "scenario": self.scenario.id,
            "severity": self.severity,
            "seed": self.seed,
            "mechanism": self.scenario.mechanism,
            "hypothetical": self.scenario.hypothetical,
            "source_ledger": self.scenario.source_ledger(),
            "n_paths": self.n_paths,
            "horizon": self.horizon,
            "requested": requested(self.scenario, self.severity),
            "achieved": self.achieved(),
            "assertions": ask(self.scenario, self.severity, self.statistics()),
            "plausibility": plausibility(base, moved, self._names, quantile=limit),
        }

    def achieved(self) -> dict[str, float]:
        """Return what was reached, parts weighted by their paths; empty at severity 0."""
        if self.severity == 0.0:
            return {}
        names = self._reached[0][1]
        weights = [n for n, _, _ in self._reached]
        return {
            name: float(np.average([part[name] for _, part, _ in self._reached], weights=weights))
            for name in names
        }

    def statistics(self) -> dict[str, Statistic]:
        """Return the statistics that assertions may ask for.

        The drawdown counts only where the horizon holds the whole scenario, and
        clustering where it is at its full for as long as it took to rise;
        neither with fewer than 30 paths.
        """
        enough = self.n_paths >= FEWEST
        whole = enough and self.horizon >= (self.scenario.window.duration_d or 0)
        drawdowns = np.concatenate(self._drawdowns) if whole else np.zeros(0)
        rise = self.scenario.parameters.get("rise_d")
        full = enough and self.horizon >= 2 * (0.0 if rise is None else rise.at1)
        weights = [n for n, _, _ in self._reached]
        gained = np.average([value for _, _, value in self._reached], weights=weights)
        return {
            **summaries({"max_drawdown": drawdowns}),
            "acf_abs_minus_base": float(gained) if full else None,
            "validity_violations": float(self.n_invalid),
        }
