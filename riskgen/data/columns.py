"""A role for every column of a table of transactions, by rules in a fixed order.

The first rule that speaks decides, and its reason is kept. Knows profiles and
the columns already chosen as keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.derivation import Ledger, find_running_sum, is_absolute, smallest_units
from riskgen.data.dtypes import dtype_name
from riskgen.data.giveaway import gives_label_away
from riskgen.data.keys import Choice, constant_within
from riskgen.data.meanings import kind_of, meanings
from riskgen.data.personal import personal_kind
from riskgen.data.profile import Profile, decimals
from riskgen.data.schema import Channel, Kind
from riskgen.data.timefunctions import function_of_time
from riskgen.data.words import has_word

_ROW_KEYS = frozenset(
    {"id", "no", "nr", "num", "number", "key", "ref", "reference", "uuid", "index"}
)
_ROW_WORDS = _ROW_KEYS | {"row", "seq", "sequence", "hash", "unnamed"}
# A fact about nearly every entity of its own is a second name of it [J].
_SECOND_KEY = 0.9


@dataclass(frozen=True, eq=False)
class Table:
    """Profiles of a table with its keys chosen."""

    profiles: Mapping[str, Profile]
    entity: Choice
    time: Choice
    label: Choice | None
    keep: frozenset[str]

    def column(self, name: str) -> pl.Series:
        """Return a column's values, dates read."""
        return self.profiles[name].column

    @property
    def owner(self) -> pl.Series:
        """Return the entity of each row."""
        return self.column(self.entity.name)

    @cached_property
    def first_rows(self) -> NDArray[np.bool_]:
        """First row of each entity, shape (n_rows,)."""
        return self.owner.is_first_distinct().to_numpy()

    @cached_property
    def label_is_fixed(self) -> bool:
        """Whether the label is one for each entity."""
        return self.label is not None and constant_within(self.owner, self.column(self.label.name))

    def rest(self) -> list[Profile]:
        """Return the columns that no key took, in table order."""
        taken = {self.entity.name, self.time.name} | ({self.label.name} if self.label else set())
        return [p for p in self.profiles.values() if p.name not in taken]


def propose(table: Table) -> list[Channel]:
    """Return a channel for every column of ``table``, with its reason."""
    decided = {c.name: c for c in _keys(table)}
    rest = table.rest()
    for p in rest:
        if (reason := _unusable(table, p)) is not None:
            decided[p.name] = reason
    decided |= _copies(table, [p for p in rest if p.name not in decided])
    decided |= _arithmetic(table, [p for p in rest if p.name not in decided])
    for p in rest:
        if p.name not in decided:
            decided[p.name] = _modelled(table, p)
    return _with_meanings(table, decided)


def _channel(p: Profile, **facts: object) -> Channel:
    base: dict[str, object] = {"name": p.name, "dtype": dtype_name(p.dtype), "kind": kind_of(p)}
    return Channel.model_validate(base | facts)


def _keys(table: Table) -> list[Channel]:
    owner, moment = table.profiles[table.entity.name], table.profiles[table.time.name]
    channels = [
        _channel(
            owner,
            kind="identifier",
            role="entity",
            reason=table.entity.reason,
            personal=personal_kind(owner.column),
        ),
        _channel(moment, kind="timestamp", role="time", reason=table.time.reason),
    ]
    if table.label is not None:
        label = table.profiles[table.label.name]
        level = "one for each entity" if table.label_is_fixed else "it varies within an entity"
        reason = f"{table.label.reason}; {level}"
        channels.append(_channel(label, kind="flag", role="label", reason=reason))
    return channels


def _unusable(table: Table, p: Profile) -> Channel | None:
    """Return the channel of a column that is not modelled, or None."""
    if p.n_present == 0:
        return _channel(p, role="dropped", reason="empty in every row")
    if p.n_distinct == 1 and p.n_null == 0:
        return _channel(p, role="dropped", reason="the same in every row")
    if _is_row_key(p):
        return _channel(p, kind="identifier", role="row_id", reason="another value in every row")
    if p.name in table.keep:
        return None
    for rule in (_time_again, _personal, _giveaway, _other_date, _second_key):
        if (found := rule(table, p)) is not None:
            return found
    return None


def _is_row_key(p: Profile) -> bool:
    if not p.is_unique or not (p.is_whole or p.is_text):
        return False
    if has_word(p.name, _ROW_WORDS):
        return True
    values = p.column
    low, high = (values.min(), values.max()) if p.is_whole else (None, None)
    counted = isinstance(low, int) and isinstance(high, int) and low in (0, 1)
    return counted and high - low == p.n_rows - 1  # type: ignore[operator]


def _time_again(table: Table, p: Profile) -> Channel | None:
    usable = p.is_whole or p.is_date or p.column.dtype == pl.Boolean
    if not usable or p.column.equals(table.column(table.time.name)):
        return None
    found = function_of_time(p.column, table.column(table.time.name))
    return _channel(p, role="dropped", reason=f"{found} '{table.time.name}'") if found else None


def _personal(table: Table, p: Profile) -> Channel | None:
    kind = personal_kind(p.column)
    if kind is None:
        return None
    reason = f"looks like personal data ({kind}); --keep models it all the same"
    return _channel(p, role="dropped", reason=reason, personal=kind)


def _giveaway(table: Table, p: Profile) -> Channel | None:
    if table.label is None:
        return None
    label, column = table.column(table.label.name), p.column
    if table.label_is_fixed and constant_within(table.owner, column):
        rows = pl.Series(table.first_rows)
        label, column = label.filter(rows), column.filter(rows)
    positive = label.cast(pl.Float64).fill_null(0.0).to_numpy() > 0
    how = gives_label_away(column, positive)
    if how is None:
        return None
    reason = f"gives the label '{table.label.name}' away: it {how}; --keep models it all the same"
    return _channel(p, role="dropped", reason=reason)


def _other_date(table: Table, p: Profile) -> Channel | None:
    if not p.is_date or p.column.equals(table.column(table.time.name)):
        return None
    fixed = constant_within(table.owner, p.column)
    what = "a date fixed per entity" if fixed else "a second date of the event"
    return _channel(p, role="dropped", reason=f"{what}; only one time axis is modelled")


def _second_key(table: Table, p: Profile) -> Channel | None:
    if p.is_number and not has_word(p.name, _ROW_KEYS):
        return None
    n_entities = table.profiles[table.entity.name].n_distinct
    if not p.is_text and not p.is_whole:
        return None
    if p.n_distinct < _SECOND_KEY * n_entities or not constant_within(table.owner, p.column):
        return None
    return _channel(p, role="dropped", reason="names the entity a second time")


def _copies(table: Table, rest: list[Profile]) -> dict[str, Channel]:
    """Find exact duplicates of an earlier column."""
    found: dict[str, Channel] = {}
    seen = [table.profiles[table.entity.name], table.profiles[table.time.name]]
    for p in rest:
        twin = next((q for q in seen if _is_copy(p, q)), None)
        if twin is None or p.name in table.keep:
            seen.append(p)
        else:
            found[p.name] = _derived(p, f"copy({twin.name})", f"equal to '{twin.name}' everywhere")
    return found


def _is_copy(p: Profile, q: Profile) -> bool:
    same = (p.n_distinct, p.n_null, p.is_number, p.dtype.base_type() == pl.String)
    if same != (q.n_distinct, q.n_null, q.is_number, q.dtype.base_type() == pl.String):
        return False
    if p.is_date != q.is_date or p.n_rows < 20:
        return False
    return bool(p.column.eq_missing(q.column).all()) if _comparable(p, q) else False


def _comparable(p: Profile, q: Profile) -> bool:
    return (p.is_number and q.is_number) or p.column.dtype == q.column.dtype


def _derived(p: Profile, formula: str, reason: str) -> Channel:
    return _channel(
        p, role="derived", formula=formula, reason=reason, decimals=_places(p, kind_of(p))
    )


def _arithmetic(table: Table, rest: list[Profile]) -> dict[str, Channel]:
    """Find absolute values and running sums among the numeric columns."""
    numeric = [p for p in rest if p.is_number and kind_of(p) in ("amount", "number")]
    found: dict[str, Channel] = {}
    if len(numeric) < 2:
        return found
    places = max(decimals(p.column) for p in numeric)
    units = {p.name: smallest_units(p.column, places) for p in numeric}
    for p in numeric:
        signed = next((q.name for q in numeric if is_absolute(units[p.name], units[q.name])), None)
        if signed is not None:
            found[p.name] = _derived(p, f"absolute({signed})", f"the size of '{signed}'")
    free = [p.name for p in numeric if p.name not in found]
    return found | _running_sums(table, free, places)


def _running_sums(table: Table, free: list[str], places: int) -> dict[str, Channel]:
    columns = [table.column(n) for n in dict.fromkeys([table.entity.name, table.time.name, *free])]
    frame = pl.DataFrame(columns)
    ledger = Ledger.build(frame, table.entity.name, table.time.name, free, places)
    found: dict[str, Channel] = {}
    for name in free:
        total = find_running_sum(ledger, name)
        if total is None or total.column in found:
            continue
        exact = f"{100 * total.exact:.1f} % of rows add up exactly"
        rest = "" if total.exact >= 0.999 else ", the others within one unit of rounding"
        ties = "" if total.order is None else "; the order of ties follows from it"
        reason = f"the running sum of '{total.column}' within an entity: {exact}{rest}{ties}"
        formula = f"running_sum({total.column})"
        found[name] = _derived(table.profiles[name], formula, reason)
    return found


def _modelled(table: Table, p: Profile) -> Channel:
    kind = kind_of(p)
    fixed = constant_within(table.owner, p.column)
    facts = f"{p.n_distinct:,} values" if kind in ("category", "flag") else _range_words(p)
    missing = f", missing in {100 * p.n_null / p.n_rows:.1f} % of rows" if p.n_null else ""
    where = "fixed per entity" if fixed else "varies by event"
    return _channel(
        p,
        role="context" if fixed else "channel",
        decimals=_places(p, kind),
        reason=f"{where}: {facts}{missing}",
        personal=personal_kind(p.column) if p.name in table.keep else None,
    )


def _range_words(p: Profile) -> str:
    return "numbers of both signs" if _has_both_signs(p) else "numbers"


def _has_both_signs(p: Profile) -> bool:
    if not p.is_number:
        return False
    below, above = int((p.column < 0).sum()), int((p.column > 0).sum())
    # Refunds of one row in a thousand do not make a column signed [J].
    return min(below, above) > 0.001 * p.n_present


def _places(p: Profile, kind: Kind) -> int | None:
    return decimals(p.column) if kind in ("amount", "number") else None


def _with_meanings(table: Table, decided: Mapping[str, Channel]) -> list[Channel]:
    used = [
        decided[n] for n in table.profiles if decided[n].role in ("channel", "context", "derived")
    ]
    # A limit or an income is fixed: no event moves it, so it is no amount of one.
    moving = [c for c in used if c.role != "context" or c.kind not in ("amount", "number")]
    kinds = {c.name: c.kind for c in moving}
    signed = frozenset(c.name for c in moving if _has_both_signs(table.profiles[c.name]))
    given = meanings(kinds, signed)
    return [
        c.model_copy(update={"meaning": given[c.name]}) if c.name in given else c
        for c in decided.values()
    ]
