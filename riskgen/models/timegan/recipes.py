"""Which options shape and train the networks of a panel, by its kind."""

from __future__ import annotations

from riskgen.data.panel import Layout
from riskgen.models.domain import domain_of
from riskgen.models.timegan.config import TimeGANConfig


def event_recipe(config: TimeGANConfig, layout: Layout) -> TimeGANConfig:
    """Return the options of the event networks."""
    recipes = {
        "events": lambda: config,
        "market": config.for_paths,
        "levels": config.for_levels,
    }
    return recipes[domain_of(layout)]()


def context_recipe(config: TimeGANConfig, layout: Layout) -> TimeGANConfig:
    """Return the options of the context block."""
    return config.for_starts() if domain_of(layout) == "levels" else config.for_context()
