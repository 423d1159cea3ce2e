"""What trackers say while sequences are drawn: their states, kept up step by step.

A tracker that reads another one's state does not advance it a second time. Knows
no network.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from riskgen.data.panel import Floats, Layout, Tracker
from riskgen.models.timegan.support import Steer


@runtime_checkable
class Borrower(Tracker, Protocol):
    """A tracker that reads the state of another one."""

    @property
    def keeper(self) -> Tracker:
        """The tracker whose state it reads."""


class RunningTrackers:
    """States of a layout's trackers, one row for each sequence.

    Parameters
    ----------
    layout : Layout
        The clock, if there is one, comes first.
    context : ndarray of shape (n, n_context_fields)
        As drawn.
    """

    def __init__(self, layout: Layout, context: Floats) -> None:
        self._tracked, self._steerings = layout.tracked, layout.steerings
        self._n = len(context)
        self._owners = [self._tracked.index(_keeper(item)) for item in self._tracked]
        self._states = {k: self._tracked[k].start(context) for k in sorted(set(self._owners))}

    @property
    def first(self) -> Floats:
        """State of the first tracker, which is the clock where there is one."""
        return self._states[0] if self._states else np.zeros((self._n, 0))

    def features(self) -> list[Tensor]:
        """Return the features of each tracker before the next event."""
        told = (item.features(self._state(k)) for k, item in enumerate(self._tracked))
        return [torch.from_numpy(part.astype(np.float32)) for part in told]

    def steers(self) -> dict[str, Steer]:
        """Return what weighs levels, by the field that it weighs."""
        places = ((self._tracked.index(item), item) for item in self._steerings)
        return {item.steers: Steer(item, item.known(self._state(k))) for k, item in places}

    def advance(self, values: Floats) -> None:
        """Go on past events with ``values`` (n, n_fields)."""
        self._n = len(values)
        for k, state in self._states.items():
            self._states[k] = self._tracked[k].advance(state, values)

    def keep(self, rows: NDArray[np.int64]) -> None:
        """Forget all sequences but ``rows``."""
        self._n = len(rows)
        self._states = {k: state[rows] for k, state in self._states.items()}

    def _state(self, k: int) -> Floats:
        return self._states[self._owners[k]]


def _keeper(tracker: Tracker) -> Tracker:
    return tracker.keeper if isinstance(tracker, Borrower) else tracker
