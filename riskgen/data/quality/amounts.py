"""Faults of money: several units in one column, signs that mean two things.

Compares levels of categories; knows amounts, not time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from riskgen.data.inference.words import has_word, words
from riskgen.data.inspection.evidence import Evidence, Floats
from riskgen.data.quality.problem import Problem
from riskgen.data.schema import Channel

_CURRENCY = frozenset({"currency", "curr", "ccy", "cur", "waehrung", "iso4217"})
_SIDES = frozenset({"direction", "dc", "drcr", "crdr", "side", "sign", "type", "indicator", "flow"})
_DEBIT = frozenset({"debit", "dr", "d", "dbit", "out", "outflow", "withdrawal", "soll", "-"})
_CREDIT = frozenset({"credit", "cr", "c", "crdt", "in", "inflow", "deposit", "haben", "+"})
_FEWEST = 50  # rows of a level that is compared [J]
_MIXED = (0.02, 0.98)  # share of negatives between which a side has no sign [J]
_WHOLE = (0.995, 0.6)  # whole numbers: at least in the level, at most elsewhere [J]
_HUNDRED = (20.0, 500.0)  # factor between medians that cents against euros make [J]
_MOST_LEVELS = 30


def find_currencies(evidence: Evidence) -> Iterator[Problem]:
    """Find amounts in several currencies."""
    amounts = [c.name for c in _amounts(evidence)]
    for channel in evidence.columns("channel", "context", "derived"):
        column = evidence.frame[channel.name]
        if not amounts or not has_word(channel.name, _CURRENCY) or column.n_unique() < 2:
            continue
        counts = column.drop_nulls().value_counts()["count"]
        if len(counts) < 2:
            continue
        share = 1.0 - float(counts.max() or 0) / max(1, int(counts.sum()))  # type: ignore[arg-type]
        yield Problem(
            code="several-currencies",
            effect="wrong" if share > 0.01 else "worse",
            found=f"'{channel.name}' has {len(counts)} values; {100 * share:.1f} % of amounts are "
            "not in the most frequent currency.",
            then=f"'{amounts[0]}' is learned as one scale: sums, bounds and thresholds mix units.",
            advice="Convert all amounts into one currency first.",
            columns=(channel.name, *amounts),
            share=share,
        )


def find_mixed_units(evidence: Evidence) -> Iterator[Problem]:
    """Find a level whose amounts look like cents while the others are in units."""
    for channel in _amounts(evidence):
        sizes = np.abs(_values(evidence, channel))
        for other in evidence.columns("channel", "context"):
            column = evidence.frame[other.name]
            usable = other.kind in ("category", "flag") and column.n_unique() <= _MOST_LEVELS
            count = _in_cents(column, sizes) if usable else 0
            if count:
                yield Problem(
                    code="mixed-units",
                    effect="wrong",
                    found=f"'{channel.name}' seems to be in hundredths where '{other.name}' has "
                    f"one of its values ({count:,} rows): whole numbers only, far larger.",
                    then="Two units are learned as one scale.",
                    advice="Divide these amounts by 100, if they are in the smaller unit.",
                    columns=(channel.name, other.name),
                    count=count,
                    share=count / len(column),
                )


def _in_cents(column: pl.Series, sizes: Floats) -> int:
    known = np.isfinite(sizes) & (sizes > 0)
    codes = column.cast(pl.String).rank("dense").fill_null(0).to_numpy().astype(np.int64)
    for code in range(1, int(codes.max(initial=0)) + 1):
        own, rest = sizes[known & (codes == code)], sizes[known & (codes != code)]
        if min(len(own), len(rest)) < _FEWEST:
            continue
        whole = np.mean(np.mod(own, 1) == 0), np.mean(np.mod(rest, 1) == 0)
        # Fees and instalments are whole as well; hundredths of any amount end in all digits.
        ends = np.bincount(np.mod(own, 10).astype(np.int64), minlength=10) / len(own)
        odd = ends[[1, 2, 3, 4, 6, 7, 8, 9]].sum() > 0.5
        factor = np.median(own) / np.median(rest)
        if whole[0] >= _WHOLE[0] and whole[1] <= _WHOLE[1] and odd:
            if _HUNDRED[0] <= factor <= _HUNDRED[1]:
                return len(own)
    return 0


def find_mixed_signs(evidence: Evidence) -> Iterator[Problem]:
    """Find debits (or credits) with both signs, and a few negatives among positives."""
    for channel in _amounts(evidence):
        values = _values(evidence, channel)
        sided = False
        for other in evidence.columns("channel", "context", "derived"):
            for rows in _sides(evidence, other):
                sided = True
                yield from _two_signs(evidence, channel, other, values, rows)
        below = values < 0
        share = float(below.sum() / max(1, np.isfinite(values).sum()))
        if 0 < share < 0.01 and not sided and (values > 0).any():
            yield Problem(
                code="few-negatives",
                effect="look",
                found=f"'{channel.name}' is negative in {int(below.sum()):,} rows"
                f"{evidence.where(below)} and positive elsewhere.",
                then="Refunds that are learned as rare amounts are hardly ever simulated.",
                advice="Confirm that they are refunds; else mend them.",
                columns=(channel.name,),
                count=int(below.sum()),
                first_row=evidence.first(below),
                share=share,
            )


def _sides(evidence: Evidence, other: Channel) -> Iterator[np.ndarray]:
    """Yield the rows of each level that means debit or credit."""
    column = evidence.frame[other.name]
    if column.dtype != pl.String or not has_word(other.name, _SIDES) or column.n_unique() > 10:
        return
    for level in column.drop_nulls().unique().sort().to_list():
        said = set(words(level)) or {level.strip()}
        if said & _DEBIT or said & _CREDIT:
            yield (column == level).fill_null(False).to_numpy()


def _two_signs(
    evidence: Evidence, channel: Channel, other: Channel, values: Floats, rows: np.ndarray
) -> Iterator[Problem]:
    moved = rows & (np.nan_to_num(values) != 0)
    negative = float(np.mean(values[moved] < 0)) if moved.sum() >= _FEWEST else 0.0
    if _MIXED[0] < negative < _MIXED[1]:
        rare = moved & ((values < 0) == (negative < 0.5))
        yield Problem(
            code="mixed-signs",
            effect="wrong",
            found=f"Where '{other.name}' says one side, '{channel.name}' has both signs: "
            f"{int(rare.sum()):,} rows go the other way{evidence.where(rare)}.",
            then="Money comes and goes by two rules; balances and sums are wrong.",
            advice="Use one convention: signed amounts, or a direction and positive amounts.",
            columns=(channel.name, other.name),
            count=int(rare.sum()),
            first_row=evidence.first(rare),
            share=float(rare.mean()),
        )


def find_odd_balances(evidence: Evidence) -> Iterator[Problem]:
    """Find balances that no column of amounts explains: order or rows are missing."""
    amounts = [c for c in _amounts(evidence) if c.meaning in ("signed_amount", "amount")]
    for channel in evidence.columns("channel"):
        if channel.meaning != "balance" or not amounts:
            continue
        order = evidence.order
        owner, seconds = evidence.owner[order], evidence.seconds[order]
        tied = (np.diff(owner) == 0) & (np.diff(seconds) == 0)
        back = np.diff(order)[np.diff(owner) == 0] < 0
        share = float(tied.mean()) if len(tied) else 0.0
        yield Problem(
            code="balance-not-explained",
            effect="worse",
            found=f"'{channel.name}' is not the running sum of any column; {100 * share:.0f} % of "
            f"events share their time with the one before, {int(back.sum()):,} stand out of time "
            "order in the file.",
            then="Balances are guessed instead of computed; they will not add up.",
            advice="Give signed amounts, all bookings, and a time or file order that settles ties.",
            columns=(channel.name,),
            share=share,
        )


def _amounts(evidence: Evidence) -> list[Channel]:
    found = evidence.columns("channel")
    return [c for c in found if c.kind == "amount" and evidence.frame[c.name].dtype.is_numeric()]


def _values(evidence: Evidence, channel: Channel) -> Floats:
    column = evidence.frame[channel.name].cast(pl.Float64).fill_null(float("nan"))
    return np.asarray(column.to_numpy(), dtype=np.float64)
