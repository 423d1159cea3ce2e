"""Whether numbers stay near what they were, on a scale that amounts are felt on.

A codec's question; it knows no column.
"""

from __future__ import annotations

import numpy as np

from riskgen.data.codecs.disclosure import Floats, Ints

LEAST = 0.5
"""Correlation with the value before from which numbers persist [J]."""

UNIT = 0.01
"""Part of a typical size that counts as nothing on the logarithmic scale [J]."""


def signed_log(values: Floats, typical: Floats) -> Floats:
    """Return ``values`` on a logarithmic scale that keeps the sign; NaN stays.

    Parameters
    ----------
    values : ndarray of any shape
    typical : ndarray of any shape
        Their median size, not 0, sets the unit.
    """
    sizes = np.abs(typical)
    known = sizes[np.isfinite(sizes) & (sizes > 0)]
    unit = UNIT * float(np.median(known)) if len(known) else 1.0
    return np.asarray(np.sign(values) * np.log1p(np.abs(values) / unit))


def persists(values: Floats, owners: Ints) -> bool:
    """Whether numbers ``values`` (n,) stay near the one before of the same entity (n,)."""
    scaled = signed_log(values, values)
    usable = (owners[1:] == owners[:-1]) & np.isfinite(scaled[1:]) & np.isfinite(scaled[:-1])
    now, before = scaled[1:][usable], scaled[:-1][usable]
    if len(now) < 3 or now.std() == 0 or before.std() == 0:
        return False
    return float(np.corrcoef(now, before)[0, 1]) >= LEAST
