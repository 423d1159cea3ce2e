"""The next day of each of many pasts, as log returns.

Knows prices and generators, not what the draws are used for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from riskgen.data.market.prices import Prices
from riskgen.data.market.returns_encoding import PriceEncoder
from riskgen.data.panel import Floats, SequencePanel
from riskgen.models.beginning import RECENT, Foresight


@dataclass(frozen=True, eq=False)
class PathForesight:
    """A fitted generator that is shown a real past, and its encoder.

    Attributes
    ----------
    generator : Foresight
    encoder : PriceEncoder
        The one that the generator's panel came from.
    prices : Prices
        One unbroken history, learned and later days alike.
    """

    generator: Foresight
    encoder: PriceEncoder
    prices: Prices = field(repr=False)

    def following(self, first: int, n: int, *, seed: int) -> Iterator[Floats]:
        """Yield ``n`` log returns (n, n_assets) that may follow the days before each.

        Parameters
        ----------
        first : int
            Number of the first return of the history that is foreseen; each is foreseen
            from the 250 days before it, or from as many as there are for all.
        n : int
            Draws a day.
        seed : int
            Same seed, same draws.
        """
        values = self.encoder.encode(self.prices).values
        shown = min(RECENT, first)
        pasts = np.lib.stride_tricks.sliding_window_view(values[:-1], shown, axis=0)
        pasts = np.moveaxis(pasts[first - shown :], 2, 1)
        offsets, context = np.arange(n + 1, dtype=np.int64), np.zeros((n, 0))
        for drawn in self.generator.following(pasts, n, seed=seed):
            panel = SequencePanel(self.encoder.layout, drawn, context, offsets)
            yield self.encoder.decode_returns(panel)[:, 0]
