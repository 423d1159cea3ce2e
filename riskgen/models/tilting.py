"""A generator whose own draws can be made likelier or less likely, at a known price.

Some generators of market paths draw, step by step, one of finitely many equally likely
things: a day of residuals, the start of a block. Drawing them with other chances brings
rare paths about more often, and the ratio of the two laws of a path is known exactly
(importance sampling; Glasserman 2003, ch. 4.6). One path in ten is drawn as ever, so that
no ratio exceeds ten (a defensive mixture; Hesterberg 1995). Knows panels and no scenario.
"""

from __future__ import annotations

from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Floats, SequencePanel

Picks = NDArray[np.int64]

PLAIN = 0.1
"""Share of paths that are drawn as ever [J]; Hesterberg takes .1 to .5."""


@runtime_checkable
class Tilting(Protocol):
    """A fitted generator whose choices can be tilted."""

    @property
    def tilts(self) -> bool:
        """Whether what was fitted draws from finitely many choices at all."""

    def choices(self) -> Floats:
        """Return the day that each choice brings, in the panel's units, (n_choices, n_fields)."""

    def reach(self, daily: Floats) -> Floats:
        """Return a score of each choice's day summed over all days that it is expected to bring.

        ``daily`` and what comes back are of shape (n_choices, k).
        """

    def tilted(self, chances: Floats) -> Self:
        """Return the same, making its choices with ``chances`` of shape (n_choices,), sum 1."""

    def sample_told(self, index: int, *, seed: int, length: int) -> tuple[SequencePanel, Picks]:
        """Draw a chunk as ``sample_chunk`` does, and tell the choices.

        Returns
        -------
        SequencePanel
        ndarray of shape (chunk, length), int64
            Number of each step's choice, -1 where there was none to make.
        """


def tilting(generator: object) -> Tilting | None:
    """Return ``generator`` as one that can be tilted, None where it cannot."""
    return generator if isinstance(generator, Tilting) and generator.tilts else None


def picked(chances: Floats, n: int, steps: int, rng: np.random.Generator) -> Picks:
    """Draw choices for ``n`` paths, of which one in ten makes them as ever.

    Returns
    -------
    ndarray of shape (n, steps), int64
    """
    plain, uniform = rng.random(n) < PLAIN, rng.random((n, steps))
    bounds = np.cumsum(chances)
    tilted = np.searchsorted(bounds / bounds[-1], uniform, side="right")
    even = np.floor(uniform * len(chances)).astype(np.int64)
    found = np.where(plain[:, None], even, tilted)
    return np.minimum(found, len(chances) - 1).astype(np.int64)


def log_ratio(picks: Picks, chances: Floats) -> Floats:
    """Return the log of the plain law over the law of :func:`picked`, of each path, (n,).

    Its exponential is 1 on average over paths so drawn, and at most ten.
    """
    gain = np.where(picks >= 0, np.log(len(chances) * chances)[picks], 0.0).sum(axis=1)
    return np.asarray(-np.logaddexp(np.log1p(-PLAIN) + gain, np.log(PLAIN)))
