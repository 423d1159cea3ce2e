"""SDV's PAR as a generator: the peer that users know, behind our protocol.

PARSynthesizer is a Gaussian copula of contexts and deepecho's PARModel, joined by
transformers of tables. Here the panel takes the transformers' place: levels are
categories, continuous fields are numbers, and for the same table and first weights
the network is that of PARSynthesizer (a test compares the two). Licence: deepecho
and SDV are under the Business Source License 1.1, which forbids offering them as
a service to others; riskgen imports them when this generator is asked for, and
copies nothing of them.

What differs, in PAR's favour: places inside levels are drawn uniformly, times come
from gap levels, so that they never run backwards, and a sequence has as many
events as its drawn context says. PAR's own end of sequence is not used: it could
say a length that the context denies.

What is PAR's: all sequences are one batch, so ``epochs`` is the number of optimiser
steps in all; fields of one event are independent given what came before; a
continuous field's loss reads the padded end of shorter sequences.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Floats, Layout, SequencePanel
from riskgen.errors import NotFittedError, RiskgenError, TrainingError
from riskgen.models.base import Condition, OnCheckpoint, OnStep, State, StepReport
from riskgen.models.condition import checked_condition, checked_length
from riskgen.models.domain import BOTH, Domain, check_learns, domain_of
from riskgen.models.par import network
from riskgen.models.par.context import ContextCopula
from riskgen.models.par.sequences import data_types, sequences, values_of, windows
from riskgen.seeding import stream


@dataclass(frozen=True)
class PARConfig:
    """Options of :class:`PAR`.

    Attributes
    ----------
    epochs : int
        Passes over the data, each one optimiser step; SDV's default.
    window : int
        Steps of the pieces that a long path is cut into: a quarter of trading days [J].
    max_seconds : float or None
        Wall-clock limit of training; SDV has none. Gives up same seed, same weights.
    """

    epochs: int = 128
    window: int = 60
    max_seconds: float | None = None

    def check(self) -> None:
        """Raise RiskgenError when an option makes no sense."""
        if self.epochs < 1 or self.window < 2:
            raise RiskgenError(
                f"PAR cannot train {self.epochs} epochs on windows of {self.window} steps. "
                "Give at least 1 epoch and 2 steps."
            )


class PAR:
    """Probabilistic autoregressive model of SDV (PARSynthesizer).

    Parameters
    ----------
    **options
        Fields of :class:`PARConfig`.
    """

    key: ClassVar[str] = "par"
    learns: ClassVar[frozenset[Domain]] = BOTH
    chunk: ClassVar[int] = 16
    """Few, since sequences are drawn one at a time [J]."""

    def __init__(self, **options: Any) -> None:
        self.config = PARConfig(**options)
        self.config.check()
        self._fit: tuple[Layout, ContextCopula, Any] | None = None

    def fit(
        self,
        panel: SequencePanel,
        *,
        seed: int,
        on_step: OnStep | None = None,
        on_checkpoint: OnCheckpoint | None = None,
        resume: State | None = None,
    ) -> Self:
        """Learn ``panel``; PAR cannot be resumed, so an interruption leaves nothing.

        Raises
        ------
        TrainingError
            When the panel has no events, or on divergence.
        """
        del on_checkpoint, resume
        check_learns(self.key, self.learns, panel.layout)
        if domain_of(panel.layout) == "market":
            panel = windows(panel, self.config.window)
        panel = panel.take(np.flatnonzero(panel.lengths > 0))
        if not len(panel.values):
            raise TrainingError("The panel has no events. Give PAR at least one.")
        rng = stream(seed, self.key, "context")
        copula = ContextCopula.fit(panel.layout.context_fields, panel.context, rng)
        lists = sequences(panel, copula.inputs(panel.context, rng))
        model = network.train(
            lists,
            data_types(panel.layout),
            epochs=self.config.epochs,
            seed=seed,
            watch=self._watch(panel, on_step),
        )
        self._fit = (panel.layout, copula, model)
        return self

    def _watch(self, panel: SequencePanel, on_step: OnStep | None) -> network.Watch:
        start, epochs = time.monotonic(), self.config.epochs
        limit = float("inf") if self.config.max_seconds is None else self.config.max_seconds
        # deepecho divides by sequences twice, and by columns with its token of the end.
        columns = len(panel.layout.fields) + 1
        nats = columns * panel.n_sequences**2 / len(panel.values)

        def watch(done: int, loss: float) -> bool:
            spent = time.monotonic() - start
            if on_step is not None:
                fraction = min(max(done / epochs, spent / limit), 1.0)
                on_step(StepReport("par", done, fraction, nats * loss))
            return spent > limit

        return watch

    def sample_chunk(
        self,
        index: int,
        *,
        seed: int,
        condition: Condition | None = None,
        length: int | None = None,
    ) -> SequencePanel:
        """Draw chunk number ``index``; see :class:`Generator`.

        A condition is exact; other context fields are drawn given it.
        """
        layout, copula, model = self._fitted()
        wanted = checked_condition(layout, condition)
        steps = checked_length(layout, length, self.config.window)
        rng = stream(seed, "sample", self.key, index)
        context, seen = copula.draw(self.chunk, wanted, rng)
        lengths = _lengths(layout, context, steps)
        drawn = network.draw(model, seen, lengths, seed=seed, index=index)
        values = values_of(drawn, layout, context, lengths, rng)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return SequencePanel(layout, values, context, offsets)

    def state(self) -> State:
        """Return the network's weights and the context's frequencies and correlations."""
        _, copula, model = self._fitted()
        described, tensors = network.taken_apart(model)
        for number, margin in enumerate(copula.margins):
            tensors[f"context.margin.{number}"] = margin
        tensors["context.correlation"] = copula.correlation
        options = {"generator": self.key, "options": asdict(self.config)}
        return State({**options, "network": described}, tensors)

    @classmethod
    def from_state(cls, state: State, layout: Layout) -> Self:
        """Return the generator that ``state`` was taken from."""
        generator, tensors = cls(**state.config["options"]), state.tensors
        fields = layout.context_fields
        margins: tuple[Floats, ...] = tuple(
            tensors[f"context.margin.{number}"] for number in range(len(fields))
        )
        copula = ContextCopula(fields, margins, tensors["context.correlation"])
        model = network.rebuilt(state.config["network"], tensors)
        generator._fit = (layout, copula, model)
        return generator

    def _fitted(self) -> tuple[Layout, ContextCopula, Any]:
        if self._fit is None:
            raise NotFittedError("PAR has not been trained yet. Run 'riskgen fit' first.")
        return self._fit


def _lengths(layout: Layout, context: Floats, steps: int | None) -> NDArray[np.int64]:
    if steps is not None:
        return np.full(len(context), steps, dtype=np.int64)
    assert layout.clock is not None, "sequences that have their own length have a clock"
    return layout.clock.lengths(context)
