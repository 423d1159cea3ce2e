"""What a generator offers that can begin at the weights of an earlier fit."""

from __future__ import annotations

from typing import ClassVar, Protocol, runtime_checkable

from riskgen.data.panel import Layout
from riskgen.errors import TrainingError
from riskgen.models.base import Generator, State


@runtime_checkable
class StartsFromAnother(Protocol):
    """A generator that takes up another fit's weights, and its reading of the panel.

    ``shape_options`` names the options that both fits must share, since they
    decide how large the weights are.
    """

    shape_options: ClassVar[tuple[str, ...]]

    def start_from(self, state: State, layout: Layout) -> None:
        """Let the next fit begin at ``state``, the fitted state of panels of ``layout``."""


def starting(generator: Generator) -> StartsFromAnother:
    """Return ``generator`` as one that can start from another fit.

    Raises
    ------
    TrainingError
        When it cannot.
    """
    if not isinstance(generator, StartsFromAnother):
        raise TrainingError(
            f"Generator '{generator.key}' cannot begin at another fit: it has no weights to take "
            "over. Fit without --init-from, or use 'timegan'."
        )
    return generator
