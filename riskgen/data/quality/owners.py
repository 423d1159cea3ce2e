"""Faults of who owns what: entities, keys and rows that stand twice.

Knows rows with an owner and a time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from riskgen.data.inference.words import has_word
from riskgen.data.inspection.evidence import Bools, Evidence
from riskgen.data.quality.problem import Problem

_ROW_WORDS = frozenset(
    {"id", "uuid", "ref", "reference", "nr", "no", "number", "key", "row", "seq"}
)
_LARGEST_SHARE = 0.05  # of all events for one entity [J]
_MANY_SINGLE = 0.2  # share of entities with one event [J]
_NEARLY = 0.9  # distinct share from which a key is meant to be unique [J]
_FIXED = 0.98  # share of entities from which a column is meant to be fixed [J]
_SOON = 60.0  # seconds within which an equal posting is the same one [J]
_DOUBLE = 0.002  # share of rows from which repeats are no accident [J]


def find_single_events(evidence: Evidence) -> Iterator[Problem]:
    """Find entities without a history."""
    lengths = _lengths(evidence)
    single = int((lengths == 1).sum())
    if len(lengths) and single > _MANY_SINGLE * len(lengths):
        yield Problem(
            code="entities-with-one-event",
            effect="worse",
            found=f"{single:,} of {len(lengths):,} entities have one event only.",
            then="They show no gaps and no habits; simulated histories will be short as well.",
            advice="Take a longer window, or the key above (customer instead of card) with "
            "--entity.",
            count=single,
            share=single / len(lengths),
        )


def find_giants(evidence: Evidence) -> Iterator[Problem]:
    """Find an entity that owns more than a twentieth of all events."""
    lengths = _lengths(evidence)
    total = int(lengths.sum())
    giants = int((lengths > _LARGEST_SHARE * total).sum())
    if len(lengths) >= 40 and giants:
        share = float(lengths.max() / total)
        yield Problem(
            code="giant-entity",
            effect="worse",
            found=f"{giants} of {len(lengths):,} entities own over 5 % of the events each; the "
            f"largest owns {100 * share:.0f} %.",
            then="Such a key is often no customer (a default, a settlement account), and what it "
            "does is seen in everything that is counted by event.",
            advice="Leave the key out if it is no customer; entities count once in training.",
            count=giants,
            share=share,
        )


def find_repeated_rows(evidence: Evidence) -> Iterator[Problem]:
    """Find rows that repeat another, whole or but for the row's own number."""
    frame = evidence.frame
    numbers = [c.name for c in evidence.columns("row_id")]
    again = ~frame.select(pl.struct(pl.all()).is_first_distinct()).to_series()
    yield from _repeats(evidence, again.to_numpy(), "rows repeat another row exactly", ())
    if numbers and frame.width > len(numbers) + 1:
        rest = frame.drop(numbers).select(pl.struct(pl.all()).is_first_distinct()).to_series()
        words = "rows are equal to another but for their number"
        yield from _repeats(evidence, (~rest & ~again).to_numpy(), words, tuple(numbers))


def _repeats(
    evidence: Evidence, rows: Bools, words: str, columns: tuple[str, ...]
) -> Iterator[Problem]:
    count, share = int(rows.sum()), float(rows.mean())
    # Without a time of day two equal bookings on one day are usual.
    usual = 0.0 if evidence.has_clock else 0.05
    if count and share > usual:
        yield Problem(
            code="repeated-rows",
            effect="wrong" if share > 0.01 else "worse",
            found=f"{count:,} {words}{evidence.where(rows)}.",
            then="Bursts that never happened are learned, and copies look like memory in the "
            "privacy tests.",
            advice="Remove them if they come from a join or a second import.",
            columns=columns,
            count=count,
            first_row=evidence.first(rows),
            share=share,
        )


def find_double_postings(evidence: Evidence) -> Iterator[Problem]:
    """Find events that come again within a minute, equal but for number and time."""
    if not evidence.has_clock:
        return
    same = [c.name for c in evidence.columns("channel")]
    if len(same) < 2:
        return
    order = evidence.order
    rows = evidence.frame.select(same)[order]
    alike = _equal_to_previous(rows)
    gap = np.diff(evidence.seconds[order], prepend=-np.inf)
    near = (gap > 0) & (gap <= _SOON) & (np.diff(evidence.owner[order], prepend=-1) == 0) & alike
    count, share = int(near.sum()), float(near.mean())
    if share > _DOUBLE:
        marked = np.zeros(evidence.frame.height, dtype=bool)
        marked[order[near]] = True
        yield Problem(
            code="double-postings",
            effect="worse",
            found=f"{count:,} events equal the one before of their entity within a minute"
            f"{evidence.where(marked)}.",
            then="Bursts are learned that may be one payment, sent twice.",
            advice="Remove repeats of retried or pre-authorised payments.",
            count=count,
            first_row=evidence.first(marked),
            share=share,
        )


def _equal_to_previous(rows: pl.DataFrame) -> Bools:
    parts = [c.eq_missing(c.shift(1)).to_numpy() for c in rows]
    alike = np.logical_and.reduce(parts)
    alike[:1] = False
    return np.asarray(alike)


def find_repeated_keys(evidence: Evidence) -> Iterator[Problem]:
    """Find keys of rows that some rows share."""
    for channel in evidence.columns("channel", "dropped"):
        column = evidence.frame[channel.name]
        whole = column.dtype.is_integer() or column.dtype == pl.String
        if not whole or not has_word(channel.name, _ROW_WORDS) or column.null_count():
            continue
        distinct = column.n_unique() / max(1, len(column))
        if _NEARLY <= distinct < 1.0:
            rows = (~column.is_first_distinct()).to_numpy()
            yield Problem(
                code="keys-used-twice",
                effect="worse",
                found=f"'{channel.name}' seems to number the rows, but {int(rows.sum()):,} rows "
                f"use a number again{evidence.where(rows)}.",
                then="It is taken for a fact about events instead of a key.",
                advice="Remove rows imported twice, or leave the column out with --drop.",
                columns=(channel.name,),
                count=int(rows.sum()),
                first_row=evidence.first(rows),
                share=float(rows.mean()),
            )


def find_changing_facts(evidence: Evidence) -> Iterator[Problem]:
    """Find columns that are fixed for all but a few entities: keys given out again."""
    order = evidence.order
    owner = evidence.owner[order]
    several = np.bincount(owner, minlength=evidence.n_entities) >= 3
    if several.sum() < 100:
        return
    for channel in evidence.columns("channel"):
        values = evidence.frame[channel.name][order]
        if values.n_unique() < 3 or values.null_count() > 0.5 * len(values):
            continue
        moved = values.ne_missing(values.shift(1)).to_numpy() & (np.diff(owner, prepend=-1) == 0)
        changes = np.bincount(owner[moved], minlength=evidence.n_entities)[several]
        changed = int((changes > 0).sum())
        common = values.value_counts(sort=True)["count"][0] / len(values)
        # A column of nearly one value says nothing about its owner.
        if 0 < changed <= (1 - _FIXED) * len(changes) and common < 0.9:
            rows = np.zeros(evidence.frame.height, dtype=bool)
            rows[order[moved]] = True
            yield Problem(
                code="facts-that-change",
                effect="look",
                found=f"'{channel.name}' is fixed for all but {changed:,} of {len(changes):,} "
                f"entities{evidence.where(rows)}.",
                then="It is learned as varying by event; and a key that was given to a second "
                "person joins two histories.",
                advice="Check whether keys were used again; if not, keep one value per entity.",
                columns=(channel.name,),
                count=changed,
                first_row=evidence.first(rows),
                share=changed / len(changes),
            )


def _lengths(evidence: Evidence) -> np.ndarray:
    return np.bincount(evidence.owner[evidence.owner >= 0], minlength=evidence.n_entities)
