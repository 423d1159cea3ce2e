"""Which options shape and train the networks of a panel, by its kind and size."""

from __future__ import annotations

from dataclasses import replace

from riskgen.data.panel import Layout
from riskgen.models.domain import domain_of
from riskgen.models.timegan.config import LIGHT, TimeGANConfig

EVENTS, MOST_OF_EVENTS, FALL = 700.0, 1.0, 4
"""Entities at which the weight decay of the events is 1, its largest value, and the power
of their number with which it falls [J]: a budget of seconds passes over fewer entities
more often, and each pass counts the more the fewer there are. At 540 to 900 customers
decay gave likelihood and privacy; at 1,800 it gave neither and cost order."""

CONTEXTS, MOST_OF_CONTEXTS = 130.0, 6.0
"""Weight decay of the context block, times the entities for each context field: a prior
weighs as one over the sample (MacKay 1992); and its largest value. AdamW keeps weights
below the inverse of the decay (Xie and Li 2024): beyond this a context block hardly
leaves the frequencies that it begins at.

All were chosen by the likelihood of other customers and by attacks, on one seed of three
tables with 540 to 1,800 customers to learn from; `docs/decisions.md` has the figures."""


def event_recipe(config: TimeGANConfig, layout: Layout, n_entities: int = 1) -> TimeGANConfig:
    """Return the options of the event networks, taught by ``n_entities``."""
    recipes = {
        "events": lambda: replace(config, weight_decay=_events(config, n_entities)),
        "market": config.for_paths,
        "levels": config.for_levels,
    }
    return recipes[domain_of(layout)]()


def context_recipe(config: TimeGANConfig, layout: Layout, n_entities: int = 1) -> TimeGANConfig:
    """Return the options of the context block, taught by ``n_entities``."""
    if domain_of(layout) == "levels":
        return config.for_starts()
    if config.weight_decay is not None or domain_of(layout) == "market":
        return config.for_context()
    wanted = CONTEXTS * len(layout.context_fields) / n_entities
    decay = min(max(wanted, LIGHT), MOST_OF_CONTEXTS)
    return replace(config.for_context(), weight_decay=decay)


def _events(config: TimeGANConfig, n_entities: int) -> float:
    if config.weight_decay is not None:
        return config.weight_decay
    return min(max((EVENTS / n_entities) ** FALL, LIGHT), MOST_OF_EVENTS)
