"""Events seen as accounts: money in and out, balances and habits, found by meaning.

Every typology works on this view, whatever the columns are called. Knows
schema meanings, not scenarios.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskgen.data.derived.derivation import parse_formula
from riskgen.data.events import SECONDS_PER_DAY, Events, column_seconds, seconds_column
from riskgen.data.schema import Channel
from riskgen.errors import ScenarioError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Functions of an amount that are an amount of the same event.
_SAME_MONEY = frozenset({"absolute", "copy"})
_TICKS = (SECONDS_PER_DAY, 3600.0, 60.0, 1.0)


@dataclass(frozen=True, eq=False)
class Accounts:
    """Money and time of every event, in units that add up exactly.

    Attributes
    ----------
    events : Events
        The table.
    money : dict of str to int
        Columns that hold the amount of an event, and the sign with which they
        show money that goes out.
    balance : str or None
        Column with the balance after the event.
    decimals : int
        Decimal places of money; all ``units`` are multiples of 10^-decimals.
    spent : ndarray of shape (n_events,), int64
        Units that went out; 0 for money that came in or is unknown.
    received : ndarray of shape (n_events,), int64
        Units that came in; 0 where none did or the table does not say which way.
    held : ndarray of shape (n_events,), int64, or None
        Balance after each event, in units.
    seconds : ndarray of shape (n_events,)
        Time.
    tick : float
        Seconds of the finest time step that the table shows; 0 is finer than one.
    """

    events: Events
    money: dict[str, int]
    balance: str | None
    decimals: int
    spent: Ints = field(repr=False)
    received: Ints = field(repr=False)
    held: Ints | None = field(repr=False)
    seconds: Floats = field(repr=False)
    tick: float

    @classmethod
    def of(cls, events: Events) -> Accounts:
        """Find money, balance and clock of ``events``.

        Raises
        ------
        ScenarioError
            When no column means an amount.
        """
        money, balance = _money_columns(events), _balance_column(events)
        decimals = max(_decimals(events.schema.channel(name)) for name in money)
        held = None
        if balance is not None:
            decimals = max(decimals, _decimals(events.schema.channel(balance)))
            held = to_units(events.numbers(balance), decimals)
        seconds = events.seconds()
        flow = _flow(events, money, held, decimals)
        spent, received = np.maximum(-flow, 0), np.maximum(flow, 0)
        tick = _tick(seconds)
        return cls(events, money, balance, decimals, spent, received, held, seconds, tick)

    @property
    def debits(self) -> Ints:
        """Rows in which money went out, in table order."""
        return np.flatnonzero(self.spent > 0)

    @property
    def credits(self) -> Ints:
        """Rows in which money came in, in table order."""
        return np.flatnonzero(self.received > 0)

    @property
    def moved(self) -> Ints:
        """Units of each event, whichever way they went, shape (n_events,)."""
        return np.maximum(self.spent, self.received)

    def on_clock(self, seconds: Floats) -> Floats:
        """Return times as the table would hold them: whole ticks, its own precision."""
        whole = np.floor(seconds / self.tick) * self.tick if self.tick else seconds
        dtype = self.events.frame[self.events.schema.time].dtype
        return column_seconds(seconds_column(whole, dtype))

    def usual_amount(self) -> Floats:
        """Median of the units that went out, shape (n_entities,); NaN where none did."""
        rows = self.debits
        owner, spent = self.events.owner[rows], self.spent[rows]
        spent = spent[np.lexsort((spent, owner))]
        counts = np.bincount(owner, minlength=self.events.n_entities)
        starts = np.cumsum(counts) - counts
        low = np.minimum(starts + np.maximum(counts - 1, 0) // 2, len(spent) - 1)
        high = np.minimum(starts + counts // 2, len(spent) - 1)
        if len(spent) == 0:
            return np.full(len(counts), np.nan)
        return np.where(counts > 0, (spent[low] + spent[high]) / 2, np.nan)

    def pace(self) -> Floats:
        """Events per second, shape (n_entities,); a day is added to the span."""
        first, last = self.events.offsets[:-1], self.events.offsets[1:] - 1
        span = self.seconds[last] - self.seconds[first] + SECONDS_PER_DAY
        return self.events.lengths / span

    def recent(self, rows: Ints, seconds: float) -> Ints:
        """Units that the owner of each row spent in the ``seconds`` up to it, the row included."""
        key = self.timeline()
        total = np.concatenate([[0], np.cumsum(self.spent)])
        starts = self.events.offsets[self.events.owner[rows]]
        since = np.searchsorted(key, key[rows] - seconds, side="right")
        return np.asarray(total[rows + 1] - total[np.maximum(since, starts)], dtype=np.int64)

    def timeline(self) -> Floats:
        """One increasing axis on which entities follow each other, far apart."""
        if len(self.seconds) == 0:
            return self.seconds
        start = self.seconds.min()
        room = self.seconds.max() - start + 100 * SECONDS_PER_DAY
        return np.asarray(self.seconds - start + self.events.owner * room)


def to_units(values: Floats, decimals: int) -> Ints:
    """Return money as whole units of 10^-decimals; missing is 0."""
    return np.rint(np.nan_to_num(values) * 10.0**decimals).astype(np.int64)


def _decimals(channel: Channel) -> int:
    return 2 if channel.decimals is None else channel.decimals


def _money_columns(events: Events) -> dict[str, int]:
    """Columns with the amount of an event; those derived from one follow it."""
    schema, money = events.schema, dict[str, int]()
    usable = schema.with_role("channel", "derived")
    for channel in usable:
        if channel.meaning in ("amount", "signed_amount"):
            money[channel.name] = -1 if (events.numbers(channel.name) < 0).any() else 1
    for channel in schema.with_role("derived"):
        formula = parse_formula(channel)
        if formula.function in _SAME_MONEY and formula.source in money:
            money[channel.name] = 1 if formula.function == "absolute" else money[formula.source]
    if not money:
        raise ScenarioError(
            f"The scenario needs amounts, but no column means one ({len(usable)} columns looked "
            "at). Give one column 'meaning: amount' in the schema."
        )
    return money


def _balance_column(events: Events) -> str | None:
    """Return the column with the balance after the event."""
    derived = {c.name: parse_formula(c).function for c in events.schema.with_role("derived")}
    running = [name for name, function in derived.items() if function == "running_sum"]
    # Whatever else is derived follows from its own columns and is computed again.
    meant = [c.name for c in events.schema.with_role("channel") if c.meaning == "balance"]
    return next(iter([*running, *meant]), None)


def _flow(events: Events, money: dict[str, int], held: Ints | None, decimals: int) -> Ints:
    """Return the units of each event, negative where they went out."""
    name, sign = min(money.items(), key=lambda item: item[1])
    units = to_units(events.numbers(name), decimals)
    if sign < 0:
        return units
    if held is None:
        return -np.maximum(units, 0)
    # Unsigned amounts beside a balance: what the balance lost went out. Nobody
    # knows which way the first amount of an entity went.
    change = np.diff(held, prepend=0)
    change[events.offsets[:-1]] = 0
    return np.sign(change) * np.abs(units)


def _tick(seconds: Floats) -> float:
    return next((tick for tick in _TICKS if not np.mod(seconds, tick).any()), 0.0)
