"""What a column may be used as, told by its name and its values.

Knows names and profiles. A meaning lets a stress scenario find the column to
bend; a wrong one bends the wrong column, so a meaning is given only once.
"""

from __future__ import annotations

import polars as pl

from riskgen.data.inference.profile import FEW_LEVELS, Profile
from riskgen.data.inference.words import words
from riskgen.data.schema import Kind, Meaning

_MONEY = frozenset(
    {"amount", "amt", "value", "price", "betrag", "balance", "saldo", "bal", "limit", "bill", "pay"}
    | {"payment", "fee", "cost", "income", "salary", "credit", "debit", "volume", "usd", "eur"}
    | {"czk", "gbp", "sum", "instalment", "installment", "principal", "interest"}
)
_KEYS = frozenset({"id", "no", "nr", "num", "number", "key", "ref", "uid", "uuid", "code", "hash"})
_GRADES = frozenset(
    {"status", "type", "class", "level", "grade", "flag", "mode", "method", "group"}
)
# In order of preference: the first name that fits has the meaning.
_NAMES: tuple[tuple[Meaning, tuple[frozenset[str], ...]], ...] = (
    ("balance", (frozenset({"balance", "bal", "saldo"}),)),
    ("amount", (frozenset({"amount", "amt", "betrag"}), frozenset({"value", "payment", "price"}))),
    # A merchant's category is no merchant; a device's type is still the device.
    ("category", (frozenset({"mcc", "category"}),)),
    (
        "merchant",
        (frozenset({"merchant", "mid"}), frozenset({"terminal", "shop", "store", "vendor"})),
    ),
    (
        "counterparty",
        (
            frozenset({"counterparty", "payee", "beneficiary", "recipient", "receiver", "partner"}),
            frozenset({"dst", "dest", "destination", "creditor"}),
            frozenset({"account", "iban", "acct", "customer", "client"}),
        ),
    ),
    ("country", (frozenset({"country", "cntry", "nation"}), frozenset({"geo", "land"}))),
    ("device", (frozenset({"device", "browser", "fingerprint", "useragent"}),)),
    ("channel", (frozenset({"channel", "entry", "medium", "pos"}),)),
    (
        "category",
        (
            frozenset({"operation"}),
            frozenset({"type", "kind", "purpose", "symbol"}),
        ),
    ),
)
_LIMIT, _OF_CREDIT = "limit", frozenset({"credit", "card", "overdraft", "bal", "balance"})
# A bill or a limit is what is owed or allowed, not what an event moves.
_OWED = frozenset({"bill", "statement", "limit"})
_NUMERIC: frozenset[Meaning] = frozenset({"balance", "amount"})


def kind_of(p: Profile) -> Kind:
    """Return what the values of a modelled column are; what the team said goes first."""
    if p.told in ("category", "flag", "identifier"):
        return p.told
    if p.is_date or p.column.dtype == pl.Time:
        return "timestamp"
    if p.told == "number":
        return _size(p)
    if p.column.dtype == pl.Boolean or (p.n_distinct == 2 and p.n_null == 0):
        return "flag"
    if p.is_text or (p.is_whole and _is_code(p)):
        return "category"
    return _size(p)


def _size(p: Profile) -> Kind:
    return "amount" if _MONEY & set(words(p.name)) else "number"


def _is_code(p: Profile) -> bool:
    """Whether whole numbers are names: few of them, or called a key."""
    found = set(words(p.name))
    if found & _KEYS or found & _names_of("merchant") or found & _names_of("counterparty"):
        return True
    return p.n_distinct <= FEW_LEVELS and not (found & _MONEY and not found & _GRADES)


def _names_of(meaning: Meaning) -> frozenset[str]:
    return frozenset().union(*(group for m, groups in _NAMES if m == meaning for group in groups))


def meanings(kinds: dict[str, Kind], signed: frozenset[str]) -> dict[str, Meaning]:
    """Return the meaning of the columns that have one, each meaning at most once.

    Parameters
    ----------
    kinds : dict of column to kind
        Columns that are modelled, in table order.
    signed : frozenset of str
        Numeric columns that hold both signs.
    """
    given: dict[str, Meaning] = {}
    for meaning, groups in _NAMES:
        for chosen in ("signed_amount", "amount") if meaning == "amount" else (meaning,):
            name = _first(kinds, groups, chosen, signed, given)
            if name is not None and chosen not in given.values():
                given[name] = chosen
    return given


def credit_limit(kinds: dict[str, Kind]) -> str | None:
    """Return the first numeric column that is called a credit limit, if any.

    Parameters
    ----------
    kinds : dict of column to kind
        Columns that are modelled, those fixed per entity too, in table order.
    """
    for name, kind in kinds.items():
        found = words(name)
        called = _LIMIT in found and (len(found) == 1 or _OF_CREDIT & set(found))
        if kind in ("amount", "number") and called:
            return name
    return None


def _first(
    kinds: dict[str, Kind],
    groups: tuple[frozenset[str], ...],
    meaning: Meaning,
    signed: frozenset[str],
    given: dict[str, Meaning],
) -> str | None:
    wants_number = meaning in _NUMERIC or meaning == "signed_amount"
    for group in groups:
        for name, kind in kinds.items():
            fits = (kind in ("amount", "number")) == wants_number and name not in given
            fits = fits and (meaning != "signed_amount" or name in signed)
            fits = fits and (meaning != "amount" or name not in signed)
            fits = fits and not (wants_number and _OWED & set(words(name)))
            if fits and group & set(words(name)):
                return name
    return None
