"""Log returns as a panel, and a panel as log returns again.

Knows prices and panels, not generators. Tails are never clipped: they are
what the simulation is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from riskgen.data.affine import affine_copies
from riskgen.data.market.paths import PathStart, path_dates, paths_frame, to_prices
from riskgen.data.market.prices import Floats, Prices
from riskgen.data.panel import Field, Layout, SequencePanel

__all__ = ["PathStart", "PriceEncoder", "path_dates", "paths_frame", "to_prices"]

# Interquartile range of the normal distribution in standard deviations.
NORMAL_IQR = 1.3489795003921634


@dataclass(frozen=True, eq=False)
class PriceEncoder:
    """Standardises the log returns of each asset and drops exact copies.

    The scale is the interquartile range in normal units, so that crises in the
    training days do not shrink ordinary days; the standard deviation where more
    than half of the returns are equal.

    Attributes
    ----------
    assets : tuple of str
        All assets, in table order.
    modelled : tuple of int
        Assets that are fields of the layout.
    centre, scale : ndarray of shape (n_modelled,)
        Median and scale of each modelled asset's log returns.
    source : ndarray of shape (n_assets,), int64
        Field from which each asset is re-created.
    slope, intercept : ndarray of shape (n_assets,)
        Log return = intercept + slope × log return of the source's asset.
    """

    assets: tuple[str, ...]
    modelled: tuple[int, ...]
    centre: Floats = field(repr=False)
    scale: Floats = field(repr=False)
    source: NDArray[np.int64] = field(repr=False)
    slope: Floats = field(repr=False)
    intercept: Floats = field(repr=False)

    @classmethod
    def fit(cls, prices: Prices) -> Self:
        """Learn scales and copies from the generator's days; n = 1 return is allowed."""
        returns = prices.log_returns()
        modelled, source, slope, intercept = affine_copies(returns)
        kept = returns[:, modelled]
        return cls(
            prices.assets,
            tuple(modelled),
            np.median(kept, axis=0),
            _scale(kept),
            source,
            slope,
            intercept,
        )

    @property
    def layout(self) -> Layout:
        """One continuous field for each modelled asset, no context and no clock."""
        fields = tuple(Field(self.assets[i], levels=0) for i in self.modelled)
        return Layout(fields=fields, context_fields=())

    def encode(self, prices: Prices) -> SequencePanel:
        """Return one sequence of standardised log returns for each segment."""
        parts = prices.segment_returns()
        values = np.concatenate(parts)[:, list(self.modelled)]
        offsets = np.cumsum([0, *(len(part) for part in parts)]).astype(np.int64)
        context = np.zeros((len(parts), 0))
        return SequencePanel(self.layout, (values - self.centre) / self.scale, context, offsets)

    def decode_returns(self, panel: SequencePanel) -> Floats:
        """Return log returns of shape (n_paths, horizon, n_assets).

        All sequences of ``panel`` must have the same length.
        """
        lengths = panel.lengths
        assert bool((lengths == lengths[0]).all()), "paths of different lengths"
        kept = panel.values * self.scale + self.centre
        returns = self.intercept + self.slope * kept[:, self.source]
        return returns.reshape(panel.n_sequences, int(lengths[0]), len(self.assets))

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        return {
            "assets": list(self.assets),
            "modelled": list(self.modelled),
            "centre": self.centre.tolist(),
            "scale": self.scale.tolist(),
            "source": self.source.tolist(),
            "slope": self.slope.tolist(),
            "intercept": self.intercept.tolist(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the encoder that ``state`` was taken from."""
        return cls(
            tuple(state["assets"]),
            tuple(state["modelled"]),
            np.array(state["centre"], dtype=np.float64),
            np.array(state["scale"], dtype=np.float64),
            np.array(state["source"], dtype=np.int64),
            np.array(state["slope"], dtype=np.float64),
            np.array(state["intercept"], dtype=np.float64),
        )


def _scale(returns: Floats) -> Floats:
    quartiles = np.quantile(returns, [0.25, 0.75], axis=0)
    robust = (quartiles[1] - quartiles[0]) / NORMAL_IQR
    spread = returns.std(axis=0)
    scale = np.where(robust > 0, robust, spread)
    return np.where(scale > 0, scale, 1.0)  # constant on the generator's days
