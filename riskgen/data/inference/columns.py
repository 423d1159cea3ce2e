"""A role for every column of a table of transactions, by rules in a fixed order.

The first rule that speaks decides, and its reason is kept. Knows profiles and
the columns already chosen as keys.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from riskgen.data.derived.formula import Formula
from riskgen.data.derived.relations import find_arithmetic, find_copies
from riskgen.data.inference.giveaway import gives_label_away
from riskgen.data.inference.inventory import Table, channel_of, places_of
from riskgen.data.inference.keys import constant_within
from riskgen.data.inference.meanings import credit_limit, kind_of, meanings
from riskgen.data.inference.profile import Profile
from riskgen.data.inference.words import has_word
from riskgen.data.personal import personal_kind
from riskgen.data.schema import Channel
from riskgen.data.times.forms import is_named_like_time, read_form, write_form
from riskgen.data.times.readings import TimeFunction, equal, find_time_function

_ROW_KEYS = frozenset(
    {"id", "no", "nr", "num", "number", "key", "ref", "reference", "uuid", "index"}
)
_ROW_WORDS = _ROW_KEYS | {"row", "seq", "sequence", "hash", "unnamed"}
# Texts with more values than that say the time only if their name does [J].
_TIME_TEXTS = 400
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
    looks = personal_kind(owner.column)
    channels = [
        channel_of(
            owner,
            kind="identifier",
            role="entity",
            reason=_owner_reason(table.entity.reason, looks),
            personal=looks,
        ),
        channel_of(
            moment, kind="timestamp", role="time", reason=table.time.reason, clock=table.clock
        ),
    ]
    if table.label is not None:
        label = table.profiles[table.label.name]
        level = "one for each entity" if table.label_is_fixed else "it varies within an entity"
        reason = f"{table.label.reason}; {level}"
        channels.append(channel_of(label, kind="flag", role="label", reason=reason))
    return channels


def _owner_reason(reason: str, looks: str | None) -> str:
    if looks is None:
        return reason
    return f"{reason}; looks like personal data ({looks}): simulated entities get fresh keys"


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
    if has_word(p.name, _ROW_WORDS) or p.told == "identifier":
        return True
    values = p.column
    low, high = (values.min(), values.max()) if p.is_whole else (None, None)
    counted = isinstance(low, int) and isinstance(high, int) and low in (0, 1)
    return counted and high - low == p.n_rows - 1  # type: ignore[operator]


def _time_again(table: Table, p: Profile) -> Channel | None:
    time = table.column(table.time.name)
    told = p.name == table.clock or _may_tell_time(p)
    if not told or (p.form is None and p.column.equals(time)):
        return None
    found = _rewritten(p, time) or find_time_function(p.column, time, table.owner)
    if found is None or (found.formula is None and p.column.dtype == pl.Time):
        return _other_clock(p)
    if found.formula is None:
        reason = f"{found.words} '{time.name}', but which one is not known"
        return channel_of(p, role="dropped", reason=reason)
    missing = f"; {p.n_null:,} rows lack it, simulated ones have it" if p.n_null else ""
    return channel_of(
        p,
        kind="timestamp",
        role="derived",
        formula=str(found.formula),
        reason=found.words + missing,
    )


def _may_tell_time(p: Profile) -> bool:
    if p.is_text:
        return p.n_distinct <= _TIME_TEXTS or is_named_like_time(p.name)
    return p.is_whole or p.column.dtype == pl.Boolean or p.column.dtype.is_temporal()


def _rewritten(p: Profile, time: pl.Series) -> TimeFunction | None:
    """Return how a column writes the time itself, or part of it, as text or numbers."""
    if p.form is None or not time.dtype.is_temporal():
        return None
    known = p.column.is_not_null()
    again = read_form(write_form(time.filter(known), p.form, pl.String()), p.form)
    if not equal(again, p.column.filter(known)):
        return None
    return TimeFunction(
        Formula("written", (time.name,), (p.form,)), f"'{time.name}' written as {p.form}"
    )


def _other_clock(p: Profile) -> Channel | None:
    if p.column.dtype != pl.Time:
        return None
    reason = "a time of day of its own; only one time axis is modelled"
    return channel_of(p, kind="timestamp", role="dropped", reason=reason)


def _personal(table: Table, p: Profile) -> Channel | None:
    kind = personal_kind(p.column, tuple(table.profiles))
    if kind is None:
        return None
    reason = (
        f"looks like personal data ({kind}); --keep models it all the same, --pseudonymise "
        "models fresh ids"
    )
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
        personal=personal_kind(p.column, tuple(table.profiles)) if p.name in table.keep else None,
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
    limit = credit_limit({c.name: c.kind for c in used if c.name not in given})
    if limit is not None:
        given[limit] = "credit_limit"
    return [
        c.model_copy(update={"meaning": given[c.name]}) if c.name in given else c
        for c in decided.values()
    ]
