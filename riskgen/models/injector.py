"""The rival without a network: rules stamped on real normal sequences.

PROTOCOL B1, arm P2: does a generator add anything over an injector of a page?
A normal sequence is a training sequence of label 0, word for word. A labelled
one is a normal one in which a run of events became a burst: events of other
customers at an extreme size, one soon after another. The rules are stated in
:class:`riskgen.models.stamp.Rules` and are never fitted on labelled sequences, of which
none are needed.

It knows panels only. The mechanisms of ``riskgen.simulate.mechanisms`` know a
table: they insert events with money, payees, night and balance at a severity,
and post them so that derived columns stay true. This one replaces events, so
that lengths stay what the context says, and knows no typology.

Like the bootstrap it repeats customers, and its state holds them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Layout, SequencePanel
from riskgen.errors import NotFittedError, TrainingError
from riskgen.models.base import Condition, OnCheckpoint, OnStep, State, StepReport
from riskgen.models.condition import checked_condition, checked_length
from riskgen.models.domain import EVENTS, Domain, check_learns
from riskgen.models.stamp import Donors, Rules, stamped
from riskgen.seeding import stream

Indices = NDArray[np.int64]


class Injector:
    """Resamples normal sequences and stamps bursts into some.

    Parameters
    ----------
    **options
        Fields of :class:`riskgen.models.stamp.Rules`.
    """

    key: ClassVar[str] = "injector"
    learns: ClassVar[frozenset[Domain]] = EVENTS
    chunk: ClassVar[int] = 1024

    def __init__(self, **options: Any) -> None:
        self.config = Rules(**options)
        self.config.check()
        self._donors: Donors | None = None
        self._rate = 0.0

    def fit(
        self,
        panel: SequencePanel,
        *,
        seed: int,
        on_step: OnStep | None = None,
        on_checkpoint: OnCheckpoint | None = None,
        resume: State | None = None,
    ) -> Self:
        """Keep the sequences of label 0; nothing is learned, so nothing is resumed.

        Raises
        ------
        TrainingError
            When the panel has no label, or no normal sequence with an event.
        """
        del seed, on_checkpoint, resume
        check_learns(self.key, self.learns, panel.layout)
        if panel.layout.context_column("label") is None:
            raise TrainingError(
                "The injector stamps labelled bursts, but this table has no label. Name the "
                "label's column with --label, or take 'bootstrap' or 'timegan'."
            )
        normal = np.flatnonzero((panel.context_codes("label") == 0) & (panel.lengths > 0))
        if not len(normal):
            raise TrainingError(
                f"None of the {panel.n_sequences} sequences is normal (label 0). The injector "
                "needs at least one to stamp a burst into."
            )
        self._donors = Donors.of(panel.take(normal), self.config)
        self._rate = float(panel.context_codes("label").mean())
        if on_step is not None:
            on_step(StepReport("resample", 1, 1.0, 0.0))
        return self

    def sample_chunk(
        self,
        index: int,
        *,
        seed: int,
        condition: Condition | None = None,
        length: int | None = None,
    ) -> SequencePanel:
        """Draw chunk number ``index``; see :class:`Generator`.

        Conditions on other context fields choose among the normal sequences.
        """
        donors = self._fitted()
        normals = donors.panel
        wanted = checked_condition(normals.layout, condition)
        checked_length(normals.layout, length, 1)
        rng = stream(seed, "sample", self.key, index)
        label = self._labels(wanted.pop("label", None), rng)
        eligible = normals.matching(wanted)
        if not len(eligible):
            raise NotFittedError(
                f"No normal training sequence has the wanted context ({wanted}). The injector "
                "can only repeat what it was given; ask for something else or use 'timegan'."
            )
        drawn = normals.take(eligible[rng.integers(len(eligible), size=self.chunk)])
        return stamped(drawn, label, donors, self.config, rng)

    def _labels(self, wanted: int | None, rng: np.random.Generator) -> NDArray[np.bool_]:
        share = self._rate if self.config.share is None else self.config.share
        share = share if wanted is None else float(wanted)
        return np.asarray(rng.random(self.chunk) < share)

    def state(self) -> State:
        """Return the normal sequences themselves, and the share of labelled ones."""
        normals = self._fitted().panel
        tensors: dict[str, NDArray[Any]] = {
            "values": normals.values,
            "context": normals.context,
            "offsets": normals.offsets,
        }
        config = {"generator": self.key, "options": asdict(self.config), "rate": self._rate}
        return State(config, tensors)

    @classmethod
    def from_state(cls, state: State, layout: Layout) -> Self:
        """Return the generator that ``state`` was taken from."""
        generator, parts = cls(**state.config["options"]), state.tensors
        normals = SequencePanel(layout, parts["values"], parts["context"], parts["offsets"])
        generator._donors = Donors.of(normals, generator.config)
        generator._rate = state.config["rate"]
        return generator

    def _fitted(self) -> Donors:
        if self._donors is None:
            raise NotFittedError("The injector has no data yet. Run 'riskgen fit' first.")
        return self._donors
