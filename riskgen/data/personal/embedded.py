"""Personal data inside longer texts: an IBAN in some of the remittance lines.

Sees distinct texts of a column; never repeats one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import polars as pl

from riskgen.data.personal.finance import iban_length, is_card, is_iban, looks_like_card

# Share of the distinct texts in which it must be found, and how often at least [J].
SHARE, FEWEST = 0.005, 3
# What looks right passes a check digit by luck, one IBAN in 97 and one card number in
# ten: so many of those that look right must pass [J].
_PASSING = {"IBAN": 0.2, "card number": 0.8}

_EMAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?=[ A-Z0-9]{11})")
_CARD = re.compile(r"(?<![\dA-Za-z])\d(?:[ -]?\d){12,18}(?![\dA-Za-z])")
_LONGEST = 45  # 34 characters of ISO 13616-1 and the spaces between groups of four


def embedded_kind(texts: pl.Series) -> str | None:
    """Return ``e-mail``, ``IBAN`` or ``card number`` if at least one text in 200 contains one.

    Parameters
    ----------
    texts : polars.Series of String
        Distinct values.
    """
    enough = max(FEWEST, SHARE * len(texts))
    if int(texts.str.contains(_EMAIL).sum()) >= enough:
        return "e-mail"
    for kind, shape, find in _SEARCHES:
        likely = texts.filter(texts.str.contains(shape)).to_list()
        found = [passed for text in likely for passed in find(text)]
        if sum(found) >= max(enough, _PASSING[kind] * len(found)):
            return kind
    return None


def _ibans(text: str) -> Iterator[bool]:
    for start in _IBAN.finditer(text):
        length = iban_length(start[0][:2])
        if length is not None:
            plain = text[start.start() : start.start() + _LONGEST].replace(" ", "")
            yield is_iban(plain[:length])


def _cards(text: str) -> Iterator[bool]:
    for found in _CARD.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        if looks_like_card(digits):
            yield is_card(digits)


_SEARCHES: tuple[tuple[str, str, Callable[[str], Iterator[bool]]], ...] = (
    ("IBAN", r"[A-Z]{2}\d{2}[ A-Z0-9]{11}", _ibans),
    ("card number", r"\d([ -]?\d){12}", _cards),
)
