"""GARCH as a generator: fit, sample, store.

Learns continuous market paths only. Its state holds the residuals and variances
of every training day: market data, nobody's person, but data all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import asdict, replace
from typing import Any, ClassVar, Self

import numpy as np

from riskgen.data.panel import Floats, Layout, SequencePanel
from riskgen.errors import NotFittedError, TrainingError
from riskgen.models.base import Condition, OnCheckpoint, OnStep, State
from riskgen.models.beginning import checked_quantile
from riskgen.models.condition import checked_condition, checked_length
from riskgen.models.domain import MARKET, Domain, check_learns
from riskgen.models.garch.config import GarchConfig
from riskgen.models.garch.fitting import fit_paths
from riskgen.models.garch.shocks import FilteredShocks
from riskgen.models.garch.simulator import Simulator
from riskgen.models.tilting import Picks
from riskgen.seeding import stream

DEFAULT_PATH = 60
"""Steps of a path when none are asked for: about a quarter of trading days [J]."""

MOST_PATHS, FEWEST_PATHS, MOST_CELLS = 256, 16, 25_600
"""Paths in a chunk: 256 up to 100 assets, fewer beyond, so that a chunk of a
trading year stays near 50 MB [J]."""


class Garch:
    """GARCH(1,1)-t or GJR-GARCH(1,1,1)-t of each asset, driven by whole days of residuals.

    ``report`` tells, after :meth:`fit`, each asset's coefficients and every fallback.

    Parameters
    ----------
    **options
        Fields of :class:`GarchConfig`.
    """

    key: ClassVar[str] = "garch"
    learns: ClassVar[frozenset[Domain]] = MARKET

    def __init__(self, **options: Any) -> None:
        self.config = GarchConfig(**options)
        self.report: dict[str, Any] = {}
        self._layout: Layout | None = None
        self._simulator: Simulator | None = None

    @property
    def chunk(self) -> int:
        """Sequences in a chunk."""
        n_assets = len(self._fitted()[0].fields)
        return min(MOST_PATHS, max(FEWEST_PATHS, MOST_CELLS // n_assets))

    def fit(
        self,
        panel: SequencePanel,
        *,
        seed: int,
        on_step: OnStep | None = None,
        on_checkpoint: OnCheckpoint | None = None,
        resume: State | None = None,
    ) -> Self:
        """Learn ``panel``; nothing is random and nothing takes long enough to resume.

        Raises
        ------
        TrainingError
            When the panel is no market path, or has too few days.
        """
        del seed, on_checkpoint, resume
        check_learns(self.key, self.learns, panel.layout)
        _check_panel(panel, self.config)
        found = fit_paths(panel, self.config, on_step or (lambda report: None))
        self._layout, self._simulator, self.report = panel.layout, found.simulator, found.report
        return self

    def sample_chunk(
        self,
        index: int,
        *,
        seed: int,
        condition: Condition | None = None,
        length: int | None = None,
    ) -> SequencePanel:
        """Draw chunk number ``index``; see :class:`Generator`.

        Paths begin in the variances of a day of history, drawn at random.
        """
        layout, simulator = self._fitted()
        checked_condition(layout, condition)
        steps = checked_length(layout, length, DEFAULT_PATH)
        assert steps is not None, "a market path has no length of its own"
        rng = stream(seed, "sample", self.key, index)
        if simulator.chances is not None:
            return self._paths(simulator.draw_told(self.chunk, steps, rng)[0])
        return self._paths(simulator.draw(self.chunk, steps, rng))

    def after(self, recent: SequencePanel) -> Self:
        """Return the same; its paths go on from the filtered variance of one sequence."""
        return self._beginning(self._fitted()[1].after(recent.values))

    def following(self, pasts: Floats, n: int, *, seed: int) -> Iterator[Floats]:
        """Yield ``n`` rows that may follow each past; see :class:`Foresight`."""
        simulator = self._fitted()[1]
        for day, start in enumerate(simulator.starts_after(pasts)):
            rng = stream(seed, "following", self.key, day)
            yield replace(simulator, start=start[None]).draw(n, 1, rng)[:, 0]

    def within(self, quantile: float) -> Self:
        """Return the same; its paths begin on days above a quantile of volatility."""
        return self._beginning(self._fitted()[1].within(checked_quantile(quantile)))

    @property
    def tilts(self) -> bool:
        """Whether days of residuals are drawn, whose chances can be tilted."""
        return isinstance(self._fitted()[1].shocks, FilteredShocks)

    def choices(self) -> Floats:
        """Return what each day of residuals brings; see :class:`Tilting`."""
        return self._fitted()[1].days()

    def reach(self, daily: Floats) -> Floats:
        """Return the score itself: a day is drawn by itself."""
        return daily

    def tilted(self, chances: Floats) -> Self:
        """Return the same, driven by days that are drawn with ``chances``."""
        return self._beginning(replace(self._fitted()[1], chances=chances))

    def sample_told(self, index: int, *, seed: int, length: int) -> tuple[SequencePanel, Picks]:
        """Draw a chunk of paths, and tell the days that drive them; see :class:`Tilting`."""
        rng = stream(seed, "sample", self.key, index)
        values, picks = self._fitted()[1].draw_told(self.chunk, length, rng)
        return self._paths(values), picks

    def _paths(self, values: Floats) -> SequencePanel:
        layout, steps = self._fitted()[0], values.shape[1]
        offsets = np.arange(self.chunk + 1, dtype=np.int64) * steps
        flat = values.reshape(-1, len(layout.fields))
        return SequencePanel(layout, flat, np.zeros((self.chunk, 0)), offsets)

    def _beginning(self, simulator: Simulator) -> Self:
        other = copy(self)
        other._simulator = simulator
        return other

    def state(self) -> State:
        """Return coefficients, variances and what drives them."""
        _, simulator = self._fitted()
        config = {"generator": self.key, "options": asdict(self.config), "report": self.report}
        return State(config, simulator.arrays())

    @classmethod
    def from_state(cls, state: State, layout: Layout) -> Self:
        """Return the generator that ``state`` was taken from."""
        generator = cls(**state.config["options"])
        generator.report = state.config["report"]
        generator._layout, generator._simulator = layout, Simulator.from_arrays(state.tensors)
        return generator

    def _fitted(self) -> tuple[Layout, Simulator]:
        if self._layout is None or self._simulator is None:
            raise NotFittedError("GARCH has not been fitted yet. Run 'riskgen fit' first.")
        return self._layout, self._simulator


def _check_panel(panel: SequencePanel, config: GarchConfig) -> None:
    layout = panel.layout
    levels = sum(item.levels > 0 for item in layout.fields)
    if levels or layout.context_fields or not layout.fields:
        raise TrainingError(
            f"Generator 'garch' learns numbers only. Found {levels} of {len(layout.fields)} fields "
            f"with levels and {len(layout.context_fields)} context fields. Take 'timegan' or "
            "'bootstrap', which learn both."
        )
    days = len(panel.values)
    if days < config.fewest_days:
        raise TrainingError(
            f"The training part of the history is too short for GARCH: {days} days, where "
            f"fewest_days is {config.fewest_days} (500 after Hwang and Valls Pereira 2006). "
            "Use a longer history or 'bootstrap', or lower fewest_days and take "
            "innovations='student'."
        )
