"""A role for every column of a table of transactions, by rules in a fixed order.

The first rule that speaks decides, and its reason is kept. Knows profiles and
the columns already chosen as keys.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from riskgen.data.giveaway import gives_label_away
from riskgen.data.inventory import Table, channel_of, places_of
from riskgen.data.keys import constant_within
from riskgen.data.meanings import kind_of, meanings
from riskgen.data.personal import personal_kind
from riskgen.data.profile import Profile
from riskgen.data.relations import find_arithmetic, find_copies
from riskgen.data.schema import Channel
from riskgen.data.timefunctions import function_of_time
from riskgen.data.words import has_word

_ROW_KEYS = frozenset(
    {"id", "no", "nr", "num", "number", "key", "ref", "reference", "uuid", "index"}
)
_ROW_WORDS = _ROW_KEYS | {"row", "seq", "sequence", "hash", "unnamed"}
# A fact about nearly every entity of its own is a second name of it [J].
_SECOND_KEY = 0.9


def propose(table: Table) -> list[Channel]:
    """Return a channel for every column of ``table``, with its reason."""
    decided = {c.name: c for c in _keys(table)}
    rest = table.rest()
    for p in rest:
        if (reason := _unusable(table, p)) is not None:
            decided[p.name] = reason
    decided |= find_copies(table, [p for p in rest if p.name not in decided])
    decided |= find_arithmetic(table, [p for p in rest if p.name not in decided])
    for p in rest:
        if p.name not in decided:
            decided[p.name] = _modelled(table, p)
    return _with_meanings(table, decided)


def _keys(table: Table) -> list[Channel]:
    owner, moment = table.profiles[table.entity.name], table.profiles[table.time.name]
    channels = [
        channel_of(
            owner,
            kind="identifier",
            role="entity",
            reason=table.entity.reason,
            personal=personal_kind(owner.column),
        ),
        channel_of(moment, kind="timestamp", role="time", reason=table.time.reason),
    ]
    if table.label is not None:
        label = table.profiles[table.label.name]
        level = "one for each entity" if table.label_is_fixed else "it varies within an entity"
        reason = f"{table.label.reason}; {level}"
        channels.append(channel_of(label, kind="flag", role="label", reason=reason))
    return channels


def _unusable(table: Table, p: Profile) -> Channel | None:
    """Return the channel of a column that is not modelled, or None."""
    if p.n_present == 0:
        return channel_of(p, role="dropped", reason="empty in every row")
    if p.n_distinct == 1 and p.n_null == 0:
        return channel_of(p, role="dropped", reason="the same in every row")
    if _is_row_key(p):
        return channel_of(p, kind="identifier", role="row_id", reason="another value in every row")
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
    return channel_of(p, role="dropped", reason=f"{found} '{table.time.name}'") if found else None


def _personal(table: Table, p: Profile) -> Channel | None:
    kind = personal_kind(p.column)
    if kind is None:
        return None
    reason = f"looks like personal data ({kind}); --keep models it all the same"
    return channel_of(p, role="dropped", reason=reason, personal=kind)


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
    return channel_of(p, role="dropped", reason=reason)


def _other_date(table: Table, p: Profile) -> Channel | None:
    if not p.is_date or p.column.equals(table.column(table.time.name)):
        return None
    fixed = constant_within(table.owner, p.column)
    what = "a date fixed per entity" if fixed else "a second date of the event"
    return channel_of(p, role="dropped", reason=f"{what}; only one time axis is modelled")


def _second_key(table: Table, p: Profile) -> Channel | None:
    if p.is_number and not has_word(p.name, _ROW_KEYS):
        return None
    n_entities = table.profiles[table.entity.name].n_distinct
    if not p.is_text and not p.is_whole:
        return None
    if p.n_distinct < _SECOND_KEY * n_entities or not constant_within(table.owner, p.column):
        return None
    return channel_of(p, role="dropped", reason="names the entity a second time")


def _modelled(table: Table, p: Profile) -> Channel:
    kind = kind_of(p)
    fixed = constant_within(table.owner, p.column)
    facts = f"{p.n_distinct:,} values" if kind in ("category", "flag") else _range_words(p)
    missing = f", missing in {100 * p.n_null / p.n_rows:.1f} % of rows" if p.n_null else ""
    where = "fixed per entity" if fixed else "varies by event"
    return channel_of(
        p,
        role="context" if fixed else "channel",
        decimals=places_of(p, kind),
        reason=f"{where}: {facts}{missing}",
        personal=personal_kind(p.column) if p.name in table.keep else None,
    )


def _range_words(p: Profile) -> str:
    return "numbers of both signs" if p.has_both_signs() else "numbers"


def _with_meanings(table: Table, decided: Mapping[str, Channel]) -> list[Channel]:
    used = [
        decided[n] for n in table.profiles if decided[n].role in ("channel", "context", "derived")
    ]
    # A limit or an income is fixed: no event moves it, so it is no amount of one.
    moving = [c for c in used if c.role != "context" or c.kind not in ("amount", "number")]
    kinds = {c.name: c.kind for c in moving}
    signed = frozenset(c.name for c in moving if table.profiles[c.name].has_both_signs())
    given = meanings(kinds, signed)
    return [
        c.model_copy(update={"meaning": given[c.name]}) if c.name in given else c
        for c in decided.values()
    ]
