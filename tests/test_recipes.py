"""How strongly a panel is held back depends on its size."""

from __future__ import annotations

from riskgen.data.panel import Field, Layout
from riskgen.models.timegan.config import LIGHT, TimeGANConfig
from riskgen.models.timegan.recipes import (
    EVENTS,
    MOST_OF_CONTEXTS,
    MOST_OF_EVENTS,
    context_recipe,
    event_recipe,
)

LAYOUT = Layout((Field("kind", 4),), (Field("segment", 3), Field("length", 5)))
SIZES = (20, 500, 1_000, 2_000, 10_000, 100_000)


def decays(config: TimeGANConfig) -> list[tuple[float, float]]:
    return [
        (context_recipe(config, LAYOUT, n).decay, event_recipe(config, LAYOUT, n).decay)
        for n in SIZES
    ]


def test_fewer_customers_are_learned_less_closely() -> None:
    contexts, events = zip(*decays(TimeGANConfig()), strict=True)
    assert list(contexts) == sorted(contexts, reverse=True)
    assert list(events) == sorted(events, reverse=True)
    assert max(contexts) == MOST_OF_CONTEXTS
    assert (max(events), min(events)) == (MOST_OF_EVENTS, LIGHT)
    assert event_recipe(TimeGANConfig(), LAYOUT, round(2 * EVENTS)).decay == MOST_OF_EVENTS / 16


def test_a_weight_decay_that_was_asked_for_is_kept() -> None:
    asked = TimeGANConfig(weight_decay=0.7)
    assert set(decays(asked)) == {(0.7, 0.7)}


def test_size_changes_no_shape() -> None:
    few, many = (event_recipe(TimeGANConfig(), LAYOUT, n) for n in (10, 10_000))
    assert (few.hidden, few.head_width) == (many.hidden, many.head_width)
