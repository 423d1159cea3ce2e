"""Categories with few levels: one level each, rare ones together.

A codec of one column; it knows neither the column's name nor the panel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskgen.data.codecs.disclosure import SMALLEST_GROUP, Floats, Ints, holders

OTHER = "OTHER"  # what levels held by fewer than 11 entities become
MOST_LEVELS = 96  # a category with more goes to the recency codec [J]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Levels: missing (if the fitted column had any), shared texts, OTHER (if any was rare).

    Attributes
    ----------
    texts : tuple of str
        Levels held by at least 11 entities, commonest first.
    missing, other : bool
        Whether there is a level for missing (the first) and rare (the last) values.
    common : int
        Commonest level; what an unseen kind of value becomes.
    """

    texts: tuple[str, ...] = field(repr=False)
    missing: bool
    other: bool
    common: int

    @classmethod
    def fit(cls, codes: Ints, texts: list[str], owners: Ints) -> Vocabulary:
        """Learn levels from ``codes`` (n,) into ``texts``; missing is -1, entities ``owners``."""
        kept = shared_levels(codes, owners, len(texts))[: MOST_LEVELS - 2]
        missing = bool((codes < 0).any())
        other = bool((~np.isin(codes, kept) & (codes >= 0)).any()) or len(codes) == 0
        fitted = cls(tuple(texts[code] for code in kept), missing, other, 0)
        counts = np.bincount(fitted.encode(codes, texts).astype(np.int64), minlength=1)
        return cls(fitted.texts, missing, other, int(counts.argmax()))

    @property
    def levels(self) -> int:
        """Number of levels, at least 1."""
        return int(self.missing) + len(self.texts) + int(self.other)

    def encode(self, codes: Ints, texts: list[str]) -> Floats:
        """Return the level of each code into ``texts``, shape (n,); -1 is missing."""
        places = {text: place + int(self.missing) for place, text in enumerate(self.texts)}
        rare = self.levels - 1 if self.other else self.common
        table = [places.get(text, rare) for text in texts]
        table.append(0 if self.missing else self.common)
        return np.array(table, dtype=np.float64)[codes]

    def decode(self, levels: Ints, other: str | None = OTHER) -> list[str | None]:
        """Return the text of each level, shape (n,); ``other`` stands for rare ones."""
        table: list[str | None] = [None] if self.missing else []
        table.extend(self.texts)
        table.append(other)
        return [table[level] for level in levels]

    def state(self) -> dict[str, Any]:
        """Return JSON values that :meth:`from_state` takes back."""
        return {
            "texts": list(self.texts),
            "missing": self.missing,
            "other": self.other,
            "common": self.common,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Vocabulary:
        """Return the codec that ``state`` was taken from."""
        return cls(tuple(state["texts"]), state["missing"], state["other"], state["common"])


def shared_levels(codes: Ints, owners: Ints, n_levels: int) -> Ints:
    """Return the codes that at least 11 entities hold, commonest in events first."""
    shared = np.flatnonzero(holders(codes, owners, n_levels) >= SMALLEST_GROUP)
    counts = np.bincount(codes[codes >= 0], minlength=n_levels)
    return shared[np.argsort(-counts[shared], kind="stable")]
