"""Column names taken apart into words, so that rules can speak of words.

Knows text only: ``customerID``, ``customer_id`` and ``Customer Id`` are the
words customer and id.
"""

from __future__ import annotations

import re

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def words(name: str) -> tuple[str, ...]:
    """Return the words of a column name, in lower case and in order."""
    return tuple(part.lower() for part in _PARTS.findall(name))


def has_word(name: str, wanted: frozenset[str]) -> bool:
    """Whether one word of the name is among ``wanted``."""
    return not wanted.isdisjoint(words(name))
