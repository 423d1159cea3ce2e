"""How a recurrent detector is trained: truncated back-propagation, early stopping.

Knows sequences, labels and weights of their steps; not where they came from.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from riskgen.evaluate.detection.recurrent_network import Carried, EventReader
from riskgen.evaluate.features.sequence import SequenceFeatures
from riskgen.seeding import stream

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CHUNK = 64  # steps that an error is traced back over (Williams & Peng 1990)
BATCH, POOL = 32, 8  # sequences a batch; batches sorted by length together [J]
MOST_NORMALS = 3_000  # sequences without a label in an epoch; each epoch draws others [J]
RATE, WARM_UP, DECAY, LARGEST_GRADIENT = 5e-3, 0.05, 0.01, 1.0
"""Of AdamW; the rate falls as a cosine [J]."""

HELD_OUT = 0.2  # share of entities of either class that say when to stop [J]
PATIENCE = 4  # epochs without a lower loss there [J]


@dataclass(frozen=True, eq=False)
class Course:
    """Sequences to learn from.

    Attributes
    ----------
    features : SequenceFeatures
        Standardised.
    labels, weights : ndarray of shape (n_events,)
        Of each step; the weight is 0 where nothing is to be learned.
    """

    features: SequenceFeatures
    labels: Flags = field(repr=False)
    weights: Floats = field(repr=False)

    @property
    def is_positive(self) -> Flags:
        """Sequences with a labelled step that counts, shape (n_sequences,)."""
        counted = self.labels & (self.weights > 0)
        return np.asarray(np.logical_or.reduceat(counted, self.features.offsets[:-1]))


def train(network: EventReader, course: Course, *, epochs: int, seed: int) -> None:
    """Fit a network in place; inside a fence of torch's generator.

    A part of the entities is held out; the weights of the epoch with the lowest
    loss there are kept. Nothing but the course is looked at.
    """
    learned, held = _held_out(course, seed)
    scale = float(course.weights[course.weights > 0].mean())
    with torch.no_grad():
        network.last.bias.fill_(_base_rate(course))
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    best, kept, waited = math.inf, copy.deepcopy(network.state_dict()), 0
    for epoch in range(epochs):
        network.train()
        batches = list(_epoch(course, learned, stream(seed, "recurrent", "epoch", epoch)))
        for place, (batch, factor) in enumerate(batches):
            for group in optimiser.param_groups:
                group["lr"] = RATE * _share((epoch + place / len(batches)) / epochs)
            _learn(network, optimiser, course, batch, factor / scale)
        loss = _loss(network, course, held)
        waited = 0 if loss < best else waited + 1
        if loss < best:
            best, kept = loss, copy.deepcopy(network.state_dict())
        if waited == PATIENCE:
            break
    network.load_state_dict(kept)
    network.eval()


def logits(network: EventReader, features: SequenceFeatures) -> Floats:
    """Return the log-odds of every step, shape (n_events,)."""
    found = np.zeros(len(features.codes))
    network.eval()
    order = np.argsort(-features.lengths, kind="stable")
    with torch.no_grad():
        for first in range(0, len(order), 4 * BATCH):
            batch = order[first : first + 4 * BATCH]
            carried = Carried.nothing(len(batch), network.hidden)
            for rows, real in _chunks(features, batch):
                told, carried = network(*_read(features, rows, real), carried.first(len(rows)))
                found[rows[real]] = told.double().numpy()[real]
    return found


def _learn(
    network: EventReader,
    optimiser: torch.optim.Optimizer,
    course: Course,
    batch: Ints,
    factor: Floats,
) -> None:
    """Read a batch chunk by chunk; each is a step of the optimiser if anything counts in it."""
    order = np.argsort(-course.features.lengths[batch], kind="stable")
    batch, factor = batch[order], factor[order]
    carried = Carried.nothing(len(batch), network.hidden)
    for rows, real in _chunks(course.features, batch):
        weight = course.weights[rows] * real * factor[: len(rows), None]
        counts = bool((weight > 0).any())
        with torch.set_grad_enabled(counts):
            told, carried = network(*_read(course.features, rows, real), carried.first(len(rows)))
        if not counts:
            continue
        target = torch.from_numpy(course.labels[rows].astype(np.float32))
        loss = nn.functional.binary_cross_entropy_with_logits(
            told, target, torch.from_numpy(weight.astype(np.float32)), reduction="sum"
        )
        optimiser.zero_grad(set_to_none=True)
        (loss / float(real.sum())).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), LARGEST_GRADIENT)
        optimiser.step()


def _chunks(features: SequenceFeatures, batch: Ints) -> Iterator[tuple[Ints, Flags]]:
    """Yield rows and which of them exist, chunk by chunk, for sequences longest first."""
    lengths, starts = features.lengths[batch], features.offsets[:-1][batch]
    for first in range(0, int(lengths.max(initial=0)), CHUNK):
        n = int((lengths > first).sum())
        steps = first + np.arange(min(CHUNK, int(lengths[0]) - first))
        real = steps < lengths[:n, None]
        yield np.where(real, starts[:n, None] + steps, 0), real


def _read(features: SequenceFeatures, rows: Ints, real: Flags) -> tuple[torch.Tensor, torch.Tensor]:
    numbers = features.numbers[rows] * real[..., None]
    return torch.from_numpy(features.codes[rows]), torch.from_numpy(numbers)


def _loss(network: EventReader, course: Course, held: Ints) -> float:
    """Return the weighted mean loss of held-out sequences."""
    part = course.features.take(held)
    rows = course.features.rows(held)
    told, label, weight = logits(network, part), course.labels[rows], course.weights[rows]
    loss = np.logaddexp(0.0, told) - told * label
    return float((loss * weight).sum() / max(float(weight.sum()), 1e-12))


def _held_out(course: Course, seed: int) -> tuple[Ints, Ints]:
    """Return sequences to learn from and to hold out: a share of either class.

    A class with fewer than five is learned from whole: it has nobody to spare.
    """
    rng, positive, held = stream(seed, "recurrent", "held out"), course.is_positive, []
    for members in (np.flatnonzero(positive), np.flatnonzero(~positive)):
        held.append(rng.permutation(members)[: int(HELD_OUT * len(members))])
    chosen = np.sort(np.concatenate(held))
    return np.setdiff1d(np.arange(len(positive)), chosen), chosen


def _epoch(
    course: Course, learned: Ints, rng: np.random.Generator
) -> Iterator[tuple[Ints, Floats]]:
    """Yield batches of about one length, and what each sequence of them stands for."""
    positive = course.is_positive[learned]
    normal = rng.permutation(learned[~positive])
    drawn = np.concatenate([learned[positive], normal[:MOST_NORMALS]])
    share = np.where(
        course.is_positive[drawn], 1.0, len(normal) / max(1, min(len(normal), MOST_NORMALS))
    )
    order = rng.permutation(len(drawn))
    batches = []
    for first in range(0, len(order), BATCH * POOL):
        pool = order[first : first + BATCH * POOL]
        pool = pool[np.argsort(course.features.lengths[drawn[pool]], kind="stable")]
        batches += [pool[k : k + BATCH] for k in range(0, len(pool), BATCH)]
    for k in rng.permutation(len(batches)):
        yield drawn[batches[k]], share[batches[k]]


def _base_rate(course: Course) -> float:
    """Return the log-odds of a label among all weight."""
    positive = float(course.weights[course.labels].sum())
    return math.log(positive / float(course.weights[~course.labels].sum()))


def _share(done: float) -> float:
    """Return the share of the largest rate after a share of the work."""
    if done < WARM_UP:
        return (done + 0.01) / (WARM_UP + 0.01)
    return 0.5 * (1.0 + math.cos(math.pi * (done - WARM_UP) / (1.0 - WARM_UP)))
