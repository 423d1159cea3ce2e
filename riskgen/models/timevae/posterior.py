"""What the encoder says of many pieces at once, and the law of the latent from it.

Reads a trained network; what it returns of customers are aggregates, except
:class:`Terms`, which never leave training.
"""

from __future__ import annotations

import numpy as np
import torch

from riskgen.data.panel import Floats
from riskgen.models.condition import has_own_length
from riskgen.models.timegan.stretches import Stretches
from riskgen.models.timevae.config import TimeVAEConfig
from riskgen.models.timevae.latent import MOST, LatentLaw, persistence_of
from riskgen.models.timevae.networks import SequenceVAE
from riskgen.models.timevae.objective import Terms, terms_of
from riskgen.models.timevae.sequences import SequenceDataset

LOOK_BATCH = 256
"""Pieces in a batch that is only read; only speed depends on it."""


@torch.no_grad()
def read_pieces(
    network: SequenceVAE, data: SequenceDataset, pieces: Stretches, deterministic: bool
) -> Terms:
    """Return the terms of the bound of ``pieces``, in their order."""
    order = np.argsort(pieces.lengths, kind="stable")
    parts = []
    for first in range(0, len(order), LOOK_BATCH):
        batch = data.batch(pieces.take(order[first : first + LOOK_BATCH]))
        parts.append(terms_of(network, batch, deterministic))
    back = torch.from_numpy(np.argsort(order, kind="stable"))
    names = ("reconstruction", "divergence", "mean", "log_variance")
    return Terms(*(torch.cat([getattr(part, name) for part in parts])[back] for name in names))


def law_of(
    read: Terms,
    pieces: Stretches,
    data: SequenceDataset,
    network: SequenceVAE,
    config: TimeVAEConfig,
    rng: np.random.Generator,
) -> LatentLaw:
    """Return where latents are drawn from, given what was read of training ``pieces``."""
    means = read.mean.double().numpy()
    variances = read.log_variance.double().exp().numpy()
    persistence = np.zeros(config.latent)
    if not has_own_length(data.layout):
        persistence = _persistence(means, variances, pieces, config.window)
    n_labels = len(network.contexts.get_buffer("label_share"))
    if config.prior == "normal":
        return LatentLaw.normal(config.latent, n_labels, persistence)
    labels = np.zeros(len(means), dtype=np.int64)
    if network.contexts.given:
        labels = data.context_rows.codes[pieces.sequence, 0]
    latents = means + np.sqrt(variances) * rng.standard_normal(means.shape)
    most = MOST if has_own_length(data.layout) else 1
    return LatentLaw.fit(latents, labels, n_labels, rng, most, persistence)


def _persistence(means: Floats, variances: Floats, pieces: Stretches, window: int) -> Floats:
    """Return how far the latent of a window of a path is that of the window before."""
    whole = np.flatnonzero(pieces.lengths == window)
    windows = pieces.take(whole)
    follows = np.flatnonzero(windows.start[1:] == windows.stop[:-1]) + 1
    return persistence_of(means[whole], variances[whole], follows)
