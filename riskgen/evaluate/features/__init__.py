"""Features of events and of entities: the one door that other rooms come in by."""

from riskgen.evaluate.features.per_entity import entity_features
from riskgen.evaluate.features.per_event import Levels, common_levels, event_features

__all__ = ["Levels", "common_levels", "entity_features", "event_features"]
