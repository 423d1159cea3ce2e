"""The column that names the typology, read beside the run's table and kept out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from riskgen.data.split import NAMES, Split
from riskgen.errors import RunError, SchemaError
from riskgen.evaluate.scarcity.typologies import Typologies
from riskgen.stages.fitted import Fitted
from riskgen.stages.material import EventMaterial

Turned = Callable[[float], tuple[Split, Typologies]]
"""Moves customers on from partition to partition, 0 to 1, typologies with them."""


def typologies_of(
    fitted: Fitted, material: EventMaterial, source: tuple[Any, ...], column: str
) -> Turned:
    """Return how to get a split with the typology of every event of it.

    The table is read a second time with that column in it; what learns and what is asked
    see the first reading, in which it is empty.

    Raises
    ------
    SchemaError
        When there is no such column, or the run learned it.
    """
    channel = next((c for c in fitted.schema.channels if c.name == column), None)
    if channel is None:
        known = ", ".join(c.name for c in fitted.schema.with_role("dropped")) or "none"
        raise SchemaError(
            f"The table has no column '{column}' (--typology). Columns that the fit left out: "
            f"{known}."
        )
    if channel.role != "dropped":
        raise SchemaError(
            f"Column '{column}' names the fraud, and the run learned it as '{channel.role}': it "
            f"would give the answer away. Fit again with --drop {column}."
        )
    seen = channel.model_copy(update={"role": "channel", "kind": "category", "reason": "typology"})
    channels = tuple(seen if c.name == column else c for c in fitted.schema.channels)
    schema = fitted.schema.model_copy(update={"channels": channels})
    marked = replace(fitted, schema=schema).material(*source)
    assert isinstance(marked, EventMaterial)
    if not any(c.name == column and c.role == "channel" for c in marked.schema.channels):
        raise RunError(f"Column '{column}' is empty or the same everywhere; it tells no typology.")

    def turned(turn: float) -> tuple[Split, Typologies]:
        seen = marked.turned(turn)
        texts = {name: getattr(seen, name).texts(column) for name in NAMES}
        return material.turned(turn), Typologies(texts)

    return turned
