"""A generator of market paths that can be told where they begin.

Knows panels and no generator. What comes back is a generator of its own, with the
same chunks: whoever draws from it need not know. Where only the next day after many
pasts is asked for, they are lived through side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, Self, runtime_checkable

from riskgen.data.panel import Floats, SequencePanel
from riskgen.errors import RiskgenError
from riskgen.models.base import Generator

RECENT = 250
"""Days that are shown before a path goes on: four times the longest memory of volatility,
a quarter of trading days, so that where it began no longer matters [J]."""


@runtime_checkable
class Beginning(Protocol):
    """A fitted generator whose paths begin in a state that can be chosen."""

    def after(self, recent: SequencePanel) -> Self:
        """Return the same, with paths that go on from the last day of one sequence."""

    def within(self, quantile: float) -> Self:
        """Return the same, with paths that begin in the most volatile regimes.

        ``quantile`` of the regimes' volatility, 0 to below 1, is what they lie above.
        """


@runtime_checkable
class Foresight(Protocol):
    """A fitted generator that says what may follow each of many pasts, one step ahead."""

    def following(self, pasts: Floats, n: int, *, seed: int) -> Iterator[Floats]:
        """Yield rows that may follow each past, in order, each of shape (n, n_fields).

        Their law is that of the first step after :meth:`Beginning.after` the same
        past; parameters stay as fitted and nothing is learned from the past.

        Parameters
        ----------
        pasts : ndarray of shape (n_pasts, n_days, n_fields)
            Rows of a panel, each past by itself.
        n : int
            Rows for each past.
        seed : int
            Same seed and place of the past, same rows.
        """


def beginning(generator: Generator, what: str) -> Beginning:
    """Return ``generator`` as one that can be told where to begin.

    Raises
    ------
    RiskgenError
        When it cannot; ``what`` is what the user asked for.
    """
    if not isinstance(generator, Beginning):
        raise RiskgenError(
            f"{what} needs a generator that can be told where to begin, and '{generator.key}' "
            "cannot: its paths know no state of the market. Fit 'timegan' or 'garch'."
        )
    return generator


def checked_quantile(quantile: float) -> float:
    """Return ``quantile``; RiskgenError outside [0, 1)."""
    if not 0.0 <= quantile < 1.0:
        raise RiskgenError(
            f"A regime quantile of {quantile:g} was asked for. It lies from 0 to below 1."
        )
    return quantile
