"""Where the weights of monthly returns begin: at how often returns are kept.

A rent that is kept 99 months in 100 needs a weight of 4.6 nats, which a minute of
training does not reach from nothing. Knows networks and rows of a dataset.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import SequencePanel
from riskgen.models.timegan.dataset import EventDataset
from riskgen.models.timegan.dues import kept_share
from riskgen.models.timegan.networks import EventNetworks
from riskgen.models.timegan.renewal import kind_column

Indices = NDArray[np.int64]


def start_returns(
    networks: EventNetworks, data: EventDataset, panel: SequencePanel, sequences: Indices
) -> None:
    """Start what holds dates, kinds and ends back at the kept returns of some sequences."""
    column, clock = kind_column(panel.layout), panel.layout.clock
    if column is None or clock is None:
        return
    part = panel.take(sequences)
    rows = np.concatenate([np.arange(*panel.offsets[i : i + 2]) for i in sequences])
    place = sum(item.levels > 0 for item in panel.layout.fields[:column])
    kept = kept_share(
        data.codes.numpy()[rows, place],
        data.days_of()[rows],
        part.offsets,
        panel.layout.fields[column].levels,
        clock.last_day,
    )
    networks.recovery.passing.start_at(kept)
    networks.ending.start_at(kept)
