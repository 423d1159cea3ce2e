"""Where the weights of monthly returns begin: at how often returns are kept.

A rent that is kept 99 months in 100 needs a weight of 4.6 nats, which a minute of
training does not reach from nothing. Knows networks and rows of a dataset.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from riskgen.data.panel import Layout
from riskgen.models.timegan.dataset import EventDataset
from riskgen.models.timegan.networks import EventNetworks


def start_returns(
    networks: EventNetworks, data: EventDataset, layout: Layout, sequences: NDArray[np.int64]
) -> None:
    """Start what holds dates, kinds and ends back at the kept returns of some sequences."""
    occurrences, passing = data.guides.occurrences, networks.recovery.passing
    if layout.clock is None or occurrences is None or passing is None:
        return
    kept = occurrences.among(sequences).kept_share(layout.clock.last_day)
    passing.start_at(kept)
    networks.ending.start_at(kept)
    set_rolls(networks, data)


def set_rolls(networks: EventNetworks, data: EventDataset) -> None:
    """Let simulated dates move on weekends as those of ``data`` do."""
    passing = networks.recovery.passing
    if passing is not None:
        passing.get_buffer("rolls").copy_(torch.from_numpy(data.guides.rolls))
