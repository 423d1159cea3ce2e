"""Where the money of the last hours went, and how unusual a night is for its owner.

Trailing and causal as all features of events; knows raw events and running sums,
neither labels nor other customers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from riskgen.data.events import Events
from riskgen.evaluate.features.trailing import Timeline

Floats = NDArray[np.float64]
Column = tuple[str, Floats]


def night_to_usual(line: Timeline, night: Floats) -> Column:
    """Return whether it is night, less the share of nights among all events before.

    Parameters
    ----------
    night : ndarray of shape (n_events,)
        1 at night.
    """
    usual = line.previous(line.running_sum(night)) / np.maximum(line.position, 1)
    return "night_to_usual", night - usual


def flows(events: Events, line: Timeline, windows: Mapping[str, float]) -> Iterator[Column]:
    """Yield the share of the balance that left within windows, and of what came that went on.

    What an account that is emptied, or that passes money on, looks like. What left
    and came is read off the balance, or off signed amounts without one.
    """
    balance, signed = events.schema.meaning("balance"), events.schema.meaning("signed_amount")
    if balance is not None:
        held = np.nan_to_num(events.numbers(balance.name))
        moved = np.nan_to_num(held - line.previous(held))
        before = np.maximum(held - moved, 0.0)
    elif signed is not None:
        moved = np.nan_to_num(events.numbers(signed.name))
    else:
        return
    out, came = np.maximum(-moved, 0.0), np.maximum(moved, 0.0)
    for name, width in windows.items():
        first = line.window_first(width)
        gone, got = line.sum_since(out, first), line.sum_since(came, first)
        if balance is not None:
            yield f"drained_{name}", gone / (before[first] + got + 1.0)
        yield f"passed_on_{name}", np.minimum(gone, got) / (np.maximum(gone, got) + 1.0)
