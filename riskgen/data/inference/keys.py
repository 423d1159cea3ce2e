"""Which columns say who, when and what a detector predicts.

Knows profiles of columns; decides entity, time and label, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from riskgen.data.inference.profile import Profile
from riskgen.data.inference.words import has_word, words
from riskgen.data.times.dates import is_ambiguous
from riskgen.errors import SchemaError

Profiles = Mapping[str, Profile]

# Who owns a sequence, the broadest owner first: a detector that follows the
# customer also sees all cards and accounts of the customer [J].
_OWNERS: tuple[frozenset[str], ...] = (
    frozenset({"customer", "client", "cust", "kunde", "cif", "borrower", "obligor"}),
    frozenset({"user", "holder", "member", "cardholder", "person", "household", "party"}),
    frozenset({"account", "acct", "acc", "konto"}),
    frozenset({"card", "iban", "pan", "cc"}),
    frozenset({"orig", "originator", "sender", "src", "source", "payer", "debtor", "from"}),
)
_KEY_WORDS = frozenset({"id", "no", "nr", "num", "number", "key", "code", "ref", "uid", "uuid"})
_OTHERS = frozenset(
    {"merchant", "terminal", "shop", "store", "device", "counterparty", "payee", "beneficiary"}
    | {"dest", "dst", "destination", "receiver", "recipient", "branch", "type", "category"}
    | {"product", "currency", "status", "country", "channel", "transaction", "trans", "tx", "age"}
    | {
        "name",
        "segment",
        "group",
        "class",
        "rating",
        "gender",
        "count",
        "creditor",
        "to",
        "partner",
    }
)
_STEP_WORDS = frozenset({"step", "t", "month", "period", "day", "week", "tick", "time", "date"})
_NOT_EVENT_TIME = frozenset(
    {"birth", "dob", "open", "opened", "opening", "expiry", "expires", "valid", "issued", "loan"}
    | {"due", "created", "updated", "registered", "since", "joined", "maturity", "load", "loaded"}
)
_LABEL_WORDS: tuple[frozenset[str], ...] = (
    frozenset({"fraud", "isfraud", "fraudulent", "fraudster"}),
    frozenset({"default", "defaulted", "delinquent", "npl"}),
    frozenset({"laundering", "sar", "suspicious", "aml"}),
    frozenset({"chargeback", "dispute"}),
    frozenset({"churn", "churned", "attrition"}),
)
# Words that say label only when the name says nothing else.
_LABEL_ALONE = frozenset({"label", "target", "class", "y", "anomaly", "outlier", "bad"})
_FILLERS = frozenset({"is", "has", "flag", "was"})


@dataclass(frozen=True)
class Choice:
    """A column and the reason for choosing it."""

    name: str
    reason: str


def find_entity(profiles: Profiles) -> Choice | None:
    """Return the column that tells entities apart, if names and counts say so.

    A candidate has a name of an owner, is whole numbers or text, is (nearly)
    never missing and repeats: at least two rows for a value on average.
    """
    ranked = sorted(
        ((_owner_rank(p), place, p) for place, p in enumerate(profiles.values()) if _repeats(p)),
        key=lambda item: item[:2],
    )
    named = [p for rank, _, p in ranked if rank < len(_OWNERS)]
    if named:
        return Choice(named[0].name, _entity_reason(named))
    keys = [p for p in profiles.values() if _repeats(p) and words(p.name)[-1:] == ("id",)]
    keys = [p for p in keys if not has_word(p.name, _OTHERS)]
    if len(keys) == 1:
        return Choice(keys[0].name, f"the only key that repeats: {_counts(keys[0])}")
    return None


def _repeats(p: Profile) -> bool:
    if not (p.is_whole or p.is_text) or p.n_null > 0.01 * p.n_rows:
        return False
    return p.n_distinct >= 2 and 2 * p.n_distinct <= p.n_rows


def _owner_rank(p: Profile) -> float:
    """Return the place among owners; a key word in the name puts it half a place ahead."""
    found = set(words(p.name))
    if not found.isdisjoint(_OTHERS):
        return len(_OWNERS)
    rank = next((i for i, owner in enumerate(_OWNERS) if owner & found), len(_OWNERS))
    return rank - 0.5 if rank < len(_OWNERS) and found & _KEY_WORDS else rank


def _entity_reason(named: Sequence[Profile]) -> str:
    first, others = named[0], named[1:]
    reason = f"its name says owner and it repeats: {_counts(first)}"
    if others:
        listed = ", ".join(f"'{p.name}'" for p in others)
        reason += f"; also possible: {listed} (--entity)"
    return reason


def _counts(p: Profile) -> str:
    return f"{p.n_distinct:,} values in {p.n_rows:,} rows"


def missing_entity(profiles: Profiles) -> SchemaError:
    """Return the error that says what was looked for in vain."""
    once = [p.name for p in profiles.values() if p.is_unique and _owner_rank(p) < len(_OWNERS)]
    if once:
        return SchemaError(
            f"Column '{once[0]}' has another value in every row: one row for each customer is not "
            "a history. Give a table with one row for each event, or name the key of the "
            "sequences with --entity COLUMN."
        )
    near = [f"'{p.name}'" for p in profiles.values() if _repeats(p)][:8]
    listed = f" Columns that repeat: {', '.join(near)}." if near else ""
    return SchemaError(
        "No column tells customers apart. Looked for a key that repeats and is named like "
        f"customer, client, user, account, card or sender.{listed} "
        "Name it with --entity COLUMN; for a table of prices use --domain market."
    )


def find_time(profiles: Profiles, entity: str | None) -> Choice | None:
    """Return the column that orders events, if there is one.

    The finest real timestamp wins; a whole-number column counts only when its
    name is a word for a step of time and there is no date.
    """
    dates = [p for p in profiles.values() if p.is_date and p.n_present >= 0.9 * p.n_rows]
    dates = [
        p for p in dates if p.n_distinct > 1 and (entity is None or _varies(profiles, p, entity))
    ]
    dates = [p for p in dates if p.name != entity]
    if dates:
        best = max(dates, key=_time_score)
        others = [p.name for p in dates if p is not best]
        also = f"; other dates: {', '.join(map(repr, others))} (--time)" if others else ""
        clock = "with a time of day" if best.has_clock else "without a time of day"
        form = f", read as {best.form}" if best.form is not None else ""
        return Choice(best.name, f"the finest date that varies by event, {clock}{form}{also}")
    steps = [p for p in profiles.values() if p.is_whole and _is_step(p)]
    steps = [p for p in steps if p.name != entity]
    if steps:
        return Choice(steps[0].name, "whole numbers named like a step of time; one step is a day")
    return None


def _varies(profiles: Profiles, p: Profile, entity: str) -> bool:
    return not constant_within(profiles[entity].column, p.column)


def _time_score(p: Profile) -> tuple[bool, bool, int]:
    return (not has_word(p.name, _NOT_EVENT_TIME), p.has_clock, p.n_distinct)


def _is_step(p: Profile) -> bool:
    return words(p.name)[-1:] != () and words(p.name)[-1] in _STEP_WORDS and p.n_null == 0


def missing_time(table: pl.DataFrame) -> SchemaError:
    """Return the error that says that nothing orders events."""
    unclear = [c.name for c in table if c.dtype == pl.String and is_ambiguous(c)]
    if unclear:
        return SchemaError(
            f"Column '{unclear[0]}' holds dates whose day and month could be swapped. "
            "Write them as 2024-03-28 and try again."
        )
    return SchemaError(
        "No column orders the events. Looked for a date or timestamp, and for whole numbers "
        "named step, t, day or month. Name it with --time COLUMN."
    )


def find_label(profiles: Profiles) -> Choice | None:
    """Return the two-class column whose name says what a detector predicts, if any."""
    ranked = [
        (rank, len(words(p.name)), place, p)
        for place, p in enumerate(profiles.values())
        if p.n_present and p.is_zero_one() and (rank := _label_rank(p)) <= len(_LABEL_WORDS)
    ]
    if not ranked:
        return None
    ranked.sort(key=lambda item: item[:3])
    best, others = ranked[0][-1], [item[-1].name for item in ranked[1:]]
    also = f"; also possible: {', '.join(map(repr, others))} (--label)" if others else ""
    return Choice(best.name, f"two classes and a name that says label{also}")


def _label_rank(p: Profile) -> int:
    found = set(words(p.name)) | {"".join(words(p.name))}
    rank = next((i for i, named in enumerate(_LABEL_WORDS) if named & found), None)
    alone = set(words(p.name)) - _FILLERS <= _LABEL_ALONE and found & _LABEL_ALONE
    return rank if rank is not None else len(_LABEL_WORDS) + (0 if alone else 1)


def check_label(p: Profile) -> None:
    """Refuse a label that is not 0 and 1.

    Raises
    ------
    SchemaError
        When the column named with ``--label`` holds anything else.
    """
    if not p.is_zero_one():
        raise SchemaError(
            f"Label '{p.name}' has {p.n_distinct:,} values of type {p.dtype}; riskgen needs 0 and "
            "1 (or true and false). Recode it, or name another with --label."
        )


def constant_within(owner: pl.Series, column: pl.Series) -> bool:
    """Whether a column has one value (or is missing throughout) for each entity.

    Both of length n_rows, in any order. False when no entity has two rows.
    """
    codes = owner.rank("dense").to_numpy()
    order = np.argsort(codes, kind="stable")
    same = codes[order][1:] == codes[order][:-1]
    values = column[pl.Series(order)]
    changes = values.ne_missing(values.shift(1)).to_numpy()[1:]
    return bool(same.any()) and not bool((changes & same).any())
