"""Exact positions on Earth: latitude and longitude to ten metres or finer.

Sees one column and the names of the others; never repeats a value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from riskgen.data.inference.words import words
from riskgen.data.personal.sample import is_text, sample_of

# Four decimals of a degree are eleven metres: a house (ISO 6709, annex A).
_DECIMALS = 4
# Share of the values that must be that fine, and that must be in range [J].
_FINE, _IN_RANGE = 0.5, 0.999
_LATITUDE = frozenset({"latitude", "lat", "breitengrad", "latitud", "latitudine"})
_LONGITUDE = frozenset({"longitude", "lng", "laengengrad", "longitud", "longitudine"})
# Words that mean a position only beside their partner: "long" is a position of a
# trader too, and x and y are anything.
_PARTNERS = {"lon": "lat", "long": "lat", "x": "y", "y": "x", "longitude": "latitude"}
_PLACE_WORDS = frozenset({"geo", "gps", "loc", "location", "coord", "coords", "position", "home"})
_PAIR = re.compile(r"\(?-?\d{1,3}\.\d{4,},? ?[,; ] ?-?\d{1,3}\.\d{4,}\)?")


def is_coordinate(column: pl.Series, others: Sequence[str] = ()) -> bool:
    """Whether a column holds exact latitudes, longitudes or pairs of them.

    Parameters
    ----------
    column : polars.Series
        Floats, decimals, or text.
    others : sequence of str
        Names of the table's columns, where a partner is looked for.
    """
    if is_text(column) and _is_pairs(column):
        return True
    limit = _limit(column.name, others)
    if limit is None:
        return False
    values = _numbers(column)
    if len(values) == 0 or np.mean(np.abs(values) <= limit) < _IN_RANGE:
        return False
    scaled = values * 10.0 ** (_DECIMALS - 1)
    coarse = np.abs(scaled - np.rint(scaled)) < 1e-6 * np.maximum(np.abs(scaled), 1.0)
    return bool(np.mean(~coarse) >= _FINE)


def _is_pairs(column: pl.Series) -> bool:
    sample = sample_of(column)
    return sample is not None and sample.most(lambda text: bool(_PAIR.fullmatch(text)), 0.8, 5)


def _limit(name: str, others: Sequence[str]) -> float | None:
    """Return the largest degree that the name allows, None where it names no position."""
    found = words(name)
    if not _LATITUDE.isdisjoint(found):
        return 90.0
    if not _LONGITUDE.isdisjoint(found) or _has_partner(found, others):
        return 180.0
    return None


def _has_partner(found: tuple[str, ...], others: Sequence[str]) -> bool:
    beside = {words(other) for other in others}
    for place, word in enumerate(found):
        if word not in _PARTNERS:
            continue
        if word in ("x", "y") and _PLACE_WORDS.isdisjoint(found):
            continue
        if (*found[:place], _PARTNERS[word], *found[place + 1 :]) in beside:
            return True
    return False


def _numbers(column: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if not (is_text(column) or column.dtype.is_float() or column.dtype.is_decimal()):
        return np.zeros(0)
    text = column.cast(pl.String) if is_text(column) else column
    values = text.cast(pl.Float64, strict=False).drop_nulls().to_numpy()
    return np.asarray(values[np.isfinite(values)], dtype=np.float64)
