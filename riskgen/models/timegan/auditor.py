"""The discriminator: judges the fitted generator, and is thrown away.

Trained on real training sequences against simulated ones, it is asked about
sequences that neither it nor the generator has seen. Its area under the ROC
curve goes into the training report; its weights go nowhere, since its errors
would tell members from strangers. A hint while fitting, not a measure of
fidelity: it is small, and sees the generator's encoding only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from riskgen.data.panel import Field, Floats, SequencePanel
from riskgen.models.timegan.optimiser import AdamW, Group
from riskgen.models.timegan.reader import RowReader
from riskgen.models.timegan.rows import RESERVED_CODES, RowCoder
from riskgen.seeding import stream, torch_fence

HIDDEN, EMBEDDING = 24, 4
STEPS, BATCH, RATE, BETAS = 120, 64, 1e-2, (0.9, 0.999)
LONGEST = 48
"""Size and training of the auditor: about two CPU seconds [J]."""

FEWEST = 10
"""Held-out sequences of each kind without which an area says nothing [J]."""


@dataclass(frozen=True)
class Audit:
    """What the discriminator said of held-out sequences.

    Attributes
    ----------
    auc : float
        Area under the ROC curve; 0.5 when it cannot tell them apart.
    error : float
        Standard error of ``auc`` (Hanley and McNeil 1982).
    n_real, n_simulated : int
        Held-out sequences.
    """

    auc: float
    error: float
    n_real: int
    n_simulated: int


class Discriminator(nn.Module):
    """A small GRU over events; says the log density ratio real to simulated."""

    def __init__(self, fields: tuple[Field, ...]) -> None:
        super().__init__()
        self.reader = RowReader(fields, EMBEDDING)
        self.recurrence = nn.GRU(self.reader.width, HIDDEN)
        self.verdict = nn.Linear(2 * HIDDEN, 1)

    def forward(self, codes: Tensor, numbers: Tensor, real: Tensor) -> Tensor:
        """Return logits (n_sequences,) from padded events, time first."""
        hidden: Tensor = self.recurrence(self.reader(codes, numbers))[0]
        shown = hidden * real[:, :, None]
        count = real.sum(dim=0).clamp(min=1)[:, None]
        pooled = torch.cat([shown.sum(dim=0) / count, shown.amax(dim=0)], dim=1)
        result: Tensor = self.verdict(pooled)[:, 0]
        return result


def audit(
    train: tuple[SequencePanel, SequencePanel],
    test: tuple[SequencePanel, SequencePanel],
    coder: RowCoder,
    seed: int,
) -> Audit | None:
    """Train the discriminator on ``train`` and judge ``test``, each (real, simulated).

    Returns
    -------
    Audit or None
        None when there are too few held-out sequences to say anything.
    """
    if min(panel.n_sequences for panel in test) < FEWEST:
        return None
    parts = [_padded(panel, coder) for panel in train]
    with torch_fence(seed, "audit"):
        network = Discriminator(coder.fields)
        _learn(network, parts, seed)
    with torch.no_grad():
        logits = [network(*_padded(panel, coder)).double().numpy() for panel in test]
    return area(logits[0], logits[1])


def scores_of_folds(
    real: SequencePanel, simulated: SequencePanel, coder: RowCoder, seed: int
) -> Floats:
    """Return the log odds that each simulated sequence is real, shape (n_simulated,).

    Each half is scored by a discriminator that was trained on the other halves.
    """
    halves = [np.arange(panel.n_sequences) % 2 for panel in (real, simulated)]
    scores = np.zeros(simulated.n_sequences)
    for fold in (0, 1):
        parts = [
            _padded(panel.take(np.flatnonzero(half != fold)), coder)
            for panel, half in zip((real, simulated), halves, strict=True)
        ]
        with torch_fence(seed, "audit", "fold", fold):
            network = Discriminator(coder.fields)
            _learn(network, parts, seed)
        asked = np.flatnonzero(halves[1] == fold)
        with torch.no_grad():
            scores[asked] = network(*_padded(simulated.take(asked), coder)).double().numpy()
    return scores


def area(real: Floats, simulated: Floats) -> Audit:
    """Return the area under the ROC curve of two sets of scores, with its standard error."""
    wins = (real[:, None] > simulated[None, :]).mean()
    ties = (real[:, None] == simulated[None, :]).mean()
    auc, n, m = float(wins + 0.5 * ties), len(real), len(simulated)
    larger, smaller = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    square = auc * (1 - auc) + (n - 1) * (larger - auc**2) + (m - 1) * (smaller - auc**2)
    return Audit(auc, float(np.sqrt(max(square, 0.0) / (n * m))), n, m)


def _learn(network: Discriminator, parts: list[tuple[Tensor, Tensor, Tensor]], seed: int) -> None:
    optimiser = AdamW([Group(list(network.parameters()), 0.0, RATE)], BETAS)
    wanted = torch.cat([torch.ones(BATCH), torch.zeros(BATCH)])
    for step in range(STEPS):
        rng = stream(seed, "audit", step)
        picks = [torch.from_numpy(rng.integers(part[2].shape[1], size=BATCH)) for part in parts]
        batch = [
            torch.cat([part[k][:, pick] for part, pick in zip(parts, picks, strict=True)], dim=1)
            for k in range(3)
        ]
        loss = F.binary_cross_entropy_with_logits(network(*batch), wanted)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step(1.0)


def _padded(panel: SequencePanel, coder: RowCoder) -> tuple[Tensor, Tensor, Tensor]:
    """Return codes, numbers and a mask of the first events of each sequence, time first."""
    rows = coder.encode(panel.values)
    steps = np.arange(LONGEST)[:, None]
    real = steps < panel.lengths[None, :]
    index = np.where(real, panel.offsets[:-1][None, :] + steps, 0)
    absent = [coder.fields[c].levels + RESERVED_CODES - 1 for c in coder.level_columns]
    codes = np.where(real[:, :, None], rows.codes[index], np.array(absent, dtype=np.int64))
    numbers = np.where(real[:, :, None], rows.numbers[index], np.float32(0.0))
    return torch.from_numpy(codes), torch.from_numpy(numbers), torch.from_numpy(real)
