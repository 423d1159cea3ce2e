"""A burst as a stamp: which events may be in one, and how it replaces others.

Works on the layout of a panel alone: its clock says which columns are time, its
numbers say what is large or small, all else goes with the event it stands in.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.panel import Layout, SequencePanel
from riskgen.errors import RiskgenError
from riskgen.models.cells import Flags, cells

Indices = NDArray[np.int64]

FEWEST_CELLS = 4  # of a field that measures: ranks and repeats have one cell or two


@dataclass(frozen=True)
class Rules:
    """What a burst is. All values are judgement [J], written without looking at frauds.

    Attributes
    ----------
    burst_low, burst_high : int
        Fewest and most events of a burst, at least 1; a shorter sequence becomes
        a burst as a whole. Velocity rules of card monitoring count a handful of
        events [J]; more than a dozen would be a typology of its own.
    gap_quantile : float
        Gaps inside a burst are among this share of the shortest ones of the
        population: fast, yet seen before [J].
    size_quantile : float
        Sizes of a burst lie beyond this quantile of the population; mild, since
        too severe an injection teaches a detector the wrong boundary [J].
    low_share : float
        Share of bursts at the low end of sizes instead of the high one: tests
        of a card are small (PROTOCOL E4), and a panel does not tell whether
        money that leaves an account has a minus sign [J].
    foreign : float
        Share of the events of a burst that become another customer's; the
        others are only quickened [J].
    share : float or None
        Share of labelled sequences; None takes the training panel's.
    """

    burst_low: int = 3
    burst_high: int = 12
    gap_quantile: float = 0.1
    size_quantile: float = 0.9
    low_share: float = 0.5
    foreign: float = 0.8
    share: float | None = None

    def check(self) -> None:
        """Raise RiskgenError when a rule makes no sense."""
        shares = [self.gap_quantile, self.size_quantile, self.low_share, self.foreign]
        shares += [] if self.share is None else [self.share]
        if not all(0.0 <= share <= 1.0 for share in shares):
            raise RiskgenError(f"A share of the injector is not within 0 and 1: {asdict(self)}.")
        if not 1 <= self.burst_low <= self.burst_high:
            raise RiskgenError(
                f"The injector cannot make bursts of {self.burst_low} to {self.burst_high} "
                "events. Give burst_low at least 1 and burst_high at least burst_low."
            )


@dataclass(frozen=True, eq=False)
class Donors:
    """Events of normal sequences that bursts are made of, as row numbers.

    Attributes
    ----------
    panel : SequencePanel
        The normal sequences.
    low, high : ndarray of int64
        Events at each end of sizes. They are no return to anything earlier of
        their owner, wherever the panel has such events: in another sequence
        "the payee before last" would be one of the victim's own.
    quick : ndarray of int64
        Events that came soon after the one before.
    """

    panel: SequencePanel = field(repr=False)
    low: Indices = field(repr=False)
    high: Indices = field(repr=False)
    quick: Indices = field(repr=False)

    @classmethod
    def of(cls, panel: SequencePanel, rules: Rules) -> Donors:
        """Find the donors among normal sequences, at least one of each."""
        fresh = np.flatnonzero(_without_history(panel))
        low, high = (_extreme(panel, fresh, rules.size_quantile, sign) for sign in (-1.0, 1.0))
        return cls(panel, low, high, _quick(panel, rules.gap_quantile))


def stamped(
    drawn: SequencePanel, label: Flags, donors: Donors, rules: Rules, rng: np.random.Generator
) -> SequencePanel:
    """Return ``drawn`` with a burst in each sequence that ``label`` marks.

    The burst lies anywhere in the sequence. Its first event, and the first of
    the sequence, keep their time; the others follow soon. What comes after keeps
    its own gaps and so moves ahead: the sequence ends earlier than its context
    says, by what the burst was quicker.

    Parameters
    ----------
    drawn : SequencePanel
        Normal sequences.
    label : ndarray of shape (n_sequences,), bool
        Which become labelled.
    donors : Donors
        What bursts are made of.
    rules : Rules
        How long, how foreign.
    rng : numpy.random.Generator
        Where the choices come from.
    """
    layout, values, context = drawn.layout, drawn.values.copy(), drawn.context.copy()
    within, rows = _burst_rows(drawn, label, rules, rng)
    low = (rng.random(drawn.n_sequences) < rules.low_share)[within]
    ends = [ends[rng.integers(len(ends), size=len(rows))] for ends in (donors.low, donors.high)]
    foreign = rng.random(len(rows)) < rules.foreign
    time, body = _columns(layout)
    source = np.where(low, ends[0], ends[1])[foreign]
    values[rows[foreign][:, None], body] = donors.panel.values[source[:, None], body]
    follows = np.diff(within, prepend=-1) == 0
    soon = donors.quick[rng.integers(len(donors.quick), size=len(rows))][follows]
    values[rows[follows][:, None], time] = donors.panel.values[soon[:, None], time]
    names = [item.name for item in layout.fields]
    if "label" in names:
        values[rows, names.index("label")] = 1.0
    context[label, layout.context_column("label")] = 1.0
    return SequencePanel(layout, values, context, drawn.offsets)


def _burst_rows(
    drawn: SequencePanel, label: Flags, rules: Rules, rng: np.random.Generator
) -> tuple[Indices, Indices]:
    """Return sequence and row of each event of a burst, in order."""
    n = drawn.n_sequences
    wanted = rng.integers(rules.burst_low, rules.burst_high + 1, size=n)
    size = np.where(label, np.minimum(wanted, drawn.lengths), 0)
    first = np.floor(rng.random(n) * (drawn.lengths - size + 1)).astype(np.int64)
    within = np.repeat(np.arange(n), size)
    place = np.arange(len(within)) - np.repeat(np.cumsum(size) - size, size)
    return within, (drawn.offsets[:-1] + first)[within] + place


def _columns(layout: Layout) -> tuple[list[int], list[int]]:
    """Return the columns of time, and those of what happened (the label is neither).

    A field that applies only at some times travels with them.
    """
    time = [] if layout.clock is None else list(layout.clock.time_columns)
    names = {layout.fields[column].name for column in time}
    for column, item in enumerate(layout.fields):
        if item.requires is not None and item.requires[0] in names and column not in time:
            time.append(column)
            names.add(item.name)
    fields = enumerate(layout.fields)
    return time, [j for j, item in fields if j not in time and item.name != "label"]


def _measures(panel: SequencePanel) -> dict[int, Flags]:
    """Return, for each column that measures, which events hold a number in it."""
    found = {}
    for column in _columns(panel.layout)[1]:
        item = panel.layout.fields[column]
        inside = cells(panel.layout, panel.values, column)
        if item.levels == 0:
            found[column] = np.ones(len(panel.values), dtype=bool)
        elif inside.sum() >= FEWEST_CELLS:
            found[column] = inside[np.floor(panel.values[:, column]).astype(np.int64)]
    return found


def _without_history(panel: SequencePanel) -> Flags:
    """Return which events look back at nothing, told from the first events of sequences.

    A first event has nothing to return to, so the levels of ranks and repeats
    that first events hold mean something new, or nothing at all.
    """
    fresh = np.ones(len(panel.values), dtype=bool)
    measures = _measures(panel)
    for column in _columns(panel.layout)[1]:
        item = panel.layout.fields[column]
        if item.spread and column not in measures:
            codes = np.floor(panel.values[:, column])
            fresh &= np.isin(codes, np.unique(codes[panel.offsets[:-1]]))
    return fresh


def _extreme(panel: SequencePanel, rows: Indices, quantile: float, sign: float) -> Indices:
    """Return those of ``rows`` with a number beyond its quantile; all of them if none has."""
    chosen = np.zeros(len(rows), dtype=bool)
    for column, measured in _measures(panel).items():
        known = measured[rows]
        size = sign * panel.values[rows, column]
        if known.any():
            chosen |= known & (size >= np.quantile(size[known], quantile))
    return rows[chosen] if chosen.any() else rows


def _quick(panel: SequencePanel, quantile: float) -> Indices:
    """Return the events with the shortest gaps; any event where no sequence has two."""
    follows = np.ones(len(panel.values), dtype=bool)
    follows[panel.offsets[:-1]] = False
    rows, time = np.flatnonzero(follows), _columns(panel.layout)[0]
    if not len(rows) or not time:
        return np.arange(len(panel.values))
    gap = np.floor(panel.values[rows, time[0]])
    quick: Indices = rows[gap <= np.quantile(gap, quantile)]
    return quick
