"""Engineered features of whole tables, computed once for each table.

Every arm and kind of detector reads the same histories; working their features out
takes longer than fitting. Knows tables and lenses, neither labels nor detectors.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.evaluate.features.rows import Lens

Matrix = NDArray[np.float32]
Table = tuple[Matrix, list[str]]


class FeatureCache:
    """Remembers the features of a table for as long as somebody holds the table.

    Tables are told apart by identity, not by what is in them; a table is never
    changed once it is made. Not for several threads.
    """

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Events, list[tuple[Lens, Table]]] = WeakKeyDictionary()

    def table(self, events: Events, lens: Lens) -> Table:
        """Return the features of each row and their names; not to be written to."""
        kept = self._known.setdefault(events, [])
        for other, table in kept:
            if other.level == lens.level and other.levels == lens.levels:
                return table
        kept.append((lens, lens.table(events)))
        return kept[-1][1]
