"""What a sequence has shown so far: tastes, repeats and how much is still new.

A recurrence of a hundred numbers forgets which of fifty levels a customer likes;
counts do not. For each field with levels the heads are told, level by level,
how often it came before, how often in the same company (the same level of the
field's *anchor*, an earlier field of the step), what came last in that company,
and which level the context names (a home country, a top category). Measured on
a simulated bank, tastes and standing orders were what gave free-running
sequences away. A cache in the sense of Grave et al. (2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from riskgen.data.panel import Field

SIGNALS = 5
"""Seen before, log(1 + times), log(1 + times with the anchor), last with the anchor,
and named by the context."""

COPIED = 1.5
"""A context field names a level when the two agree this many times more often than
by chance [J]."""

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


def choose_sources(
    fields: tuple[Field, ...],
    codes: Codes,
    contexts: tuple[Field, ...],
    context_codes: Codes,
    offsets: Codes,
) -> list[int]:
    """Return for each level field the context field that names its level most often.

    Parameters
    ----------
    fields, contexts : tuple of Field
        Those that have levels.
    codes, context_codes : ndarray
        Of events (n_events, len(fields)) and contexts (n_sequences, len(contexts)).
    offsets : ndarray of shape (n_sequences + 1,)
        As in a panel.

    Returns
    -------
    list of int
        Position of the context field; -1 where none agrees more than chance does.
    """
    told = np.repeat(context_codes, np.diff(offsets), axis=0)
    chosen = []
    for j in range(len(fields)):
        lifts = [_agreement(codes[:, j], told[:, c]) for c in range(len(contexts))]
        agree = [rate if rate > COPIED * chance else 0.0 for rate, chance in lifts]
        best = int(np.argmax(agree)) if agree else -1
        chosen.append(best if agree and agree[best] > 0 else -1)
    return chosen


def _agreement(code: Codes, told: Codes) -> tuple[float, float]:
    """Return how often two codes agree, and how often they would if independent."""
    if not len(code):
        return 0.0, 1.0
    size = int(max(code.max(), told.max())) + 1
    shares = [np.bincount(part, minlength=size) / len(part) for part in (code, told)]
    return float((code == told).mean()), float(shares[0] @ shares[1])


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
    """Levels of each level field, its anchor and its source (-1 for none)."""

    levels: list[int]
    anchors: list[int]
    sources: list[int]


@torch.no_grad()
def recall_windows(
    layout: RecallLayout,
    keys: Tensor,
    known: Tensor,
    first: int,
    real: Tensor,
    context: Tensor,
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
    context : Tensor of shape (n_sequences, n_context_level_fields), int64
        Codes of the contexts.

    Returns
    -------
    list of Tensor of shape (n_events, SIGNALS, n_levels)
        One for each level field; events in the order of ``real``, time first.
    """
    place = torch.arange(keys.shape[1])
    earlier = (place[None, :] < place[first:, None]) & known[:, None, :]
    hot = [_one_hot(keys[:, :, k], known, n_levels) for k, n_levels in enumerate(layout.levels)]
    times = _counts(earlier, hot, real)
    owner = torch.arange(len(keys)).expand(real.shape)[real]
    result: dict[int, Tensor] = {}
    for anchor in sorted(set(layout.anchors)):
        match = earlier
        if anchor >= 0:
            match = earlier & (keys[:, first:, anchor, None] == keys[:, None, :, anchor])
        members = [k for k, chosen in enumerate(layout.anchors) if chosen == anchor]
        together = _counts(match, [hot[k] for k in members], real)
        last = (match * (place + 1)).amax(dim=2).T[real]
        for k, counts in zip(members, together, strict=True):
            latest = hot[k][owner, (last - 1).clamp(min=0)] * (last > 0)[:, None]
            named = named_by_context(layout, k, context)[owner]
            parts = [(times[k] > 0).float(), torch.log1p(times[k]), torch.log1p(counts)]
            result[k] = torch.stack([*parts, latest, named], dim=1)
    return [result[k] for k in range(len(layout.levels))]


def named_by_context(layout: RecallLayout, k: int, context: Tensor) -> Tensor:
    """Return an indicator (n_sequences, n_levels) of the level that the context names."""
    named = torch.zeros(len(context), layout.levels[k])
    source = layout.sources[k]
    if source >= 0:
        known = torch.nonzero(context[:, source] < layout.levels[k])[:, 0]
        named[known, context[known, source]] = 1.0
    return named


def _one_hot(codes: Tensor, known: Tensor, n_levels: int) -> Tensor:
    """Return indicators (n_sequences, n_keys, n_levels); none where a field does not apply."""
    hot = torch.zeros(*codes.shape, n_levels + 1)
    hot.scatter_(2, codes[:, :, None], known[:, :, None].float())
    return hot[:, :, :n_levels]


def _counts(match: Tensor, hot: list[Tensor], real: Tensor) -> list[Tensor]:
    """Return how often each level occurs among matching keys, for each real event."""
    counts = torch.bmm(match.float(), torch.cat(hot, dim=2)).transpose(0, 1)[real]
    return list(torch.split(counts, [part.shape[2] for part in hot], dim=1))
