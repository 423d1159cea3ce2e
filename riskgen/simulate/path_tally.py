"""What a stressed market simulation came to, added up part by part.

Memory does not grow with the simulation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskgen.simulate.assertions import Statistic, ask, summaries
from riskgen.simulate.behaviour import clustering, max_drawdown, path_behaviour
from riskgen.simulate.mechanisms.accounts import Ints
from riskgen.simulate.mechanisms.markets.stressed_paths import (
    levels_of,
    measure_moments,
    measure_shape,
    omitted,
    profiles,
    requested,
    targets,
)
from riskgen.simulate.path_collateral import PathCollateral, watched
from riskgen.simulate.path_curve import path_curve
from riskgen.simulate.paths import PathPart
from riskgen.simulate.plausibility import plausibility
from riskgen.simulate.sampled import Profiles, Sampled, Totals, keys_at, sample_facts
from riskgen.simulate.scenario import StressScenario
from riskgen.simulate.severity_curve import FEWEST

DRAWDOWN, EARLY, GAINED = "max_drawdown", "max_drawdown_30d", "acf_abs_minus_base"
EARLY_DAYS = 30


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
    first : int
        Position of the first path in the whole simulation.
    assets : tuple of str
        Names of the columns of the paths.
    others : tuple of StressScenario
        That happen to the same paths.
    draws_curve : bool
        Whether to turn the dial; once is enough for all severities of a grid.
    """

    scenario: StressScenario
    severity: float
    seed: int
    first: int = 0
    assets: tuple[str, ...] = ()
    others: tuple[StressScenario, ...] = ()
    draws_curve: bool = True
    n_paths: int = 0
    horizon: int = 0
    n_invalid: int = 0
    curve: dict[str, object] = field(default_factory=dict)
    collateral: PathCollateral = field(init=False, repr=False)
    _lost: Totals = field(default_factory=Totals, repr=False)
    _gained: Totals = field(default_factory=Totals, repr=False)
    _reached: Totals = field(default_factory=Totals, repr=False)
    _shape: Profiles = field(default_factory=Profiles, repr=False)
    _drawdowns: Sampled = field(default_factory=Sampled, repr=False)
    _base: Sampled = field(default_factory=Sampled, repr=False)
    _moved: Sampled = field(default_factory=Sampled, repr=False)

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self.collateral = PathCollateral(self.seed)

    def add(self, part: PathPart, positions: Ints | None = None) -> None:
        """Take note of paths: those that follow the ones already added, or as positioned.

        Parameters
        ----------
        part : PathPart
            Paths at the tally's severity.
        positions : ndarray of shape (n_paths,), int64, or None
            Increasing positions in the whole simulation.
        """
        base, stressed, n = part.base, part.returns, len(part)
        turns = self.draws_curve and self.severity > 0 and self.first == 0
        if turns and self.n_paths == 0:
            self.curve = path_curve(base, self.scenario, seed=self.seed, assets=self.assets)
        if positions is None:
            positions = self.first + self.n_paths + np.arange(n)
        keys = keys_at(self.seed, positions)
        self.n_paths += n
        self.horizon = base.shape[1]
        self.n_invalid += int((~np.isfinite(stressed)).sum())
        self._gained.weigh(GAINED, clustering(stressed) - clustering(base), n)
        if self.severity > 0:
            told = (base, stressed, self.scenario, self.assets, self._levels())
            for name, value in measure_moments(*told).items():
                self._reached.weigh(name, value, n)
            self._shape.add(profiles(*told), n)
            seen, prices = np.flatnonzero(watched(positions)), self._prices(base.shape[2])
            before, after = (paths[seen][:, :, prices] for paths in (base, stressed))
            self.collateral.add(before, after, keys[seen])
        lost, wanted = max_drawdown(stressed), self.scenario.plausibility.features
        early = max_drawdown(stressed[:, :EARLY_DAYS])
        self._lost.add(DRAWDOWN, lost)
        self._lost.add(EARLY, early)
        self._drawdowns.add([DRAWDOWN, EARLY], keys, np.column_stack([lost, early]))
        for sample, returns in ((self._base, base), (self._moved, stressed)):
            values, names = path_behaviour(returns, wanted)
            # A file may ask for no features at all.
            if names:
                sample.add(names, keys, values)

    def merge(self, state: Mapping[str, Any]) -> None:
        """Take over the :meth:`state` of the part that follows those already added."""
        self.n_paths += state["n_paths"]
        self.curve = self.curve or state["curve"]
        self.horizon = state["horizon"]
        self.n_invalid += state["n_invalid"]
        self._shape.merge(Profiles.from_state(state["shape"]))
        self.collateral.merge(state["collateral"])
        for name, totals in self._all_totals().items():
            totals.merge(Totals(state["totals"][name]))
        for name, sample in self._samples().items():
            sample.merge(Sampled.from_state(state["samples"][name]))

    def state(self) -> dict[str, Any]:
        """Return what :meth:`merge` takes, as JSON values."""
        return {
            "n_paths": self.n_paths,
            "curve": self.curve,
            "horizon": self.horizon,
            "n_invalid": self.n_invalid,
            "shape": self._shape.state(),
            "collateral": self.collateral.state(),
            "totals": {name: totals.found for name, totals in self._all_totals().items()},
            "samples": {name: sample.state() for name, sample in self._samples().items()},
        }

    def facts(self) -> dict[str, Any]:
        """Return requested and achieved, assertions and plausibility, as JSON values."""
        base, moved, names = self._base.rows, self._moved.rows, list(self._base.names)
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
            "omitted": omitted(self.scenario, self.assets),
            "severity_curve": self.curve,
            "assertions": ask(self.scenario, self.severity, self.statistics()),
            "collateral": self.collateral.facts(self._targets(), self._names()),
            "plausibility": plausibility(base, moved, names, quantile=limit),
            **sample_facts("Medians and plausibility", {"paths": self._base}),
        }

    def medians(self) -> dict[str, float]:
        """Return the median of each path feature under the stress."""
        columns = self._moved.columns()
        return {name: float(np.median(values)) for name, values in columns.items()}

    def achieved(self) -> dict[str, float]:
        """Return what was reached, parts weighted by their paths; empty at severity 0."""
        if self.severity == 0.0:
            return {}
        found = self._measured()
        return {name: found[name] for name in self.scenario.parameters if name in found}

    def statistics(self) -> dict[str, Statistic]:
        """Return the statistics that assertions may ask for: among them what was measured.

        The drawdown counts only where the horizon holds the whole scenario, and
        clustering where it is at its full for as long as it took to rise;
        neither with fewer than 30 paths.
        """
        enough = self.n_paths >= FEWEST
        whole = enough and self.horizon >= (self.scenario.window.duration_d or 0)
        nothing = {name: np.zeros(0) for name in (DRAWDOWN, EARLY)}
        drawdowns = self._drawdowns.columns() if whole else nothing
        rise = self.scenario.parameters.get("rise_d")
        full = enough and self.horizon >= 2 * (0.0 if rise is None else rise.at1)
        return {
            **(self._measured() if enough and self.severity > 0 else {}),
            **summaries(drawdowns),
            **(self._lost.summaries() if whole else {}),
            GAINED: self._gained.mean(GAINED) if full else None,
            "collateral.worst_ratio": self.collateral.worst(self._targets()) if enough else None,
            "validity_violations": float(self.n_invalid),
        }

    def _targets(self) -> frozenset[str]:
        return targets((self.scenario, *self.others), self.severity)

    def _levels(self) -> frozenset[int]:
        return levels_of((self.scenario, *self.others), self.assets)

    def _prices(self, n_assets: int) -> list[int]:
        levels = self._levels()
        return [column for column in range(n_assets) if column not in levels]

    def _names(self) -> list[str]:
        return [self.assets[column] for column in self._prices(len(self.assets))]

    def _measured(self) -> dict[str, float]:
        moments = {name: self._reached.mean(name) for name in self._reached.found}
        known = {name: mean for name, mean in moments.items() if mean is not None}
        return known | measure_shape(self._shape.means(), self.scenario)

    def _all_totals(self) -> dict[str, Totals]:
        return {"lost": self._lost, "gained": self._gained, "reached": self._reached}

    def _samples(self) -> dict[str, Sampled]:
        return {"drawdowns": self._drawdowns, "base": self._base, "moved": self._moved}
