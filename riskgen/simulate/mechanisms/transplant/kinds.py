"""What sort of event a row is: its direction, category, channel and whom it names.

A kind is looked for in the receiver's table and never written: what comes out
is copied from rows of that table. Levels that few customers have are no part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from riskgen.data.events import Events
from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Ints
from riskgen.simulate.mechanisms.payees import Payees

SMALL_CELL = 11  # fewer holders than this make a level personal (CMS/EMA-type cell size)
_NAMING: tuple[str, ...] = ("category", "channel")


class Kind(NamedTuple):
    """A sort of event.

    Attributes
    ----------
    credit : bool
        Whether money came in.
    named : str or None
        Column that names the payee; empty where none does, None for any.
    channel, category : str
        Levels that 11 customers share; empty for any.
    """

    credit: bool
    named: str | None
    channel: str
    category: str

    def wider(self) -> tuple[Kind, ...]:
        """Return kinds that hold more rows: any category, any channel, anybody."""
        return (
            self._replace(category=""),
            self._replace(category="", channel=""),
            Kind(self.credit, None, "", ""),
        )


@dataclass(frozen=True, eq=False)
class Sorted:
    """The events of one table by kind.

    Attributes
    ----------
    credit : ndarray of shape (n_events,), bool
    named : ndarray of shape (n_events,), int64
        Number of the column that names the payee, -1 where none does.
    columns : tuple of str
        Those columns.
    levels : dict of meaning to (codes, levels)
        Category and channel, where the table has them.
    """

    credit: Flags = field(repr=False)
    named: Ints = field(repr=False)
    columns: tuple[str, ...]
    levels: dict[str, tuple[Ints, list[str]]] = field(repr=False)

    @classmethod
    def of(cls, accounts: Accounts, payees: Payees) -> Sorted:
        """Sort the events of ``accounts``."""
        named = np.full(accounts.events.n_events, -1)
        for number, habits in reversed(list(enumerate(payees.payees))):
            named[habits.codes >= 0] = number
        columns = tuple(habits.column for habits in payees.payees)
        channels = reversed(accounts.events.schema.with_role("channel"))
        found: dict[str | None, str] = {c.meaning: c.name for c in channels}
        levels = {m: accounts.events.codes(found[m]) for m in _NAMING if m in found}
        return cls(accounts.received > 0, named, columns, levels)

    def kinds(self, events: Events, rows: Ints) -> list[Kind]:
        """Return the kind of each row; levels of fewer than 11 owners are any."""
        texts = {m: self._common(events, m)[rows].tolist() for m in _NAMING}
        named = [self.columns[n] if n >= 0 else "" for n in self.named[rows].tolist()]
        parts = (self.credit[rows].tolist(), named, texts["channel"], texts["category"])
        return [Kind(*part) for part in zip(*parts, strict=True)]

    def holds(self, kind: Kind) -> Flags:
        """Return which events are of a kind, shape (n_events,)."""
        keep = self.credit == kind.credit
        if kind.named is not None:
            keep &= self.named == _place(kind.named, self.columns)
        for meaning, text in (("category", kind.category), ("channel", kind.channel)):
            if text and meaning in self.levels:
                codes, levels = self.levels[meaning]
                keep &= codes == _place(text, levels)
        return np.asarray(keep)

    def _common(self, events: Events, meaning: str) -> np.ndarray:
        if meaning not in self.levels:
            return np.full(events.n_events, "", dtype=object)
        codes, levels = self.levels[meaning]
        pairs = np.unique(events.owner[codes >= 0] * len(levels) + codes[codes >= 0])
        holders = np.bincount(pairs % max(len(levels), 1), minlength=len(levels))
        texts = np.array([*levels, ""], dtype=object)
        texts[:-1][holders < SMALL_CELL] = ""
        return np.asarray(texts[codes])


def _place(name: str, names: Sequence[str]) -> int:
    """Return where ``name`` stands; -1 for no name, -2 for one that is not there."""
    if not name:
        return -1
    return names.index(name) if name in names else -2
