"""Free-running simulation: the generator rolls, the recovery network draws.

Sequences are sorted by length and the batch shrinks as they end. One thread,
so that the bytes do not depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from riskgen.data.panel import Clock, Floats, Layout, SequencePanel
from riskgen.models.timegan.drawing import UNIFORMS, RowDrawer
from riskgen.models.timegan.networks import CONTEXT_WIDTH, ContextBlock, EventNetworks
from riskgen.models.timegan.recall import RecallLayout, RunningRecall
from riskgen.models.timegan.regimes import Regimes
from riskgen.models.timegan.rows import RESERVED_CODES, RowCoder, Rows
from riskgen.models.timegan.support import Guide

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
    """

    layout: Layout
    context_block: ContextBlock
    networks: EventNetworks
    context_coder: RowCoder
    event_coder: RowCoder
    anchors: list[int]
    sources: list[int]
    regimes: Regimes | None

    def draw(
        self, n: int, rng: np.random.Generator, condition: Mapping[str, int], length: int | None
    ) -> SequencePanel:
        """Draw ``n`` sequences; ``length`` only for panels without a length field."""
        with torch.inference_mode(), one_thread():
            context, rows = self._contexts(n, rng, condition)
            lengths = self._lengths(context, length)
            order = np.argsort(-lengths, kind="stable")
            roll = _Roll(self, context[order], rows.codes[order], rows.numbers[order])
            if self.regimes is not None:
                roll.begin(self.regimes.draw(n, rng))
                for _ in range(BURN_IN):
                    roll.step(n, rng)
            ordered = lengths[order]
            steps = []
            for step in range(int(ordered[0])):
                alive = int(np.searchsorted(-ordered, -step, side="left"))
                steps.append(roll.step(alive, rng))
        return self._panel(context, lengths, order, steps)

    def _contexts(
        self, n: int, rng: np.random.Generator, condition: Mapping[str, int]
    ) -> tuple[Floats, Rows]:
        drawer = RowDrawer(self.context_block.heads, self.context_coder)
        uniforms = rng.random((n, UNIFORMS * len(self.layout.context_fields)))
        start = self.context_block.start.expand(n, -1).clone()
        return drawer.draw(start, uniforms, forced=condition)

    def _lengths(self, context: Floats, length: int | None) -> np.ndarray:
        if length is not None:
            return np.full(len(context), length, dtype=np.int64)
        if self.layout.clock is not None:
            return np.asarray(self.layout.clock.lengths(context), dtype=np.int64)
        column = self.layout.context_column("length")
        assert column is not None, "a panel has a length field, or the caller names a length"
        return np.maximum(np.rint(context[:, column]), 1).astype(np.int64)

    def _panel(
        self, context: Floats, lengths: np.ndarray, order: np.ndarray, steps: list[Floats]
    ) -> SequencePanel:
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        values = np.empty((int(offsets[-1]), len(self.layout.fields)))
        for step, drawn in enumerate(steps):
            values[offsets[order[: len(drawn)]] + step] = drawn
        return SequencePanel(self.layout, values, context, offsets)


class _Roll:
    """The running state of a batch of sequences, longest first."""

    def __init__(
        self, simulator: Simulator, context: Floats, codes: np.ndarray, numbers: np.ndarray
    ) -> None:
        generator = simulator.networks.generator
        self._generator, self._coder = generator, simulator.event_coder
        self._drawer = RowDrawer(simulator.networks.recovery, simulator.event_coder)
        self._volatility = simulator.networks.recovery.volatility
        self._clock: Clock | None = simulator.layout.clock
        self._fuse(simulator.networks)
        vector = generator.context_vector(torch.from_numpy(codes), torch.from_numpy(numbers))
        self._context_gates = vector @ self._gate_context + self._gate_bias
        self._context_step = vector @ self._step_context + self._step_bias
        n = len(context)
        levels = [item.levels for item in simulator.layout.fields if item.levels]
        self._recall = RunningRecall(
            RecallLayout(levels, simulator.anchors, simulator.sources), torch.from_numpy(codes)
        )
        self._hidden = torch.zeros(n, generator.recurrence.hidden_size)
        self._cell = torch.zeros_like(self._hidden)
        self._past = generator.history.start(n)
        self._tracked = simulator.layout.tracked
        self._states = [tracker.start(context) for tracker in self._tracked]
        starts = [
            self._coder.fields[c].levels + RESERVED_CODES - 1 for c in self._coder.level_columns
        ]
        self._codes = torch.tensor(starts, dtype=torch.int64).repeat(n, 1)
        self._numbers = torch.zeros(n, len(self._coder.number_columns))

    def _fuse(self, networks: EventNetworks) -> None:
        """Split weights into what is constant in a sequence and what changes."""
        recurrence, width = networks.generator.recurrence, CONTEXT_WIDTH
        weights = dict(recurrence.named_parameters())
        into, across = weights["weight_ih_l0"].T, weights["weight_hh_l0"].T
        self._gate_context = into[-width:].contiguous()
        self._gate = torch.cat([into[:-width], across]).contiguous()
        self._gate_bias = weights["bias_ih_l0"] + weights["bias_hh_l0"]
        layer = networks.supervisor.layer
        self._step_context = layer.weight.T[-width:].contiguous()
        self._step = layer.weight.T[:-width].contiguous()
        self._step_bias = layer.bias

    def begin(self, past: Floats) -> None:
        """Begin in the given states of :class:`History`."""
        self._past = past

    def step(self, alive: int, rng: np.random.Generator) -> Floats:
        """Draw the next event of the first ``alive`` sequences."""
        features, log_scale = self._features(alive)
        event = self._generator.event_reader(self._codes[:alive], self._numbers[:alive])
        inputs = torch.cat([event, features, self._hidden[:alive]], dim=1)
        gates = torch.addmm(self._context_gates[:alive], inputs, self._gate)
        self._turn(gates, alive)
        told = torch.cat([self._hidden, features], dim=1)
        representation = torch.addmm(self._context_step[:alive], told, self._step)
        uniforms = rng.random((alive, UNIFORMS * len(self._coder.fields)))
        guide = None
        if self._clock is not None:
            now = self._states[0][:alive]
            days = self._clock.day(now)
            guide = Guide.of(self._clock.bounds(now), self._clock.pace(now), days, self._clock)
        values, rows = self._drawer.draw(
            representation,
            uniforms,
            log_scale,
            recall=self._recall,
            guide=guide,
            told=self._drawer.heads.tracked(features),
        )
        self._codes, self._numbers = torch.from_numpy(rows.codes), torch.from_numpy(rows.numbers)
        self._recall.note(self._codes)
        self._past = self._generator.history.advance(self._past[:alive], rows.numbers)
        self._states = [
            tracker.advance(state[:alive], values)
            for tracker, state in zip(self._tracked, self._states, strict=True)
        ]
        return values

    def _features(self, alive: int) -> tuple[Tensor, Tensor | None]:
        past = torch.from_numpy(self._generator.history.features(self._past[:alive]))
        fresh = self._recall.novelty(alive)
        log_scale = self._volatility(past) if past.shape[1] else None
        told = [
            torch.from_numpy(tracker.features(state[:alive]).astype(np.float32))
            for tracker, state in zip(self._tracked, self._states, strict=True)
        ]
        return torch.cat([past, fresh, *told], dim=1), log_scale

    def _turn(self, gates: Tensor, alive: int) -> None:
        """Turn the LSTM cell once (gates in torch's order: in, forget, cell, out)."""
        enter, forget, candidate, leave = gates.chunk(4, dim=1)
        kept = torch.sigmoid(forget) * self._cell[:alive]
        self._cell = kept + torch.sigmoid(enter) * torch.tanh(candidate)
        self._hidden = torch.sigmoid(leave) * torch.tanh(self._cell)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread inside the block, as many as before after it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
