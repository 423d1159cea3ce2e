"""Scores as somebody else hands them back: ids and numbers, checked row by row.

Knows tables of two columns, nothing of what was scored. Nothing is mended: a row
that cannot be used is refused with its number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskgen.data.scoring.casefile import ID, LEAST_DIGITS, MARK_DIGITS
from riskgen.data.sources.address import Address
from riskgen.data.sources.checked import readable
from riskgen.data.sources.source import open_source
from riskgen.errors import DataError

SCORE = "score"
_FORM = rf"^([0-9a-f]{{{MARK_DIGITS}}})-(\d{{{LEAST_DIGITS},12}})$"
_MARK = re.compile(rf"[0-9a-f]{{{MARK_DIGITS}}}")


@dataclass(frozen=True, eq=False)
class Answers:
    """Scores of one export.

    Attributes
    ----------
    mark : str
        The export that they are for.
    numbers : ndarray of shape (n,), int64
        Distinct places in it.
    scores : ndarray of shape (n,), float64
        Finite; higher is more suspicious, on any scale.
    """

    mark: str
    numbers: NDArray[np.int64] = field(repr=False)
    scores: NDArray[np.float64] = field(repr=False)

    def placed(self, n: int) -> NDArray[np.float64]:
        """Return the scores in the order of the export, shape (n,); NaN where there is none.

        Raises
        ------
        DataError
            When an id lies beyond the export.
        """
        beyond = int((self.numbers >= n).sum())
        if beyond:
            raise DataError(
                f"{beyond} ids carry the mark of export {self.mark} and lie beyond its {n:,} "
                f"rows. Hand back column '{ID}' as it was exported."
            )
        placed = np.full(n, np.nan)
        placed[self.numbers] = self.scores
        return placed


def read_scores(places: Sequence[str]) -> Answers:
    """Read files of ids and scores, in any order and in as many files as there are.

    Parameters
    ----------
    places : sequence of str
        Parquet, CSV or Arrow files, or folders of them, with columns ``riskgen_id`` and
        ``score``; other columns are not looked at.

    Raises
    ------
    DataError
        When a file lacks a column, or ids or scores are unusable: how many, and the
        first row.
    """
    frames = [_read(place) for place in places]
    marks = sorted({mark for _, frame in frames for mark in frame["mark"].unique()})
    if len(marks) > 1:
        raise DataError(
            f"The scores are for {len(marks)} exports ({', '.join(marks[:3])}). Hand back those "
            "of one."
        )
    _refuse_repeats(frames)
    whole = pl.concat([frame for _, frame in frames])
    return Answers(marks[0], whole["number"].to_numpy().copy(), whole[SCORE].to_numpy().copy())


def _read(place: str) -> tuple[str, pl.DataFrame]:
    source = open_source(Address(place))
    rows = source.scan()
    with readable(source.name, place):
        columns = rows.collect_schema()
    _check_columns(dict(columns), source.name)
    with readable(source.name, place):
        frame = rows.select(ID, SCORE).collect()
    parts = frame[ID].cast(pl.String).str.extract_groups(_FORM).struct
    scores = frame[SCORE].cast(pl.Float64, strict=False)
    found = pl.DataFrame([parts.field("1").alias("mark"), parts.field("2").alias("number"), scores])
    _refuse(
        found["mark"].is_null(),
        source.name,
        "ids are none of riskgen's",
        f"Hand back column '{ID}' as it was exported.",
    )
    _refuse(
        ~found[SCORE].is_finite().fill_null(False),
        source.name,
        "scores are missing or not finite",
        "Every row needs one number.",
    )
    return source.name, found.with_columns(pl.col("number").cast(pl.Int64))


def _check_columns(columns: dict[str, pl.DataType], name: str) -> None:
    lacking = [wanted for wanted in (ID, SCORE) if wanted not in columns]
    if lacking:
        found = ", ".join(f"'{column}'" for column in list(columns)[:12])
        raise DataError(
            f"'{name}' has no column '{lacking[0]}'. Found: {found}. Give '{ID}' as it was "
            f"exported and '{SCORE}', higher for more suspicious."
        )
    kind = columns[SCORE]
    if not (kind.is_numeric() or kind == pl.Boolean):
        raise DataError(
            f"Column '{SCORE}' in '{name}' is of type {kind.base_type().__name__}. Give numbers."
        )


def _refuse(wrong: pl.Series, name: str, what: str, remedy: str) -> None:
    count = int(wrong.sum())
    if count:
        first = int(wrong.arg_true()[0]) + 1
        raise DataError(
            f"{count:,} of {len(wrong):,} {what} in '{name}' (first at row {first:,}). {remedy}"
        )


def _refuse_repeats(frames: Sequence[tuple[str, pl.DataFrame]]) -> None:
    numbers = np.concatenate([frame["number"].to_numpy() for _, frame in frames])
    order = np.argsort(numbers, kind="stable")
    again = order[1:][np.diff(numbers[order]) == 0]
    if len(again) == 0:
        return
    row = int(again.min())
    for name, frame in frames:
        if row < frame.height:
            raise DataError(
                f"{len(again):,} ids come more than once (first again at row {row + 1:,} of "
                f"'{name}'). Give one score for each."
            )
        row -= frame.height


def is_mark(text: str) -> bool:
    """Whether ``text`` can be the mark of an export."""
    return _MARK.fullmatch(text) is not None
