"""A generator that can say how likely a sequence is: what someone with its weights can ask.

Knows panels and no generator.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from riskgen.data.panel import Floats, SequencePanel


@runtime_checkable
class Scoring(Protocol):
    """A fitted generator with a likelihood."""

    def log_likelihood(self, panel: SequencePanel) -> tuple[Floats, Floats]:
        """Return log p of each sequence's context and of its events, in nats.

        Both of shape (n_sequences,); the second is summed over the events.
        """
