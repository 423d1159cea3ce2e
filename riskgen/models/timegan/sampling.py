"""Free-running simulation: the generator rolls, the recovery network draws.

The batch shrinks as sequences end. One thread, so that the bytes do not depend on
how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from riskgen.data.panel import Floats, Layout, SequencePanel
from riskgen.models.timegan.drawing import UNIFORMS, RowDrawer
from riskgen.models.timegan.ending import without_outcomes
from riskgen.models.timegan.networks import ContextBlock, EventNetworks
from riskgen.models.timegan.regimes import Regimes
from riskgen.models.timegan.rolling import Roll
from riskgen.models.timegan.rows import RowCoder, Rows
from riskgen.models.timegan.starts import Starts

BURN_IN = 20
"""Steps simulated and thrown away before a path, so that hidden state and volatility
belong together [J]."""


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
    regimes : Regimes or None
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
    regimes: Regimes | None
    starts: Starts | None = None

    def draw(
        self, n: int, rng: np.random.Generator, condition: Mapping[str, int], length: int | None
    ) -> SequencePanel:
        """Draw ``n`` sequences; ``length`` only for panels without a length field."""
        with torch.inference_mode(), one_thread():
            context, rows = self._contexts(n, rng, condition)
            shown = without_outcomes(rows, self.layout)
            roll = Roll(self, context, shown.codes, shown.numbers)
            if self.layout.clock is not None:
                return self._until_they_end(roll, context, rng)
            lengths = self._lengths(context, length)
            if self.regimes is not None:
                roll.begin(self.regimes.draw(n, rng))
                for _ in range(BURN_IN):
                    roll.step(rng)
            steps = [roll.step(rng) for _ in range(int(lengths.max()))]
        wanted = np.arange(len(steps))[None, :] < lengths[:, None]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return SequencePanel(self.layout, np.stack(steps, axis=1)[wanted], context, offsets)

    def _lengths(self, context: Floats, length: int | None) -> NDArray[np.int64]:
        if length is not None:
            return np.full(len(context), length, dtype=np.int64)
        column = self.layout.context_column("length")
        assert column is not None, "a panel has a length field, or the caller names a length"
        return np.maximum(np.rint(context[:, column]), 1).astype(np.int64)

    def _until_they_end(
        self, roll: Roll, context: Floats, rng: np.random.Generator
    ) -> SequencePanel:
        """Draw events until no sequence goes on, or the longest that is allowed is reached."""
        clock = self.layout.clock
        assert clock is not None
        drawn: list[tuple[NDArray[np.int64], Floats]] = []
        for step in range(clock.longest):
            if step and not roll.end(rng):
                break
            values = roll.step(rng)
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


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread inside the block, as many as before after it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
