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
from torch import Tensor, nn

from riskgen.data.panel import Clock, Floats
from riskgen.models.timegan.ahead import Ahead
from riskgen.models.timegan.cell import RunningCell
from riskgen.models.timegan.drawing import UNIFORMS, RowDrawer
from riskgen.models.timegan.ending import opened
from riskgen.models.timegan.networks import CONTEXT_WIDTH, EventNetworks
from riskgen.models.timegan.recall import RecallLayout
from riskgen.models.timegan.recalling import RunningRecall
from riskgen.models.timegan.renewal import RunningRenewal, kind_column
from riskgen.models.timegan.rows import RESERVED_CODES, Rows
from riskgen.models.timegan.support import Guide
from riskgen.models.timegan.trackers import RunningTrackers

if TYPE_CHECKING:
    from riskgen.models.timegan.sampling import Simulator

ROOM = 0.9
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
        self._ahead = None if layout.clock is None else Ahead.of(layout.clock)
        self._trackers = RunningTrackers(layout, context)
        generator = self._networks.generator
        told = torch.from_numpy(codes)
        self._vector = generator.context_vector(told, torch.from_numpy(numbers))
        levels = [item.levels for item in layout.fields if item.levels]
        recalled = RecallLayout(levels, simulator.anchors, simulator.sources)
        self._recall = RunningRecall(recalled, told)
        column = kind_column(layout)
        self._kind = None if column is None else self._coder.level_columns.index(column)
        self._renewal = RunningRenewal(n, self._networks.rolls)
        self._cell = RunningCell(generator, self._vector)
        self._context_ending: Tensor | None = None
        self._fuse(self._networks)
        self._past = generator.history.start(n)
        starts = [
            self._coder.fields[c].levels + RESERVED_CODES - 1 for c in self._coder.level_columns
        ]
        self._codes = torch.tensor(starts, dtype=torch.int64).repeat(n, 1)
        self._numbers = torch.zeros(n, len(self._coder.number_columns))
        self._before = self._trackers.first
        self._told: Tensor | None = None
        self._guide: Guide | None = None
        self._scale: Tensor | None = None
        self._rows = np.arange(n)
        self.alive = np.ones(n, dtype=bool)
        self.final = np.array(self._trackers.first)

    @property
    def going(self) -> NDArray[np.int64]:
        """Numbers of the sequences that go on."""
        return self._rows[self.alive]

    def begin(self, past: Floats) -> None:
        """Begin in the given states of :class:`History`."""
        self._past = past

    def end(self, rng: np.random.Generator) -> bool:
        """Let sequences end where no event comes any more; returns whether any goes on."""
        told = self._read()
        assert self._guide is not None
        assert self._context_ending is not None
        units = torch.addmm(self._context_ending, told, self._ending)
        odds = self._networks.ending.weighed(units, self._guide)
        ended = self.alive & (rng.random(len(odds)) < torch.sigmoid(odds).double().numpy())
        self._note_final(ended)
        self.alive = self.alive & ~ended
        if len(self.alive) and self.alive.mean() < ROOM:
            self._drop()
        return bool(self.alive.any())

    def late(self) -> NDArray[np.bool_]:
        """Return which rows have come past the last observed day."""
        assert self._clock is not None
        return np.asarray(self._clock.day(self._trackers.first) > self._clock.last_day)

    def leave(self, which: NDArray[np.bool_]) -> None:
        """End sequences at the event before the one that was just drawn."""
        ended = self.alive & which
        self.final[self._rows[ended]] = self._before[ended]
        self.alive = self.alive & ~ended

    def stop(self) -> None:
        """End all sequences that still go on."""
        self._note_final(self.alive)

    def step(self, rng: np.random.Generator) -> Floats:
        """Draw the next event of each row, shape (n_rows, n_fields)."""
        told = self._read()
        values, rows = self._drawer.draw(
            torch.addmm(self._context_step, told, self._step),
            rng.random((len(told), UNIFORMS * len(self._coder.fields))),
            self._scale,
            recall=self._recall,
            guide=self._guide,
            told=self._drawer.heads.tracked(told),
        )
        self._go_past(values, rows)
        return values

    def ahead(self, row: int, n: int, rng: np.random.Generator) -> Floats:
        """Draw ``n`` times what may come next in one row, (n, n_fields); nothing goes on.

        For market paths: no levels to recall and no calendar.
        """
        assert self._clock is None, "a path has no calendar"
        assert not self._coder.level_columns, "a path has no levels"
        told = self._read()[row : row + 1]
        values, _ = self._drawer.draw(
            torch.addmm(self._context_step[row : row + 1], told, self._step).repeat(n, 1),
            rng.random((n, UNIFORMS * len(self._coder.fields))),
            None if self._scale is None else self._scale[row].expand(n, -1),
            told=self._drawer.heads.tracked(told.expand(n, -1)),
        )
        return values

    def show(self, values: Floats) -> None:
        """Go on past known rows (n_rows, n_fields) instead of drawing them."""
        self._read()
        self._go_past(values, self._coder.encode(values))

    def _go_past(self, values: Floats, rows: Rows) -> None:
        self._codes, self._numbers = torch.from_numpy(rows.codes), torch.from_numpy(rows.numbers)
        self._recall.note(self._codes)
        self._past = self._networks.generator.history.advance(self._past, rows.numbers)
        self._before = self._trackers.first
        self._trackers.advance(values)
        if self._clock is not None and self._kind is not None:
            day = torch.from_numpy(self._clock.day(self._trackers.first))
            self._renewal.note(self._codes[:, self._kind], day)
        self._told = self._guide = None

    def _read(self) -> Tensor:
        """Read the event before, once: turn the LSTM cell and look at clock and trackers.

        Returns
        -------
        Tensor of shape (n_rows, hidden + n_features)
            Hidden state and features.
        """
        if self._told is None:
            past = torch.from_numpy(self._networks.generator.history.features(self._past))
            self._scale = self._networks.recovery.volatility(past) if past.shape[1] else None
            features = [past, self._recall.novelty(), *self._trackers.features()]
            self._cell.turn(self._codes, self._numbers, features)
            self._told = torch.cat([self._cell.hidden, *features], dim=1)
        if self._guide is None and self._clock is not None:
            self._guide = self._look(self._clock)
        return self._told

    def _look(self, clock: Clock) -> Guide:
        """Return what the calendar says now."""
        assert self._ahead is not None
        now = self._trackers.first
        parts = (clock.bounds(now), clock.pace(now), clock.now(now))
        rhythm = (self._renewal.last(len(self._rows)), self._renewal.due(clock.day(now)))
        return Guide.of(*parts, self._ahead, rhythm, self._trackers.steers())

    def _fuse(self, networks: EventNetworks) -> None:
        """Split weights into what the context says and what changes from step to step."""
        step = networks.supervisor.layer
        self._context_step, self._step = _split(step, self._vector)
        if self._clock is not None:
            self._context_ending, self._ending = _split(networks.ending.layer, self._vector)

    def _note_final(self, which: NDArray[np.bool_]) -> None:
        self.final[self._rows[which]] = self._trackers.first[which]

    def _drop(self) -> None:
        """Drop the rows of sequences that have ended."""
        keep = np.flatnonzero(self.alive)
        index = torch.from_numpy(keep)
        for name in ("_context_step", "_context_ending", "_codes", "_numbers", "_told", "_scale"):
            held = getattr(self, name)
            setattr(self, name, None if held is None else held[index])
        self._past, self._guide = self._past[keep], None
        self._trackers.keep(keep)
        for part in (self._cell, self._recall, self._renewal):
            part.keep(index)
        self._rows, self.alive = self._rows[keep], self.alive[keep]


def _split(layer: nn.Linear, context: Tensor) -> tuple[Tensor, Tensor]:
    """Return what ``layer`` makes of the context, its last inputs, and its other weights."""
    weight = layer.weight.T
    return context @ weight[-CONTEXT_WIDTH:] + layer.bias, weight[:-CONTEXT_WIDTH].contiguous()
