"""What a sequence has shown so far: tastes, repeats and how much is still new.

A recurrence of a hundred numbers forgets which of fifty levels a customer likes;
counts do not. For each field with levels the heads are told, level by level,
how often it came before, how often in the same company (the same level of the
field's *anchor*, an earlier field of the step), and what came last in that
company. Measured on a simulated bank, tastes and standing orders were what gave
free-running sequences away. A cache in the sense of Grave et al. (2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from riskgen.data.panel import Field

SIGNALS = 4
"""Seen before, log(1 + times), log(1 + times with the anchor), last with the anchor."""

MOST_ANCHOR_LEVELS = 64
"""Finer anchors would make the tables of a chunk large [J]."""

Codes = NDArray[np.int64]


def choose_anchors(fields: tuple[Field, ...], codes: Codes, offsets: Codes) -> list[int]:
    """Return for each level field the earlier one in whose company it repeats most.

    Parameters
    ----------
    fields : tuple of Field
        Those that have levels, in drawing order.
    codes : ndarray of shape (n_events, n_level_fields)
        As in :class:`Rows`.
    offsets : ndarray of shape (n_sequences + 1,)
        As in a panel.

    Returns
    -------
    list of int
        Position of the anchor; -1 for none.
    """
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    usable = [k for k, item in enumerate(fields) if 1 < item.levels <= MOST_ANCHOR_LEVELS]
    before = {k: _previous_equal(owner, codes[:, k]) for k in usable}
    chosen = []
    for j in range(len(fields)):
        rates = {k: _repeat_rate(before[k], codes[:, j]) for k in usable if k < j}
        chosen.append(max(rates, key=lambda k: rates[k]) if rates else -1)
    return chosen


def _previous_equal(owner: Codes, code: Codes) -> Codes:
    """Return the last earlier event of the same owner with the same code, or -1."""
    order = np.lexsort((np.arange(len(owner)), code, owner))
    same = (owner[order][1:] == owner[order][:-1]) & (code[order][1:] == code[order][:-1])
    result = np.full(len(owner), -1, dtype=np.int64)
    result[order[1:][same]] = order[:-1][same]
    return result


def _repeat_rate(before: Codes, code: Codes) -> float:
    return float(np.mean((before >= 0) & (code[before] == code))) if len(code) else 0.0


def novelty(codes: Codes, offsets: Codes) -> NDArray[np.float32]:
    """Return log(1 + distinct levels so far), shape (n_events, n_level_fields)."""
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    result = np.zeros(codes.shape, dtype=np.float32)
    for k in range(codes.shape[1]):
        fresh = _previous_equal(owner, codes[:, k]) < 0
        seen: Codes = np.cumsum(fresh) - fresh
        base = np.zeros(len(offsets) - 1, dtype=np.int64)
        filled = np.diff(offsets) > 0
        base[filled] = seen[offsets[:-1][filled]]
        result[:, k] = np.log1p(seen - base[owner])
    return result


@dataclass(frozen=True)
class RecallLayout:
    """Levels of each level field, and its anchor (-1 for none)."""

    levels: list[int]
    anchors: list[int]


@torch.no_grad()
def recall_windows(
    layout: RecallLayout, keys: Tensor, known: Tensor, first: int, real: Tensor
) -> list[Tensor]:
    """Return the signals of each real event of a batch of windows.

    Parameters
    ----------
    layout : RecallLayout
        Of the fields.
    keys : Tensor of shape (n_sequences, n_keys, n_level_fields), int64
        Codes of the events before the windows and of the windows themselves.
    known : Tensor of shape (n_sequences, n_keys), bool
        Which keys exist.
    first : int
        Key at which the windows begin.
    real : Tensor of shape (n_steps, n_sequences), bool
        Which events of the windows exist.

    Returns
    -------
    list of Tensor of shape (n_events, SIGNALS, n_levels)
        One for each level field; events in the order of ``real``, time first.
    """
    place = torch.arange(keys.shape[1])
    earlier = (place[None, :] < place[first:, None]) & known[:, None, :]
    hot = [_one_hot(keys[:, :, k], known, n_levels) for k, n_levels in enumerate(layout.levels)]
    times = _counts(earlier, hot, real)
    result: dict[int, Tensor] = {}
    for anchor in sorted(set(layout.anchors)):
        match = earlier
        if anchor >= 0:
            match = earlier & (keys[:, first:, anchor, None] == keys[:, None, :, anchor])
        members = [k for k, chosen in enumerate(layout.anchors) if chosen == anchor]
        together = _counts(match, [hot[k] for k in members], real)
        last = (match * (place + 1)).amax(dim=2).T[real]
        owner = torch.arange(len(keys)).expand(real.shape)[real]
        for k, counts in zip(members, together, strict=True):
            latest = hot[k][owner, (last - 1).clamp(min=0)] * (last > 0)[:, None]
            parts = [(times[k] > 0).float(), torch.log1p(times[k]), torch.log1p(counts), latest]
            result[k] = torch.stack(parts, dim=1)
    return [result[k] for k in range(len(layout.levels))]


def _one_hot(codes: Tensor, known: Tensor, n_levels: int) -> Tensor:
    """Return indicators (n_sequences, n_keys, n_levels); none where a field does not apply."""
    hot = torch.zeros(*codes.shape, n_levels + 1)
    hot.scatter_(2, codes[:, :, None], known[:, :, None].float())
    return hot[:, :, :n_levels]


def _counts(match: Tensor, hot: list[Tensor], real: Tensor) -> list[Tensor]:
    """Return how often each level occurs among matching keys, for each real event."""
    counts = torch.bmm(match.float(), torch.cat(hot, dim=2)).transpose(0, 1)[real]
    return list(torch.split(counts, [part.shape[2] for part in hot], dim=1))


class RunningRecall:
    """The same signals, kept up step by step while sequences are drawn."""

    def __init__(self, layout: RecallLayout, n: int) -> None:
        self._layout = layout
        self._times = [torch.zeros(n, size + 1) for size in layout.levels]
        companies = [1 if a < 0 else layout.levels[a] + 1 for a in layout.anchors]
        self._together = [
            torch.zeros(n, company, size + 1)
            for company, size in zip(companies, layout.levels, strict=True)
        ]
        self._last = [torch.full((n, company), -1, dtype=torch.int64) for company in companies]
        self._distinct = torch.zeros(n, len(layout.levels))
        self._rows = torch.arange(n)

    def novelty(self, alive: int) -> Tensor:
        """Return log(1 + distinct levels so far), shape (alive, n_level_fields)."""
        return torch.log1p(self._distinct[:alive])

    def signals(self, k: int, codes: Tensor) -> Tensor:
        """Return the signals of field ``k``, given the codes drawn before it in the step."""
        n, size = len(codes), self._layout.levels[k]
        rows, company = self._rows[:n], self._company(k, codes)
        result = torch.empty(n, SIGNALS, size)
        times = self._times[k][:n, :size]
        result[:, 0] = times > 0
        torch.log1p(times, out=result[:, 1])
        torch.log1p(self._together[k][rows, company, :size], out=result[:, 2])
        result[:, 3] = 0.0
        last = self._last[k][rows, company]
        known = torch.nonzero((last >= 0) & (last < size))[:, 0]
        result[known, 3, last[known]] = 1.0
        return result

    def note(self, codes: Tensor) -> None:
        """Remember a step that was drawn."""
        n = len(codes)
        rows = self._rows[:n]
        for k in range(codes.shape[1]):
            code, company = codes[:, k], self._company(k, codes)
            self._distinct[:n, k] += self._times[k][rows, code] == 0
            self._times[k][rows, code] += 1.0
            self._together[k][rows, company, code] += 1.0
            self._last[k][rows, company] = code

    def _company(self, k: int, codes: Tensor) -> Tensor:
        anchor = self._layout.anchors[k]
        return torch.zeros(len(codes), dtype=torch.int64) if anchor < 0 else codes[:, anchor]
