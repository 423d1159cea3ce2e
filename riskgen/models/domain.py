"""The three kinds of panel, and the refusal of a generator that does not learn one.

Knows panels, and generators by name only.
"""

from __future__ import annotations

from typing import Literal

from riskgen.data.panel import Layout
from riskgen.errors import TrainingError

Domain = Literal["events", "market", "levels"]

EVENTS: frozenset[Domain] = frozenset({"events"})
MARKET: frozenset[Domain] = frozenset({"market"})
LEVELS: frozenset[Domain] = frozenset({"levels"})
BOTH: frozenset[Domain] = EVENTS | MARKET
EVERY: frozenset[Domain] = BOTH | LEVELS

_NAMES: dict[Domain, str] = {
    "events": "sequences of events that have their own length",
    "market": "paths of numbers at equal steps",
    "levels": "windows of series whose levels are tracked",
}


def domain_of(layout: Layout) -> Domain:
    """Return ``"events"`` where sequences have their own length.

    Paths have none: ``"levels"`` where a tracker feeds levels back and each
    sequence has a start of its own, ``"market"`` where they begin anywhere.
    """
    if layout.context_column("length") is not None:
        return "events"
    return "levels" if layout.trackers else "market"


def check_learns(key: str, learns: frozenset[Domain], layout: Layout) -> None:
    """Raise TrainingError, naming generators that can, unless ``learns`` covers ``layout``."""
    found = domain_of(layout)
    if found not in learns:
        known = " and ".join(_NAMES[domain] for domain in sorted(learns))
        raise TrainingError(
            f"Generator '{key}' learns {known}, but this table holds {_NAMES[found]}. "
            f"{_others(found)}"
        )


def _others(domain: Domain) -> str:
    if domain == "levels":
        return "Take 'timegan', which learns them."
    return "Take 'timegan' or 'bootstrap', which learn both."
