"""What a caller may ask of a chunk, checked once for all generators."""

from __future__ import annotations

from riskgen.data.panel import Layout
from riskgen.data.schema import unknown_name
from riskgen.errors import RiskgenError
from riskgen.models.base import Condition
from riskgen.models.domain import domain_of


def checked_condition(layout: Layout, condition: Condition | None) -> dict[str, int]:
    """Return ``condition`` as a plain dict.

    Raises
    ------
    RiskgenError
        When a field is unknown, has no levels, or has not that level.
    """
    wanted = dict(condition or {})
    known = {item.name: item for item in layout.context_fields}
    for name, level in wanted.items():
        if name not in known:
            raise RiskgenError(unknown_name("context field", name, sorted(known)))
        if not 0 <= level < known[name].levels:
            raise RiskgenError(
                f"Context field '{name}' cannot be set to {level}: it has {known[name].levels} "
                "levels, counted from 0. Ask for one of these."
            )
    return wanted


def has_own_length(layout: Layout) -> bool:
    """Return whether sequences say themselves how long they are."""
    return domain_of(layout) == "events"


def checked_length(layout: Layout, length: int | None, default: int) -> int | None:
    """Return the steps to draw, or None where sequences say it themselves.

    Raises
    ------
    RiskgenError
        When a length is asked of sequences that have their own, or is below 1.
    """
    if has_own_length(layout):
        if length is not None:
            raise RiskgenError(
                "A length was asked for, but these sequences draw their own length. "
                "Leave the length out."
            )
        return None
    steps = default if length is None else length
    if steps < 1:
        raise RiskgenError(f"A length of {steps} steps was asked for. Ask for at least 1.")
    return steps
