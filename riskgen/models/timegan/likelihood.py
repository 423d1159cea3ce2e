"""The objective: log-likelihood of contexts and of events, and its baseline.

The supervised next-step loss of TimeGAN, generalised from a squared error in
latent space to the likelihood of the whole next step.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from riskgen.data.panel import Field
from riskgen.models.timegan.checkpoints import HeldOut
from riskgen.models.timegan.dataset import Batch, EventDataset
from riskgen.models.timegan.networks import ContextBlock, EventNetworks
from riskgen.models.timegan.rows import Rows
from riskgen.models.timegan.stretches import Indices, Stretches, cut

HELD_OUT_BATCH = 128
"""Windows in a held-out batch; only speed depends on it."""

MOST_KEPT = 2**28
"""Bytes of held-out batches that are kept from look to look, 256 MiB; what is beyond is
made anew each time [J]. An event of the simulated bank takes 12 kB: 20 bytes for each of
379 levels, the rest for what they would leave of a balance."""


def event_log_likelihood(networks: EventNetworks, batch: Batch) -> Tensor:
    """Return log p of each field of each real event, shape (n_events, n_fields + 1).

    The last column says whether there was an event at all; 0 without a clock.
    """
    generator, recovery = networks.generator, networks.recovery
    context = generator.context_vector(batch.context_codes, batch.context_numbers)
    hidden = generator.embed(batch.previous_codes, batch.previous_numbers, batch.features, context)
    real = batch.real
    repeated = context.expand(len(real), -1, -1)[real]
    representation = networks.supervisor(hidden[real], batch.features[real], repeated)
    fields = recovery.log_likelihood(
        representation,
        batch.codes[real],
        batch.numbers[real],
        batch.applies[real],
        recovery.volatility(batch.history[real]) if batch.history.shape[-1] else None,
        batch.recalled,
        batch.guide,
        recovery.tracked(batch.features[real]),
    )
    ended = torch.zeros(len(fields))
    if batch.guide is not None:
        told = torch.cat([hidden[real], batch.features[real], repeated], dim=1)
        odds = networks.ending(told, batch.guide)
        ended = -F.binary_cross_entropy_with_logits(odds, batch.ending.float(), reduction="none")
        # The first event is there, or there would be no sequence.
        ended = torch.where(batch.place[real] == 0, 0.0, ended)
    return torch.cat([fields, ended[:, None]], dim=1)


class Aside:
    """What was set aside, cut into batches once: every look asks about the same events.

    Parameters
    ----------
    data : EventDataset
        Of the panel.
    stretches : Stretches
        That were set aside.
    window : int
        Events that are read in one piece.
    """

    def __init__(self, data: EventDataset, stretches: Stretches, window: int) -> None:
        self._data, self._stretches = data, stretches
        windows = cut(stretches, window)
        order = np.argsort(windows.lengths, kind="stable")
        firsts = range(0, len(order), HELD_OUT_BATCH)
        self._windows = [windows.take(order[k : k + HELD_OUT_BATCH]) for k in firsts]
        self._kept: dict[int, Batch] = {}
        self._bytes = 0

    @torch.no_grad()
    def loss(self, networks: EventNetworks) -> HeldOut:
        """Return the loss in nats of all its events, sequence by sequence."""
        nats, counts = (np.zeros(len(self._data.offsets) - 1) for _ in range(2))
        for number, chosen in enumerate(self._windows):
            batch = self._batch(number)
            told = event_log_likelihood(networks, batch).double().sum(dim=1)
            column = torch.nonzero(batch.real)[:, 1].numpy()
            np.subtract.at(nats, chosen.sequence[column], told.numpy())
        np.add.at(counts, self._stretches.sequence, self._stretches.lengths)
        return HeldOut(nats[counts > 0], counts[counts > 0])

    def _batch(self, number: int) -> Batch:
        if number in self._kept:
            return self._kept[number]
        batch = self._data.batch(self._windows[number])
        self._bytes += batch.n_bytes
        if self._bytes <= MOST_KEPT:
            self._kept[number] = batch
        return batch


def context_loss(block: ContextBlock, data: EventDataset, sequences: Tensor) -> Tensor:
    """Return the mean loss in nats per sequence of the named contexts."""
    return -_context_nats(block, data, sequences).sum() / len(sequences)


@torch.no_grad()
def held_out_contexts(block: ContextBlock, data: EventDataset, sequences: Tensor) -> HeldOut:
    """Return the loss in nats of the named contexts, one by one."""
    nats = -_context_nats(block, data, sequences).double().sum(dim=1).numpy()
    return HeldOut(nats, np.ones(len(nats)))


def _context_nats(block: ContextBlock, data: EventDataset, sequences: Tensor) -> Tensor:
    return block.log_likelihood(
        data.context_codes[sequences],
        data.context_numbers[sequences],
        data.context_applies[sequences],
    )


def marginal_loss(fields: tuple[Field, ...], rows: Rows, train: Indices, test: Indices) -> float:
    """Return the held-out loss of independent marginals, in nats per row.

    Histograms with one count added to each level; a normal density for
    continuous fields. A generator that never beats it has learned nothing.
    """
    total, level, number = 0.0, 0, 0
    for column, item in enumerate(fields):
        fit, judge = train[rows.applies[train, column]], test[rows.applies[test, column]]
        if item.levels:
            counts = np.bincount(rows.codes[fit, level], minlength=item.levels) + 1.0
            total -= float(np.log(counts / counts.sum())[rows.codes[judge, level]].sum())
            level += 1
        else:
            loss = _resting_loss if item.rests else _normal_loss
            total += loss(rows.numbers[fit, number], rows.numbers[judge, number])
            number += 1
    return total / max(len(test), 1)


def ending_loss(lengths: Indices) -> float:
    """Return the loss per event of one constant chance that a sequence ends, in nats."""
    chance = 1.0 / (1.0 + float(lengths.mean()))
    return -(float(np.log1p(-chance)) + chance * float(np.log(chance)))


def _resting_loss(fit: np.ndarray, judge: np.ndarray) -> float:
    """Return the loss where 0 has a probability of its own and the rest is normal."""
    share = (float((fit == 0).sum()) + 1.0) / (len(fit) + 2.0)
    rested = int((judge == 0).sum())
    chosen = rested * np.log(share) + (len(judge) - rested) * np.log(1.0 - share)
    return _normal_loss(fit[fit != 0], judge[judge != 0]) - float(chosen)


def _normal_loss(fit: np.ndarray, judge: np.ndarray) -> float:
    if not len(fit):
        return 0.0
    mean, scale = float(fit.mean()), max(float(fit.std()), 1e-3)
    z = (judge.astype(np.float64) - mean) / scale
    return float((0.5 * z**2 + np.log(scale) + 0.5 * np.log(2 * np.pi)).sum())


def rows_of(stretches: Stretches) -> Indices:
    """Return the panel rows of all stretches."""
    lengths = stretches.lengths
    inside = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.repeat(stretches.start, lengths) + inside
