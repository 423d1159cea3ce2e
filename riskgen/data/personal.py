"""Columns that look like personal data, told by their content and their name.

Sees samples of a column and says a short word; what to do with the column is
decided elsewhere. It never repeats a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

from riskgen.data.words import has_word, words

# Share of the sampled distinct values that must fit: a Luhn digit fits one
# number in ten by luck, so most must pass [J].
MOST = 0.8
# Share of distinct values at which text names people rather than groups [J].
NEAR_UNIQUE = 0.9
_SAMPLE = 2_000
_FEWEST = 5

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_CARD = re.compile(r"\d{13,19}")
_PHONE_SIGNED = re.compile(r"(\+|00)\d[\d\s()./-]{6,18}\d")
_PHONE = re.compile(r"\+?[\d\s()./-]{7,20}")
_ADDRESS_IP = re.compile(r"\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(:[0-9a-fA-F]{0,4}){4,7}")
_NATIONAL_ID = re.compile(r"\d{3}-\d{2}-\d{4}")
_NAME = re.compile(r"[^\W\d_][^\d_@]{0,60}")

_PHONE_WORDS = frozenset({"phone", "tel", "telephone", "mobile", "msisdn", "handy", "fax", "cell"})
_NAME_WORDS = frozenset(
    {"name", "firstname", "lastname", "surname", "forename", "fullname", "vorname", "nachname"}
    | {"holder", "cardholder"}
)
_THING_WORDS = frozenset(
    {"merchant", "terminal", "shop", "store", "product", "category", "bank", "branch", "file"}
    | {
        "type",
        "channel",
        "country",
        "city",
        "device",
        "scheme",
        "currency",
        "instrument",
        "scenario",
    }
)
_ADDRESS_WORDS = frozenset({"street", "address", "strasse", "addr", "postcode", "zip", "zipcode"})
_BIRTH_WORDS = frozenset({"birth", "birthday", "birthdate", "dob", "birthyear"})


def personal_kind(column: pl.Series) -> str | None:
    """Return what personal data a column looks like, or None.

    Parameters
    ----------
    column : polars.Series
        Any type, any length; its name counts. Empty columns are None.

    Returns
    -------
    str or None
        ``e-mail``, ``IBAN``, ``card number``, ``phone``, ``IP address``,
        ``national id``, ``date of birth``, ``person name``, ``address``,
        ``free text`` or ``near-unique text``.
    """
    if has_word(column.name, _BIRTH_WORDS) or {"date", "birth"} <= set(words(column.name)):
        return "date of birth"
    if not (column.dtype.is_integer() or _is_text(column)):
        return None
    sample = _sample(column)
    if not sample:
        return None
    return _by_content(sample, column) or (_by_text(column, sample) if _is_text(column) else None)


def _is_text(column: pl.Series) -> bool:
    return column.dtype.base_type() in (pl.String, pl.Categorical, pl.Enum)


def _sample(column: pl.Series) -> list[str]:
    distinct = column.drop_nulls().unique(maintain_order=True).head(_SAMPLE)
    return [text.strip() for text in distinct.cast(pl.String).to_list()]


def _by_content(sample: list[str], column: pl.Series) -> str | None:
    for kind, test in _TESTS:
        if len(sample) >= _FEWEST and _most(sample, test):
            return kind
    if has_word(column.name, _PHONE_WORDS) and _most(sample, _is_phone):
        return "phone"
    return None


def _most(sample: list[str], test: Callable[[str], bool]) -> bool:
    return sum(map(test, sample)) >= MOST * len(sample)


def _is_iban(text: str) -> bool:
    plain = text.replace(" ", "").upper()
    if not _IBAN.fullmatch(plain):
        return False
    # ISO 13616: four characters move to the end, letters become 10 to 35.
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def _is_card(text: str) -> bool:
    plain = text.replace(" ", "").replace("-", "")
    if not _CARD.fullmatch(plain) or len(set(plain)) < 3:
        return False
    # ISO/IEC 7812: every second digit from the right is doubled.
    digits = [int(c) for c in reversed(plain)]
    doubled = [sum(divmod(2 * d, 10)) for d in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_phone(text: str) -> bool:
    return bool(_PHONE.fullmatch(text)) and 7 <= sum(c.isdigit() for c in text) <= 15


def _is_signed_phone(text: str) -> bool:
    return bool(_PHONE_SIGNED.fullmatch(text)) and _is_phone(text)


def _full(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: bool(pattern.fullmatch(text))


_TESTS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("e-mail", _full(_EMAIL)),
    ("IBAN", _is_iban),
    ("card number", _is_card),
    ("national id", _full(_NATIONAL_ID)),
    ("IP address", _full(_ADDRESS_IP)),
    ("phone", _is_signed_phone),
)


def _by_text(column: pl.Series, sample: list[str]) -> str | None:
    if _names_people(column.name) and _most(sample, _is_name):
        return "person name"
    if has_word(column.name, _ADDRESS_WORDS) and not has_word(column.name, frozenset({"ip"})):
        return "address"
    if _is_prose(column, sample):
        return "free text"
    present = len(column) - column.null_count()
    distinct = column.drop_nulls().n_unique()
    # Twenty rows: below that, distinct values say nothing [J].
    return "near-unique text" if present >= 20 and distinct > NEAR_UNIQUE * present else None


def _names_people(name: str) -> bool:
    return has_word(name, _NAME_WORDS) and not has_word(name, _THING_WORDS)


def _is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text)) and 1 <= len(text.split()) <= 5 and not text.islower()


def _is_prose(column: pl.Series, sample: list[str]) -> bool:
    # Remittance texts and remarks: several words, hardly ever repeated [J].
    lengths = [len(text.split()) for text in sample]
    many_words = sum(lengths) >= 4 * len(lengths)
    distinct = column.drop_nulls().n_unique()
    return many_words and distinct > 0.2 * (len(column) - column.null_count()) and distinct > 20
