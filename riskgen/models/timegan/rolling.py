"""The running state of a batch of sequences while they are drawn.

Weights are split into what is constant in a sequence and what changes; rows of
sequences that have ended are dropped now and then. Decides nothing about how many
sequences there are or how long they may become.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from riskgen.data.panel import Clock, Floats
from riskgen.models.timegan.drawing import UNIFORMS, RowDrawer
from riskgen.models.timegan.ending import opened
from riskgen.models.timegan.networks import CONTEXT_WIDTH, EventNetworks
from riskgen.models.timegan.recall import RecallLayout, RunningRecall
from riskgen.models.timegan.renewal import RunningRenewal, kind_column
from riskgen.models.timegan.rows import RESERVED_CODES
from riskgen.models.timegan.support import Guide, Steer

if TYPE_CHECKING:
    from riskgen.models.timegan.sampling import Simulator

ROOM = 0.8
"""Part of the rows that must still go on; below it the others are dropped [J]."""


class Roll:
    """Sequences that are being drawn, one row each.

    Parameters
    ----------
    simulator : Simulator
        What draws them.
    context : ndarray of shape (n, n_context_fields)
        As drawn.
    codes, numbers : ndarray
        The same as the networks see it.
    """

    def __init__(
        self,
        simulator: Simulator,
        context: Floats,
        codes: NDArray[np.int64],
        numbers: NDArray[np.float32],
    ) -> None:
        layout, n = opened(simulator.layout), len(context)
        self._networks, self._coder = simulator.networks, simulator.event_coder
        self._drawer = RowDrawer(self._networks.recovery, self._coder)
        self._clock: Clock | None = layout.clock
        self._tracked, self._steerings = layout.tracked, layout.steerings
        generator = self._networks.generator
        told = torch.from_numpy(codes)
        self._vector = generator.context_vector(told, torch.from_numpy(numbers))
        self._fuse(self._networks)
        levels = [item.levels for item in layout.fields if item.levels]
        recalled = RecallLayout(levels, simulator.anchors, simulator.sources)
        self._recall = RunningRecall(recalled, told)
        column = kind_column(layout)
        self._kind = None if column is None else self._coder.level_columns.index(column)
        self._renewal = RunningRenewal(n, 0 if column is None else layout.fields[column].levels)
        self._hidden = torch.zeros(n, generator.recurrence.hidden_size)
        self._cell = torch.zeros_like(self._hidden)
        self._past = generator.history.start(n)
        self._states = [tracker.start(context) for tracker in self._tracked]
        starts = [
            self._coder.fields[c].levels + RESERVED_CODES - 1 for c in self._coder.level_columns
        ]
        self._codes = torch.tensor(starts, dtype=torch.int64).repeat(n, 1)
        self._numbers = torch.zeros(n, len(self._coder.number_columns))
        self._before = self._states[0] if self._states else np.zeros((n, 0))
        self._features: Tensor | None = None
        self._scale: Tensor | None = None
        self._rows = np.arange(n)
        self.alive = np.ones(n, dtype=bool)
        self.final = np.array(self._states[0]) if self._states else np.zeros((n, 0))

    @property
    def going(self) -> NDArray[np.int64]:
        """Numbers of the sequences that go on."""
        return self._rows[self.alive]

    def begin(self, past: Floats) -> None:
        """Begin in the given states of :class:`History`."""
        self._past = past

    def end(self, rng: np.random.Generator) -> bool:
        """Let sequences end where no event comes any more; returns whether any goes on."""
        self._read()
        assert self._features is not None
        assert self._clock is not None
        told = torch.cat([self._hidden, self._features, self._vector], dim=1)
        odds = self._networks.ending(told, self._guide(told))
        ended = self.alive & (rng.random(len(odds)) < torch.sigmoid(odds).double().numpy())
        self._note_final(ended)
        self.alive = self.alive & ~ended
        if len(self.alive) and self.alive.mean() < ROOM:
            self._drop()
        return bool(self.alive.any())

    def late(self) -> NDArray[np.bool_]:
        """Return which rows have come past the last observed day."""
        assert self._clock is not None
        return np.asarray(self._clock.day(self._states[0]) > self._clock.last_day)

    def leave(self, which: NDArray[np.bool_]) -> None:
        """End sequences at the event before the one that was just drawn."""
        ended = self.alive & which
        if self._states:
            self.final[self._rows[ended]] = self._before[ended]
        self.alive = self.alive & ~ended

    def stop(self) -> None:
        """End all sequences that still go on."""
        self._note_final(self.alive)

    def step(self, rng: np.random.Generator) -> Floats:
        """Draw the next event of each row, shape (n_rows, n_fields)."""
        self._read()
        features = self._features
        assert features is not None
        told = torch.cat([self._hidden, features], dim=1)
        representation = torch.addmm(self._context_step, told, self._step)
        values, rows = self._drawer.draw(
            representation,
            rng.random((len(told), UNIFORMS * len(self._coder.fields))),
            self._scale,
            recall=self._recall,
            guide=None if self._clock is None else self._guide(told, steered=True),
            told=self._drawer.heads.tracked(features),
        )
        self._codes, self._numbers = torch.from_numpy(rows.codes), torch.from_numpy(rows.numbers)
        self._recall.note(self._codes)
        self._past = self._networks.generator.history.advance(self._past, rows.numbers)
        self._before = self._states[0] if self._states else np.zeros((len(values), 0))
        self._states = [
            tracker.advance(state, values)
            for tracker, state in zip(self._tracked, self._states, strict=True)
        ]
        if self._clock is not None and self._kind is not None:
            day = torch.from_numpy(self._clock.day(self._states[0]))
            self._renewal.note(self._codes[:, self._kind], day)
        self._features = None
        return values

    def _read(self) -> None:
        """Read the event before, once: turn the LSTM cell and look at clock and trackers."""
        if self._features is not None:
            return
        past = torch.from_numpy(self._networks.generator.history.features(self._past))
        fresh = self._recall.novelty(len(past))
        self._scale = self._networks.recovery.volatility(past) if past.shape[1] else None
        told = [
            torch.from_numpy(tracker.features(state).astype(np.float32))
            for tracker, state in zip(self._tracked, self._states, strict=True)
        ]
        self._features = torch.cat([past, fresh, *told], dim=1)
        event = self._networks.generator.event_reader(self._codes, self._numbers)
        inputs = torch.cat([event, self._features, self._hidden], dim=1)
        self._turn(torch.addmm(self._context_gates, inputs, self._gate))

    def _turn(self, gates: Tensor) -> None:
        """Turn the LSTM cell once (gates in torch's order: in, forget, cell, out)."""
        enter, forget, candidate, leave = gates.chunk(4, dim=1)
        kept = torch.sigmoid(forget) * self._cell
        self._cell = kept + torch.sigmoid(enter) * torch.tanh(candidate)
        self._hidden = torch.sigmoid(leave) * torch.tanh(self._cell)

    def _guide(self, rows: Tensor, steered: bool = False) -> Guide:
        clock, now = self._clock, self._states[0]
        assert clock is not None
        steers = {}
        for item in self._steerings if steered else ():
            state = self._states[self._tracked.index(item)]
            steers[item.steers] = Steer(item, item.known(state))
        day, last = clock.day(now), self._renewal.last(len(rows))
        due = self._renewal.due(day)
        return Guide.of(clock.bounds(now), clock.pace(now), day, clock, last, due, steers)

    def _fuse(self, networks: EventNetworks) -> None:
        recurrence, width = networks.generator.recurrence, CONTEXT_WIDTH
        weights = dict(recurrence.named_parameters())
        into, across = weights["weight_ih_l0"].T, weights["weight_hh_l0"].T
        self._gate = torch.cat([into[:-width], across]).contiguous()
        bias = weights["bias_ih_l0"] + weights["bias_hh_l0"]
        self._context_gates = self._vector @ into[-width:] + bias
        layer = networks.supervisor.layer
        self._step = layer.weight.T[:-width].contiguous()
        self._context_step = self._vector @ layer.weight.T[-width:] + layer.bias

    def _note_final(self, which: NDArray[np.bool_]) -> None:
        if self._states:
            self.final[self._rows[which]] = self._states[0][which]

    def _drop(self) -> None:
        """Drop the rows of sequences that have ended."""
        keep = np.flatnonzero(self.alive)
        index = torch.from_numpy(keep)
        for name in ("_vector", "_context_gates", "_context_step", "_hidden", "_cell"):
            setattr(self, name, getattr(self, name)[index])
        for name in ("_codes", "_numbers", "_features", "_scale"):
            held = getattr(self, name)
            setattr(self, name, None if held is None else held[index])
        self._past = self._past[keep]
        self._states = [state[keep] for state in self._states]
        self._recall.keep(index)
        self._renewal.keep(index)
        self._rows, self.alive = self._rows[keep], self.alive[keep]
