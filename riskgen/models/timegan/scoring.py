"""The likelihood of whole sequences under a fitted simulator, context and events apart.

What an attacker with the weights can compute; training does not use it. Knows
panels and networks, not whose sequences they are.
"""

from __future__ import annotations

import numpy as np
import torch

from riskgen.data.panel import Floats, SequencePanel
from riskgen.models.timegan.dataset import EventDataset
from riskgen.models.timegan.likelihood import HELD_OUT_BATCH, event_log_likelihood
from riskgen.models.timegan.recall import RecallLayout
from riskgen.models.timegan.sampling import Simulator
from riskgen.models.timegan.stretches import Stretches, cut


@torch.no_grad()
def sequence_log_likelihood(
    simulator: Simulator, panel: SequencePanel, window: int
) -> tuple[Floats, Floats]:
    """Return log p of each context and of the events of each sequence, in nats.

    Parameters
    ----------
    simulator : Simulator
        Fitted, in evaluation mode.
    panel : SequencePanel
        Of the simulator's layout.
    window : int
        Events that are read in one piece, as in training.

    Returns
    -------
    tuple of two ndarray of shape (n_sequences,)
        A sequence without events has 0 for the second.
    """
    data = EventDataset(
        panel, simulator.event_coder, simulator.context_coder, simulator.networks.rolls
    )
    # Chosen anew, they would depend on who is asked about.
    data.recall = RecallLayout(data.recall.levels, simulator.anchors, simulator.sources)
    context = simulator.context_block.log_likelihood(
        data.context_codes, data.context_numbers, data.context_applies
    )
    return context.double().sum(dim=1).numpy(), _events(simulator, data, panel, window)


def _events(simulator: Simulator, data: EventDataset, panel: SequencePanel, window: int) -> Floats:
    everyone = Stretches(np.arange(panel.n_sequences), panel.offsets[:-1], panel.offsets[1:])
    windows = cut(everyone, window)
    order = np.argsort(windows.lengths, kind="stable")
    total = np.zeros(panel.n_sequences)
    for first in range(0, len(order), HELD_OUT_BATCH):
        chosen = windows.take(order[first : first + HELD_OUT_BATCH])
        batch = data.batch(chosen)
        nats = event_log_likelihood(simulator.networks, batch).double().sum(dim=1)
        column = torch.nonzero(batch.real)[:, 1].numpy()
        np.add.at(total, chosen.sequence[column], nats.numpy())
    return total
