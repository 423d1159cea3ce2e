"""How sure a proposed role is, and what would change it.

Certain: the user said it, or it holds in every row. Likely: name and content
agree. Guess: one hint only. Knows channels and the columns they describe.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import polars as pl

from riskgen.data.inference.profile import FEW_LEVELS
from riskgen.data.inference.words import has_word
from riskgen.data.schema import Channel, Schema

Level = Literal["certain", "likely", "guess"]
_OWNERS = frozenset(
    {"customer", "client", "cust", "account", "acct", "acc", "card", "user", "iban", "member"}
    | {"src", "source", "orig", "originator", "sender", "payer", "debtor", "holder", "person"}
    | {"cardholder", "household", "kunde", "konto", "borrower", "obligor", "cif", "cc", "pan"}
)
_KEYS = frozenset({"id", "no", "nr", "num", "number", "key", "uid", "uuid", "hash", "ref"})
# Kinds of personal data that carry check digits or an unmistakable form.
_PROVEN = frozenset({"e-mail", "IBAN", "card number"})


@dataclass(frozen=True)
class Confidence:
    """How sure a role and kind are.

    Attributes
    ----------
    level : str
        ``certain``, ``likely`` or ``guess``.
    doubt : str
        What would change it; empty where nothing would.
    """

    level: Level
    doubt: str = ""


def confidence_of(
    channel: Channel, schema: Schema, column: pl.Series, named: Collection[str] = ()
) -> Confidence:
    """Return how sure the proposal for a column is.

    Parameters
    ----------
    channel : Channel
        The proposal.
    schema : Schema
        All proposals.
    column : polars.Series
        The column's values as inspected.
    named : collection of str
        Columns that the user named, or described in a schema of their own.
    """
    if channel.name in named:
        return Confidence("certain")
    by_role = {"entity": _entity, "time": _time, "label": _label, "derived": _derived}
    if channel.role in by_role:
        return by_role[channel.role](channel, schema, column)
    if channel.role == "row_id":
        return _certain_if(column.n_unique() == len(column), "a repeated number would")
    if channel.role == "dropped":
        return _dropped(channel, column)
    return _modelled(channel, column)


def _certain_if(holds: bool, doubt: str) -> Confidence:
    return Confidence("certain") if holds else Confidence("likely", doubt)


def _entity(channel: Channel, schema: Schema, column: pl.Series) -> Confidence:
    if not has_word(channel.name, _OWNERS):
        return Confidence("guess", "no name of an owner; another key with --entity COLUMN")
    if "also possible" in channel.reason:
        return Confidence("likely", "other keys could own the events: --entity COLUMN")
    return Confidence("likely", "a key above it, such as the customer of a card: --entity COLUMN")


def _time(channel: Channel, schema: Schema, column: pl.Series) -> Confidence:
    if schema.resolution == "step":
        return Confidence("guess", "whole numbers without a date; a date with --time COLUMN")
    if channel.form is not None:
        return Confidence("likely", f"read as {channel.form}; correct 'form' if it is not")
    if "other dates" in channel.reason:
        return Confidence("likely", "another date may say when it happened: --time COLUMN")
    return Confidence("certain")


def _label(channel: Channel, schema: Schema, column: pl.Series) -> Confidence:
    if "also possible" in channel.reason:
        return Confidence("guess", "several columns look like it: --label COLUMN")
    return Confidence("likely", "--label COLUMN names another; --drop leaves it out")


def _derived(channel: Channel, schema: Schema, column: pl.Series) -> Confidence:
    rounded = "within one unit" in channel.reason or (
        "running sum" in channel.reason and "100.0 %" not in channel.reason
    )
    return _certain_if(not rounded, "some rows are not met exactly")


def _dropped(channel: Channel, column: pl.Series) -> Confidence:
    keep = f"--keep {channel.name} models it"
    if column.n_unique() <= 1:
        return Confidence("certain")
    if channel.personal in _PROVEN:
        return Confidence("certain", keep)
    if channel.personal is not None:
        return Confidence("likely" if channel.personal != "near-unique text" else "guess", keep)
    if "gives the label" in channel.reason or "function of time" in channel.reason:
        return Confidence("certain", keep)
    return Confidence("likely", keep)


def _modelled(channel: Channel, column: pl.Series) -> Confidence:
    if channel.personal is not None:
        return Confidence("likely", f"it looks personal; --drop {channel.name} leaves it out")
    if channel.kind == "category" and column.dtype.is_integer():
        if column.n_unique() <= FEW_LEVELS and not has_word(channel.name, _KEYS):
            return Confidence("guess", "few whole numbers: 'kind: number' if their size counts")
        return Confidence("likely", "'kind: number' if their size counts")
    if channel.kind == "number" and not column.dtype.is_integer():
        return Confidence("likely", "'kind: amount' if it is money")
    if channel.kind == "number":
        return Confidence("guess", "'kind: category' if the numbers are names")
    if channel.kind == "flag" and column.n_unique() <= 2 and column.null_count() == 0:
        return Confidence("certain")
    if channel.kind == "category" and column.dtype == pl.String:
        return Confidence("certain")
    return Confidence(
        "likely", "'kind: number' if it is no money" if channel.kind == "amount" else ""
    )
