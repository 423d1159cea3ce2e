"""What every generator promises, whatever it is made of.

Knows panels, not where they came from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Layout, SequencePanel, concatenate_panels
from riskgen.models.domain import Domain

Condition = Mapping[str, int]
"""Wanted level of some context fields, for example ``{"label": 1}``."""


@dataclass(frozen=True, eq=False)
class State:
    """All that a fitted generator needs to sample again: plain data only.

    Attributes
    ----------
    config : dict
        JSON values.
    tensors : dict of str to ndarray
        Named arrays, written as safetensors.
    """

    config: dict[str, Any]
    tensors: dict[str, NDArray[Any]] = field(repr=False)


@dataclass(frozen=True)
class StepReport:
    """How training stands, for a progress bar and the training log.

    ``fraction`` is the part of the budget used (0..1); ``loss`` the training
    loss in nats per event; ``held_out`` the latest loss on sequences set aside
    within the training panel, if known.
    """

    phase: str
    step: int
    fraction: float
    loss: float
    held_out: float | None = None


OnStep = Callable[[StepReport], None]
OnCheckpoint = Callable[[State], None]


class Generator(Protocol):
    """Learns a panel, then draws sequences like it.

    Law: sequences come in chunks of ``chunk`` and chunk ``i`` depends only on
    the fitted state, the condition, the seed and ``i``; so ``sample(n)`` is a
    prefix of ``sample(m)`` for n <= m, whatever the batch, worker or engine.

    ``learns`` names the kinds of panel that :meth:`fit` takes; it refuses others
    with a TrainingError that names a generator that can. The panel is never
    changed, nor is any global random state.
    """

    key: ClassVar[str]
    learns: ClassVar[frozenset[Domain]]

    @property
    def chunk(self) -> int:
        """Sequences in a chunk: fixed by the fitted state, whatever is asked for."""

    def fit(
        self,
        panel: SequencePanel,
        *,
        seed: int,
        on_step: OnStep | None = None,
        on_checkpoint: OnCheckpoint | None = None,
        resume: State | None = None,
    ) -> Self:
        """Learn ``panel``; raises TrainingError on collapse or divergence."""

    def sample_chunk(
        self,
        index: int,
        *,
        seed: int,
        condition: Condition | None = None,
        length: int | None = None,
    ) -> SequencePanel:
        """Draw chunk number ``index``; ``length`` is for panels without a length field."""

    def state(self) -> State:
        """Return what :meth:`from_state` needs; raises NotFittedError before fit."""

    @classmethod
    def from_state(cls, state: State, layout: Layout) -> Self:
        """Return the generator that ``state`` was taken from."""


def sample(
    generator: Generator,
    n: int,
    *,
    seed: int,
    condition: Condition | None = None,
    length: int | None = None,
) -> SequencePanel:
    """Draw ``n`` sequences: the first ``n`` of chunk 0, chunk 1 and so on.

    Parameters
    ----------
    generator : Generator
        A fitted generator.
    n : int
        Number of sequences, at least 1.
    seed : int
        Same seed, same sequences.
    condition : mapping or None
        Wanted levels of context fields.
    length : int or None
        Steps of each sequence, for panels that are windows of one path.
    """
    n_chunks = -(-n // generator.chunk)
    parts = [
        generator.sample_chunk(i, seed=seed, condition=condition, length=length)
        for i in range(n_chunks)
    ]
    return concatenate_panels(parts).take(np.arange(n))
