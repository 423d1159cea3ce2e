"""The two kinds of panel, and the refusal of a generator that learns only the other.

Knows panels, and generators by name only.
"""

from __future__ import annotations

from typing import Literal

from riskgen.data.panel import Layout
from riskgen.errors import TrainingError

Domain = Literal["events", "market"]

EVENTS: frozenset[Domain] = frozenset({"events"})
MARKET: frozenset[Domain] = frozenset({"market"})
BOTH: frozenset[Domain] = EVENTS | MARKET

_NAMES: dict[Domain, str] = {
    "events": "sequences of events that have their own length",
    "market": "paths of numbers at equal steps",
}


def domain_of(layout: Layout) -> Domain:
    """Return ``"events"`` where sequences have their own length, else ``"market"``."""
    return "market" if layout.context_column("length") is None else "events"


def check_learns(key: str, learns: frozenset[Domain], layout: Layout) -> None:
    """Raise TrainingError, naming generators that can, unless ``learns`` covers ``layout``."""
    found = domain_of(layout)
    if found not in learns:
        known = " and ".join(_NAMES[domain] for domain in sorted(learns))
        raise TrainingError(
            f"Generator '{key}' learns {known}, but this table holds {_NAMES[found]}. "
            "Take 'timegan' or 'bootstrap', which learn both."
        )
