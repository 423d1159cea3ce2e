"""Free-running simulation: a latent, a context, then event after event.

Knows decoders and the law of the latent, not the encoder. One thread, so that
the bytes do not depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from riskgen.data.panel import Floats, Layout, SequencePanel
from riskgen.models.condition import has_own_length
from riskgen.models.timegan.ahead import Ahead
from riskgen.models.timegan.drawing import UNIFORMS, RowDrawer
from riskgen.models.timegan.rows import RowCoder
from riskgen.models.timegan.sampling import one_thread
from riskgen.models.timegan.support import Guide
from riskgen.models.timevae.latent import LatentLaw
from riskgen.models.timevae.networks import ContextDecoder, EventDecoder
from riskgen.models.timevae.sequences import place_feature, start_row

CANDIDATES = 32
"""Latents from which one is chosen when a context field other than the label is
wanted (sampling, importance, resampling: Rubin 1987) [J]."""


@dataclass(frozen=True)
class Simulator:
    """A fitted TimeVAE, frozen for sampling.

    Attributes
    ----------
    layout : Layout
        Of the panels to draw.
    contexts, events : nn.Module
        With their best weights, in evaluation mode.
    context_coder, event_coder : RowCoder
        As fitted.
    law : LatentLaw
        Where latents are drawn from.
    window : int
        Steps of a path that share a latent.
    """

    layout: Layout
    contexts: ContextDecoder
    events: EventDecoder
    context_coder: RowCoder
    event_coder: RowCoder
    law: LatentLaw
    window: int

    def draw(
        self, n: int, rng: np.random.Generator, condition: Mapping[str, int], length: int | None
    ) -> SequencePanel:
        """Draw ``n`` sequences; ``length`` only for panels without a length field."""
        with torch.inference_mode(), one_thread():
            n_windows = 1 if length is None else -(-length // self.window)
            z, context = self._start(n, rng, condition, n_windows)
            lengths = self._lengths(context, length)
            order = np.argsort(-lengths, kind="stable")
            roll = _Roll(self, z[:, order], context[order])
            ordered, steps = lengths[order], []
            for step in range(int(ordered[0])):
                alive = int(np.searchsorted(-ordered, -step, side="left"))
                steps.append(roll.step(step, alive, rng))
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        values = np.empty((int(offsets[-1]), len(self.layout.fields)))
        for step, drawn in enumerate(steps):
            values[offsets[order[: len(drawn)]] + step] = drawn
        return SequencePanel(self.layout, values, context, offsets)

    def _lengths(self, context: Floats, length: int | None) -> NDArray[np.int64]:
        if length is not None:
            return np.full(len(context), length, dtype=np.int64)
        if self.layout.clock is not None:
            return np.asarray(self.layout.clock.lengths(context), dtype=np.int64)
        column = self.layout.context_column("length")
        assert column is not None, "a panel has a length field, or the caller names a length"
        return np.maximum(np.rint(context[:, column]), 1).astype(np.int64)

    def _start(
        self, n: int, rng: np.random.Generator, condition: Mapping[str, int], n_windows: int
    ) -> tuple[Floats, Floats]:
        """Return latents (n_windows, n, latent) and contexts (n, n_context_fields)."""
        wanted = {k: v for k, v in condition.items() if not (k == "label" and self.contexts.given)}
        labels = self._labels(n * CANDIDATES if wanted else n, rng, condition)
        z = self.law.draw(labels, n_windows, rng)
        context = self._contexts(z[0], labels, wanted, rng)
        if wanted:
            chosen = self._chosen(z[0], context, wanted, rng)
            z, context = z[:, chosen], context[chosen]
        return z, context

    def _labels(
        self, n: int, rng: np.random.Generator, condition: Mapping[str, int]
    ) -> NDArray[np.int64]:
        if not self.contexts.given:
            return np.zeros(n, dtype=np.int64)
        uniform = rng.random(n)
        if "label" in condition:
            return np.full(n, condition["label"], dtype=np.int64)
        ladder = np.cumsum(self.contexts.get_buffer("label_share").double().numpy())
        return np.minimum(np.searchsorted(ladder, uniform, side="right"), len(ladder) - 1)

    def _contexts(
        self,
        z: Floats,
        labels: NDArray[np.int64],
        wanted: Mapping[str, int],
        rng: np.random.Generator,
    ) -> Floats:
        n, fields = len(z), self.layout.context_fields
        uniforms = rng.random((n, UNIFORMS * len(fields)))
        context = np.zeros((n, len(fields)))
        if not fields:
            return context
        drawer = RowDrawer(self.contexts.heads, self.context_coder)
        told = self.contexts.representation(torch.from_numpy(z).float())
        for label in np.unique(labels):
            mine = np.flatnonzero(labels == label)
            forced = {**wanted, "label": int(label)} if self.contexts.given else wanted
            context[mine], _ = drawer.draw(told[mine].clone(), uniforms[mine], forced=forced)
        return context

    def _chosen(
        self, z: Floats, context: Floats, wanted: Mapping[str, int], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Return one of each group of candidates, by how likely it has what is wanted."""
        columns = [self.layout.context_column(name) for name in wanted]
        rows = self.context_coder.encode(context)
        parts = [torch.from_numpy(part) for part in (rows.codes, rows.numbers, rows.applies)]
        told = self.contexts.log_likelihood(torch.from_numpy(z).float(), *parts)
        likely = told[:, columns].sum(dim=1).double().numpy().reshape(-1, CANDIDATES)
        noisy = likely + rng.gumbel(size=likely.shape)
        return np.asarray(np.arange(len(likely)) * CANDIDATES + noisy.argmax(axis=1))


class _Roll:
    """The running state of a batch of sequences, longest first."""

    def __init__(self, simulator: Simulator, z: Floats, context: Floats) -> None:
        self._simulator, self._decoder = simulator, simulator.events
        self._drawer = RowDrawer(self._decoder.heads, simulator.event_coder)
        self._tracked, self._clock = simulator.layout.tracked, simulator.layout.clock
        self._ahead = None if self._clock is None else Ahead.of(self._clock)
        self._states = [tracker.start(context) for tracker in self._tracked]
        self._z = torch.from_numpy(z).float()
        rows = simulator.context_coder.encode(context)
        self._context = (torch.from_numpy(rows.codes), torch.from_numpy(rows.numbers))
        self._period = None if has_own_length(simulator.layout) else simulator.window
        codes, numbers = start_row(simulator.event_coder)
        self._codes, self._numbers = codes.repeat(len(context), 1), numbers.repeat(len(context), 1)
        self._begin(0)

    def _begin(self, window: int) -> None:
        """Let the next window's latent drive the recurrence from its start."""
        self._shared = self._decoder.shared_vector(self._z[window], *self._context)
        self._hidden = self._decoder.first_state(self._shared)

    def step(self, step: int, alive: int, rng: np.random.Generator) -> Floats:
        """Draw event number ``step`` of the first ``alive`` sequences."""
        place = step if self._period is None else step % self._period
        if step and place == 0:
            self._begin(step // (self._period or 1))
        told, self._hidden = self._decoder.roll(
            self._shared[:alive],
            self._features(alive, place)[None],
            self._codes[None, :alive],
            self._numbers[None, :alive],
            self._hidden[:alive].contiguous(),
        )
        uniforms = rng.random((alive, UNIFORMS * len(self._simulator.layout.fields)))
        values, rows = self._drawer.draw(told[0].clone(), uniforms, guide=self._guide(alive))
        self._codes, self._numbers = torch.from_numpy(rows.codes), torch.from_numpy(rows.numbers)
        self._states = [
            tracker.advance(state[:alive], values)
            for tracker, state in zip(self._tracked, self._states, strict=True)
        ]
        return values

    def _features(self, alive: int, place: int) -> Tensor:
        told = [
            torch.from_numpy(tracker.features(state[:alive]).astype(np.float32))
            for tracker, state in zip(self._tracked, self._states, strict=True)
        ]
        return torch.cat([*told, place_feature(np.full(alive, place))], dim=1)

    def _guide(self, alive: int) -> Guide | None:
        if self._clock is None or self._ahead is None:
            return None
        now, clock = self._states[0][:alive], self._clock
        return Guide.of(clock.bounds(now), clock.pace(now), clock.now(now), self._ahead)
