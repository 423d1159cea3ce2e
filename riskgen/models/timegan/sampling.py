"""Free-running simulation: the generator rolls, the recovery network draws.

The batch shrinks as sequences end. One thread, so that the bytes do not depend on
how many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from riskgen.data.panel import Floats, Layout, SequencePanel, concatenate_panels
from riskgen.models.timegan.drawing import UNIFORMS, RowDrawer
from riskgen.models.timegan.ending import without_outcomes
from riskgen.models.timegan.networks import ContextBlock, EventNetworks
from riskgen.models.timegan.pasts import RecentPast
from riskgen.models.timegan.regimes import Regimes
from riskgen.models.timegan.rolling import Roll
from riskgen.models.timegan.rows import RowCoder, Rows
from riskgen.models.timegan.starts import Starts

FENCE = 2
"""A history may become so many times as long as the longest that was learned [J]."""

REDRAWS = 8
"""How often a labelled sequence without a labelled event is drawn again [J]."""

SPARE = 0.25
"""Part of a chunk that may be added for such tries from the start [J]."""


@dataclass(frozen=True)
class Simulator:
    """A fitted TimeGAN, frozen for sampling.

    Attributes
    ----------
    layout : Layout
        Of the panels to draw.
    context_block, networks : nn.Module
        With their best weights, in evaluation mode.
    context_coder, event_coder : RowCoder
        As fitted.
    anchors, sources : list of int
        As chosen by :func:`choose_anchors` and :func:`choose_sources`.
    regimes : Regimes, RecentPast or None
        Where paths begin; None when sequences have a true beginning.
    starts : Starts or None
        Where windows of levels begin.
    """

    layout: Layout
    context_block: ContextBlock
    networks: EventNetworks
    context_coder: RowCoder
    event_coder: RowCoder
    anchors: list[int]
    sources: list[int]
    regimes: Regimes | RecentPast | None
    starts: Starts | None = None

    def draw(
        self, n: int, rng: np.random.Generator, condition: Mapping[str, int], length: int | None
    ) -> SequencePanel:
        """Draw ``n`` sequences; ``length`` only for panels without a length field."""
        with torch.inference_mode(), one_thread():
            context, rows = self._contexts(n, rng, condition)
            shown = without_outcomes(rows, self.layout)
            if self.layout.clock is not None:
                return self._labelled(context, shown, rng)
            roll = Roll(self, context, shown.codes, shown.numbers)
            lengths = self._lengths(context, length)
            if self.regimes is not None:
                self.regimes.open(roll, n, rng)
            steps = [roll.step(rng) for _ in range(int(lengths.max()))]
        wanted = np.arange(len(steps))[None, :] < lengths[:, None]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return SequencePanel(self.layout, np.stack(steps, axis=1)[wanted], context, offsets)

    def following(
        self, pasts: Floats, n: int, rngs: Iterable[np.random.Generator]
    ) -> Iterator[Floats]:
        """Yield ``n`` rows that may follow each past; see :class:`Foresight`.

        All pasts are lived through side by side, as :class:`RecentPast` lives through one.
        """
        # No torch mode is left on while the caller works with what was yielded.
        with torch.inference_mode(), one_thread():
            context, rows = self._contexts(len(pasts), np.random.default_rng(0), {})
            shown = without_outcomes(rows, self.layout)
            roll = Roll(self, context, shown.codes, shown.numbers)
            for day in range(pasts.shape[1]):
                roll.show(pasts[:, day])
        for row, rng in enumerate(rngs):
            with torch.inference_mode(), one_thread():
                drawn = roll.ahead(row, n, rng)
            yield drawn

    def _lengths(self, context: Floats, length: int | None) -> NDArray[np.int64]:
        if length is not None:
            return np.full(len(context), length, dtype=np.int64)
        column = self.layout.context_column("length")
        assert column is not None, "a panel has a length field, or the caller names a length"
        return np.maximum(np.rint(context[:, column]), 1).astype(np.int64)

    def _labelled(self, context: Floats, shown: Rows, rng: np.random.Generator) -> SequencePanel:
        """Draw sequences; those that lack the event their label promises are drawn again.

        An entity is labelled because one of its events is. Drawn freely, a third of
        a bank's labelled customers had none, and the label rate fell with them.
        """
        n, wanted = len(context), labelled(self.layout, context)
        # Steps cost more than rows: as many tries in the first roll as rows cost little.
        spare = min(int(SPARE * n) // max(len(wanted), 1), REDRAWS)
        rows = np.concatenate([np.arange(n), np.tile(wanted, spare)])
        panel = self._until_they_end(context[rows], shown.take(rows), rng)
        panel = first_tries(panel, wanted, n)
        left, lacking = REDRAWS - spare, lacking_label(panel)
        while left and len(lacking):
            tries = min(max(n // len(lacking), 1), left)
            rows = np.tile(lacking, tries)
            again = self._until_they_end(context[rows], shown.take(rows), rng)
            panel = first_tries(concatenate_panels([panel, again]), lacking, n)
            left, lacking = left - tries, lacking_label(panel)
        return panel

    def _until_they_end(
        self, context: Floats, shown: Rows, rng: np.random.Generator
    ) -> SequencePanel:
        """Draw events until no sequence goes on, or a fence against run-away histories."""
        clock = self.layout.clock
        assert clock is not None
        roll = Roll(self, context, shown.codes, shown.numbers)
        drawn: list[tuple[NDArray[np.int64], Floats]] = []
        for step in range(FENCE * clock.longest):
            if step and not roll.end(rng):
                break
            values = roll.step(rng)
            # What would come after the last observed day was never seen.
            roll.leave(roll.late() & (step > 0))
            drawn.append((roll.going, values[roll.alive]))
        roll.stop()
        owner = np.concatenate([going for going, _ in drawn])
        order = np.argsort(owner, kind="stable")
        lengths = np.bincount(owner, minlength=len(context))
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        context = clock.concluded(context, lengths, roll.final)
        values = np.concatenate([values for _, values in drawn])[order]
        return SequencePanel(self.layout, values, context, offsets)

    def _contexts(
        self, n: int, rng: np.random.Generator, condition: Mapping[str, int]
    ) -> tuple[Floats, Rows]:
        drawer = RowDrawer(self.context_block.heads, self.context_coder)
        uniforms = rng.random((n, UNIFORMS * len(self.layout.context_fields)))
        start = self.context_block.start.expand(n, -1).clone()
        forced: dict[str, Any] = dict(condition)
        if self.starts is not None:
            forced = self.starts.draw(n, self.context_coder, forced, rng)
        return drawer.draw(start, uniforms, forced=forced)


def labelled(layout: Layout, context: Floats) -> NDArray[np.int64]:
    """Return the sequences with a label that one of their events has to have."""
    fields, label = layout.fields, layout.context_column("label")
    if label is None or not fields or fields[0].name != "label":
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(context[:, label] >= 1.0)


def lacking_label(panel: SequencePanel) -> NDArray[np.int64]:
    """Return the sequences with a label of which no event has one, where events have labels."""
    wanted = labelled(panel.layout, panel.context)
    if not len(wanted):
        return wanted
    owner = np.repeat(np.arange(panel.n_sequences), panel.lengths)
    found = np.bincount(owner, panel.values[:, 0] >= 1.0, minlength=panel.n_sequences)
    return np.asarray(wanted[found[wanted] == 0])


def first_tries(panel: SequencePanel, again: NDArray[np.int64], n: int) -> SequencePanel:
    """Return ``n`` sequences, of some the first try that has a labelled event, else the last.

    Parameters
    ----------
    panel : SequencePanel
        The ``n`` sequences, then rounds of further tries of some.
    again : ndarray of int64
        Which those are.
    n : int
        Sequences.
    """
    if panel.n_sequences == n:
        return panel
    tries = np.concatenate([again[None], np.arange(n, panel.n_sequences).reshape(-1, len(again))])
    found = ~np.isin(tries, lacking_label(panel))
    first = np.where(found.any(axis=0), found.argmax(axis=0), len(tries) - 1)
    order = np.arange(n)
    order[again] = tries[first, np.arange(len(again))]
    return panel.take(order)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread inside the block, as many as before after it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
