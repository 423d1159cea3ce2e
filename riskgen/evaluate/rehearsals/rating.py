"""Where the scores of real and rehearsed events come from.

A breaking point does not care whether a detector of ours scores, a model in a file
or somebody else's service: it asks for the scores of the customers as they were, and
of those to whom something happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from riskgen.data.events import Events
from riskgen.evaluate.detection.alerts import Floats
from riskgen.evaluate.detection.lesson import Scorer
from riskgen.evaluate.rehearsals.cases import Part


class Rating(Protocol):
    """Scores on one scale, higher is more suspicious; only their order is used."""

    @property
    def calm(self) -> Floats:
        """Score of every event of the base, before anything happens."""

    def anew(self, part: Part, events: Events) -> Floats:
        """Return the score of every event of those to whom ``part`` happens."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of a detector that is at hand.

    Attributes
    ----------
    scorer : Scorer
        The detector.
    base : Events
        The customers before anything happens.
    """

    scorer: Scorer
    base: Events = field(repr=False)

    @cached_property
    def calm(self) -> Floats:
        """Score of every event of the base."""
        return self.scorer.score(self.base)

    def anew(self, part: Part, events: Events) -> Floats:
        """Return the score of every event; whose they are does not matter."""
        return self.scorer.score(events)


@dataclass(frozen=True, eq=False)
class Given:
    """Scores that came from elsewhere.

    Attributes
    ----------
    calm : ndarray of shape (n_events,)
        Score of every event of the base.
    parts : mapping of Part to ndarray
        Score of every event of those to whom something happens.
    """

    calm: Floats = field(repr=False)
    parts: Mapping[Part, Floats] = field(repr=False)

    def anew(self, part: Part, events: Events) -> Floats:
        """Return the scores that were given for ``part``."""
        found = self.parts[part]
        assert len(found) == events.n_events, "scores of other events"
        return found
