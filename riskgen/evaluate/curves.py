"""Series to draw, safe to show: no point stands on fewer than 11 real entities.

Boundaries are rounded quantiles, the ends are open, so that no single
customer's value, least of all a smallest or largest one, is shown (PROTOCOL C7).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskgen.evaluate.fidelity.tally import HELD_BY, Tally
from riskgen.evaluate.result import Curve

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

POINTS = 60  # points of a distribution function [J]


def distribution(control: Floats, synthetic: Floats, owner: Ints | None = None) -> dict[str, Curve]:
    """Return the two distribution functions at safe boundaries.

    Parameters
    ----------
    control, synthetic : ndarray
        Values, NaN where missing.
    owner : ndarray of shape (n_control,) or None
        Entity of each control value; None when each is an entity's own.
    """
    known = ~np.isnan(control)
    real, made = control[known], synthetic[~np.isnan(synthetic)]
    holder = np.arange(len(control))[known] if owner is None else owner[known]
    edges = safe_edges(real, holder)
    if len(edges) == 0 or len(made) == 0:
        return {}
    x = edges.tolist()
    return {
        "control": {"x": x, "y": _below(real, edges)},
        "synthetic": {"x": x, "y": _below(made, edges)},
    }


def safe_edges(values: Floats, holder: Ints, points: int = POINTS) -> Floats:
    """Return boundaries with values of at least 11 entities in every cell between them."""
    if len(values) == 0:
        return np.zeros(0)
    wanted = np.unique(rounded(np.quantile(values, np.linspace(0, 1, points + 1)[1:-1])))
    cell = np.searchsorted(wanted, values, side="left")
    pairs = np.unique(np.stack([cell, holder]), axis=1)
    kept: list[float] = []
    inside: set[int] = set()
    starts = np.searchsorted(pairs[0], np.arange(len(wanted) + 2))
    for i, edge in enumerate(wanted):
        inside.update(pairs[1, starts[i] : starts[i + 1]].tolist())
        if len(inside) >= HELD_BY:
            kept.append(float(edge))
            inside = set()
    # The open last cell must be large enough too, else it joins the one before it.
    beyond = len(np.unique(holder[values > kept[-1]])) if kept else 0
    return np.array(kept if beyond >= HELD_BY else kept[:-1])


def bars(control: Tally, synthetic: Tally, levels: list[str], most: int = 20) -> dict[str, Curve]:
    """Return shares of the levels that at least 11 control entities hold; rest as ``(other)``."""
    holders = np.asarray((control.cells > 0).sum(axis=0)).ravel()
    real, made = control.total(), synthetic.total()
    order = np.argsort(-real, kind="stable")
    shown = [int(i) for i in order if holders[i] >= HELD_BY][:most]
    names = [*(levels[i] for i in shown), "(other)"]
    return {
        "control": {"x": names, "y": _shares(real, shown)},
        "synthetic": {"x": names, "y": _shares(made, shown)},
    }


def rounded(values: Floats, digits: int = 3) -> Floats:
    """Return numbers rounded to significant digits."""
    size = np.where(values == 0, 1.0, np.abs(values))
    factor = 10.0 ** (digits - 1 - np.floor(np.log10(size)))
    return np.asarray(np.round(values * factor) / factor)


def _below(values: Floats, edges: Floats) -> list[float]:
    below = np.searchsorted(np.sort(values), edges, side="right") / len(values)
    return [float(share) for share in below.round(5)]


def _shares(counts: Floats, shown: list[int]) -> list[float]:
    total = max(float(counts.sum()), 1.0)
    parts = [float(counts[i]) / total for i in shown]
    return [round(part, 5) for part in [*parts, max(0.0, 1.0 - sum(parts))]]
