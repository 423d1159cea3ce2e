"""A schema proposed from the table itself, with a reason for every column.

Joins the rules of keys, time, personal data, give-aways and arithmetic. What
it cannot decide it refuses, and names the flag that decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import polars as pl

from riskgen.data.dtypes import dtype_name, is_supported, remedy
from riskgen.data.inference.columns import propose
from riskgen.data.inference.inventory import Table
from riskgen.data.inference.keys import (
    Choice,
    check_label,
    find_entity,
    find_label,
    find_time,
    missing_entity,
    missing_time,
)
from riskgen.data.inference.profile import NOTHING, Profile, Told, profile
from riskgen.data.inference.resolution import resolution_of
from riskgen.data.market.pricetable import is_price_table, price_schema
from riskgen.data.personal.pseudonyms import check_choices, pseudonymise_columns
from riskgen.data.schema import Channel, Schema, unknown_name
from riskgen.data.times.timeofday import find_clock, join, read_clock
from riskgen.errors import DataError, SchemaError

_ASKED = "you named it"


def infer_schema(
    table: pl.DataFrame,
    *,
    domain: str | None = None,
    entity: str | None = None,
    time: str | None = None,
    label: str | None = None,
    keep: Sequence[str] = (),
    drop: Sequence[str] = (),
    pseudonymise: Sequence[str] = (),
    told: Mapping[str, Told] | None = None,
) -> Schema:
    """Return what each column of a table is, with the reason.

    Parameters
    ----------
    table : polars.DataFrame
        All rows, as a source gives them.
    domain : {"transactions", "market"}, optional
        Proposed from the table when not given.
    entity, time, label : str, optional
        Columns that the user names.
    keep : sequence of str
        Columns to model although they look personal or give the label away.
    drop : sequence of str
        Columns to leave out.
    pseudonymise : sequence of str
        Columns to model by fresh ids; see :mod:`riskgen.data.personal.pseudonyms`.
    told : mapping of str to Told, optional
        What the team says of columns, by name; it goes before what their
        values suggest.

    Raises
    ------
    SchemaError
        When a named column is missing, or no column can be found for a role
        that every table needs.
    DataError
        When a column has a type that cannot be modelled.
    """
    _check_names(table, [n for n in (entity, time, label) if n is not None], keep, drop)
    check_choices(table.columns, pseudonymise, (*keep, *drop))
    _check_types(table)
    if domain not in (None, "transactions", "market"):
        raise SchemaError(f"There is no domain '{domain}'. Known: transactions, market (--domain).")
    said = {name: NOTHING for name in table.columns} | dict(told or {})
    profiles = {
        c.name: profile(c, is_time=c.name == time, told=said[c.name])
        for c in table
        if c.name not in drop
    }
    dropped = [_asked_away(table[name]) for name in drop]
    # A column that the user named for one role is no candidate for another.
    free = {n: p for n, p in profiles.items() if n not in (time, label)}
    owner = _chosen(entity) or (None if domain == "market" else find_entity(free))
    if domain == "market" or (owner is None and domain is None and is_price_table(profiles)):
        prices = price_schema(table, profiles, time, dropped)
        return pseudonymise_columns(prices, table, pseudonymise)
    if owner is None:
        raise missing_entity(profiles)
    modelled = frozenset((*keep, *pseudonymise))
    schema = _transactions(table, profiles, owner, time, label, modelled, dropped)
    return pseudonymise_columns(schema, table, pseudonymise)


def _check_names(
    table: pl.DataFrame, named: Sequence[str], keep: Sequence[str], drop: Sequence[str]
) -> None:
    for name in (*named, *keep, *drop):
        if name not in table.columns:
            raise SchemaError(unknown_name("column", name, table.columns))
    twice = [name for name in named if named.count(name) > 1 or name in drop]
    if twice:
        raise SchemaError(
            f"Column '{twice[0]}' was given two roles. Name each column with one of "
            "--entity, --time, --label or --drop."
        )


def _check_types(table: pl.DataFrame) -> None:
    for name, dtype in table.schema.items():
        if not name:
            place = table.columns.index(name) + 1
            raise DataError(f"Column {place} has no name. Give it one, or remove it.")
        if not is_supported(dtype):
            kind = dtype.base_type().__name__
            raise DataError(f"Column '{name}' is of type {kind}. {remedy(dtype)}")


def _chosen(name: str | None) -> Choice | None:
    return None if name is None else Choice(name, _ASKED)


def _asked_away(column: pl.Series) -> Channel:
    return Channel(
        name=column.name,
        dtype=dtype_name(column.dtype),
        kind="category",
        role="dropped",
        reason="you asked to leave it out",
    )


def _transactions(
    table: pl.DataFrame,
    profiles: dict[str, Profile],
    owner: Choice,
    time: str | None,
    label: str | None,
    keep: frozenset[str],
    dropped: list[Channel],
) -> Schema:
    unlabelled = {n: p for n, p in profiles.items() if n != label}
    moment = _time(table, unlabelled, owner, time)
    target = _label(profiles, label, owner, moment)
    profiles, moment, clock = _with_clock(profiles, moment, keep | _names(owner, target))
    inside = Table(profiles, owner, moment, target, keep, clock)
    channels = {c.name: c for c in [*propose(inside), *dropped]}
    return Schema(
        domain="transactions",
        channels=tuple(channels[name] for name in table.columns),
        resolution=resolution_of(inside.column(moment.name), inside.column(owner.name)),
        label_level=_label_level(inside),
    )


def _names(*chosen: Choice | None) -> frozenset[str]:
    return frozenset(choice.name for choice in chosen if choice is not None)


def _with_clock(
    profiles: dict[str, Profile], moment: Choice, keep: frozenset[str]
) -> tuple[dict[str, Profile], Choice, str | None]:
    """Join a date without a time of day with the column that has it, if there is one."""
    date = profiles[moment.name]
    taken = {moment.name, *keep}
    found = find_clock({n: p for n, p in profiles.items() if n not in taken}, date)
    if found is None:
        return profiles, moment, None
    name, pattern = found
    joined = join(date.column, read_clock(profiles[name].column, pattern))
    reason = f"{moment.reason}; its time of day is in '{name}'"
    both = replace(date, column=joined, n_distinct=joined.drop_nulls().n_unique())
    profiles = {**profiles, moment.name: both}
    return profiles, Choice(moment.name, reason), name


def _label_level(inside: Table) -> Literal["event", "entity"] | None:
    if inside.label is None:
        return None
    return "entity" if inside.label_is_fixed else "event"


def _time(
    table: pl.DataFrame, profiles: dict[str, Profile], owner: Choice, time: str | None
) -> Choice:
    if time is None:
        found = find_time(profiles, owner.name)
        if found is None:
            raise missing_time(table)
        return found
    chosen = profiles[time]
    if not (chosen.is_date or chosen.is_whole):
        raise SchemaError(
            f"Column '{time}' (--time) has type {chosen.dtype}. Time must be a date, a timestamp, "
            "or whole-number steps; write dates as 2024-03-28."
        )
    return Choice(time, _ASKED)


def _label(
    profiles: dict[str, Profile], label: str | None, owner: Choice, moment: Choice
) -> Choice | None:
    if label is not None:
        check_label(profiles[label])
        return Choice(label, _ASKED)
    taken = (owner.name, moment.name)
    return find_label({n: p for n, p in profiles.items() if n not in taken})
