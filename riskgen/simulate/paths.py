"""Draw market paths from a fitted generator, part by part.

Parts follow the generator's chunks, as those of events do. Knows no files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from riskgen.data.market.returns_encoding import PriceEncoder
from riskgen.data.panel import SequencePanel
from riskgen.models.base import Generator
from riskgen.simulate.engine import chunks_within
from riskgen.simulate.mechanisms.accounts import Floats
from riskgen.simulate.mechanisms.markets.stressed_paths import stress_paths
from riskgen.simulate.scenario import StressScenario


@dataclass(frozen=True, eq=False)
class PathPart:
    """Some of the simulated market paths.

    Attributes
    ----------
    first : int
        Number of the first path in the whole simulation.
    base : ndarray of shape (n_paths, horizon, n_assets)
        Log returns as drawn.
    returns : ndarray of shape (n_paths, horizon, n_assets)
        What the simulation puts out; the base itself without a scenario.
    weight : ndarray of shape (n_paths,) or None
        How much each path counts, 1 on average; None where all count alike.
    """

    first: int
    base: Floats = field(repr=False)
    returns: Floats = field(repr=False)
    weight: Floats | None = field(default=None, repr=False)

    def __len__(self) -> int:
        """Return the number of paths."""
        return len(self.base)


@dataclass(frozen=True, eq=False)
class PathSimulator:
    """A fitted generator and its encoder, drawing market paths.

    Attributes
    ----------
    generator : Generator
        Fitted on windows of one path.
    encoder : PriceEncoder
        The one that the generator's panel came from.
    """

    generator: Generator
    encoder: PriceEncoder

    def draw(self, n: int, *, seed: int, horizon: int) -> Floats:
        """Return log returns of the first ``n`` paths, shape (n, horizon, n_assets)."""
        parts = self.parts(n, seed=seed, horizon=horizon)
        return np.concatenate([part.base for part in parts])

    def parts(
        self,
        n: int,
        *,
        seed: int,
        horizon: int,
        scenario: StressScenario | None = None,
        severity: float = 0.0,
        chunks: range | None = None,
        weigh: Callable[[Floats], Floats] | None = None,
    ) -> Iterator[PathPart]:
        """Yield the first ``n`` paths, a chunk of the generator at a time.

        ``chunks`` asks for some of them only, as for :func:`event_parts`; ``weigh``
        tells the weight of each path from its log returns.
        """
        size = self.generator.chunk
        for index in chunks_within(n, size, chunks):
            first = index * size
            base = self._chunk(index, seed, horizon)
            stressed = base
            if scenario is not None:
                stressed = stress_paths(
                    base,
                    scenario,
                    severity=severity,
                    seed=seed,
                    first=first,
                    assets=self.encoder.assets,
                )
            keep = min(size, n - first)
            weight = None if weigh is None else weigh(stressed)[:keep]
            yield PathPart(first, base[:keep], stressed[:keep], weight)

    def _chunk(self, index: int, seed: int, horizon: int) -> Floats:
        panel: SequencePanel = self.generator.sample_chunk(index, seed=seed, length=horizon)
        return self.encoder.decode_returns(panel)
