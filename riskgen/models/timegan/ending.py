"""When a sequence ends: nothing more comes before the last observed day.

The number of events is no plan that a customer follows. Before each event there is
a chance that none comes any more; it grows as the last day draws near and falls
with every order that is still due. Exact censoring at the end of the window, so
that many small errors of the gaps change how many events there are, not how they lie.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from riskgen.data.panel import Layout, SequencePanel
from riskgen.models.timegan.renewal import AGES, age_codes, strictness
from riskgen.models.timegan.rows import Rows
from riskgen.models.timegan.support import Guide

Indices = NDArray[np.int64]

USUAL = 30.0
"""Events after which a sequence ends when nothing is known yet [J]."""


class Ending(nn.Module):
    """Log-odds that no event comes any more.

    Parameters
    ----------
    n_inputs, width : int
        Of the network on hidden state, features and context.
    n_kinds : int
        Kinds whose monthly return before the last day speaks against an end.
    """

    def __init__(self, n_inputs: int, width: int, n_kinds: int) -> None:
        super().__init__()
        self.layer = nn.Linear(n_inputs, width)
        self.verdict = nn.Linear(width, 1)
        self.renewal = nn.Parameter(torch.zeros(AGES))
        self.due = nn.Parameter(torch.full((n_kinds,), -2.0))
        nn.init.zeros_(self.verdict.weight)
        nn.init.constant_(self.verdict.bias, -float(np.log(USUAL)))

    @torch.no_grad()
    def start_at(self, kept: NDArray[np.float64]) -> None:
        """Let a kind speak against an end as its returns are kept, shares (n_kinds,)."""
        self.due.copy_(strictness(kept))

    def forward(self, inputs: Tensor, guide: Guide) -> Tensor:
        """Return log-odds (n,) from ``inputs`` (n, n_inputs) and the calendar."""
        return self.weighed(self.layer(inputs), guide)

    def weighed(self, units: Tensor, guide: Guide) -> Tensor:
        """Return log-odds (n,) from what ``layer`` makes of the inputs, shape (n, width)."""
        told: Tensor = self.verdict(F.relu(units))[:, 0]
        end = guide.ahead.end
        told = told + self.renewal[age_codes(guide.today, torch.tensor(max(end, 0)))]
        awaited = (guide.due >= guide.today[:, None]) & (guide.due <= end)
        return told - awaited.float() @ F.softplus(self.due)


def opened(layout: Layout) -> Layout:
    """Return the layout whose clock knows no outcomes; without a clock the layout itself."""
    return layout if layout.clock is None else replace(layout, clock=layout.clock.opened())


def outcome_columns(layout: Layout) -> list[int]:
    """Return the context columns that the events decide."""
    if layout.clock is None:
        return []
    names = [item.name for item in layout.context_fields]
    return [names.index(name) for name in layout.clock.outcomes if name in names]


def without_outcomes(rows: Rows, layout: Layout) -> Rows:
    """Return context rows in which the fields that the events decide do not apply."""
    columns, fields = outcome_columns(layout), layout.context_fields
    codes, numbers, applies = rows.codes.copy(), rows.numbers.copy(), rows.applies.copy()
    levels = [c for c, item in enumerate(fields) if item.levels]
    others = [c for c, item in enumerate(fields) if not item.levels]
    for column in columns:
        applies[:, column] = False
        if column in levels:
            codes[:, levels.index(column)] = fields[column].levels
        else:
            numbers[:, others.index(column)] = 0.0
    return Rows(codes, numbers, applies)


def with_ends(panel: SequencePanel) -> tuple[SequencePanel, Indices]:
    """Return a panel with one more row at the end of each sequence, and where rows went.

    Returns
    -------
    panel : SequencePanel
        The added rows repeat the last event; what is known *before* them is what is
        known after the last event.
    order : ndarray of shape (n_events + n_sequences,), int64
        Rows of that panel: all events first, then the ends.
    """
    n = panel.n_sequences
    offsets = panel.offsets + np.arange(n + 1)
    owner = np.repeat(np.arange(n), panel.lengths)
    events, ends = np.arange(len(panel.values)) + owner, offsets[1:] - 1
    values = np.zeros((int(offsets[-1]), panel.values.shape[1]))
    values[events] = panel.values
    filled = panel.lengths > 0
    values[ends[filled]] = panel.values[panel.offsets[1:][filled] - 1]
    longer = SequencePanel(opened(panel.layout), values, panel.context, offsets)
    return longer, np.concatenate([events, ends])
