"""Which kind of personal data a column looks like: the detectors in their order.

Says a short word; what to do with the column is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from riskgen.data.inference.words import has_word, words
from riskgen.data.personal.contact import (
    PHONE_WORDS,
    is_email,
    is_network_address,
    is_phone,
    is_signed_phone,
)
from riskgen.data.personal.coordinates import is_coordinate
from riskgen.data.personal.embedded import embedded_kind
from riskgen.data.personal.finance import is_card, is_iban
from riskgen.data.personal.national_ids import (
    ID_PAIRS,
    ID_WORDS,
    could_be_national_id,
    is_national_id,
)
from riskgen.data.personal.people import is_person_column
from riskgen.data.personal.places import is_address_column
from riskgen.data.personal.sample import Sample, sample_of
from riskgen.data.personal.uniqueness import is_near_unique_key, is_prose

# Share of the sampled distinct values that must fit where no luck is possible [J].
MOST, FEW = 0.8, 5
# A check digit fits one number in ten or eleven by luck: of at least so many values
# nearly all must pass. Nine of ten card numbers by luck: 1e-8; 19 of 20 ids: 1e-17 [J].
NEARLY_ALL, ENOUGH_CARDS, ENOUGH_IDS = 0.9, 10, 20
_BIRTH_WORDS = frozenset(
    {"birth", "birthday", "birthdate", "dob", "birthyear", "geburtsdatum", "geburtstag"}
    | {"geburtsjahr", "naissance", "nacimiento", "nascita", "geboortedatum", "nascimento"}
    | {"narozeni", "urodzenia"}
)


def personal_kind(column: pl.Series, others: Sequence[str] = ()) -> str | None:
    """Return what personal data a column looks like, or None.

    Parameters
    ----------
    column : polars.Series
        Any type, any length; its name counts. Empty columns are None.
    others : sequence of str
        Names of all columns of the table, where partners of a coordinate are
        looked for.

    Returns
    -------
    str or None
        ``e-mail``, ``IBAN``, ``card number``, ``phone``, ``network address``,
        ``national id``, ``date of birth``, ``person name``, ``address``,
        ``exact coordinates``, ``free text``, ``near-unique text`` or
        ``near-unique number``; ``in text`` is added where an e-mail, an IBAN or
        a card number stands inside one text in 200 or more.
    """
    if has_word(column.name, _BIRTH_WORDS) or {"date", "birth"} <= set(words(column.name)):
        return "date of birth"
    if is_coordinate(column, others):
        return "exact coordinates"
    sample = sample_of(column)
    if sample is None:
        return None
    return _by_content(sample) or _by_name(sample) or _by_use(sample)


def _by_content(sample: Sample) -> str | None:
    for kind, test in (("e-mail", is_email), ("IBAN", is_iban)):
        if sample.most(test, MOST, FEW):
            return kind
    if sample.most(is_card, NEARLY_ALL, ENOUGH_CARDS):
        return "card number"
    if sample.most(is_network_address, MOST, FEW):
        return "network address"
    if _are_national_ids(sample):
        return "national id"
    return "phone" if sample.most(is_signed_phone, MOST, FEW) else None


def _are_national_ids(sample: Sample) -> bool:
    # A number lost its leading zeros: the longest value tells how many.
    width = 0 if sample.is_text else max(map(len, sample.texts))
    return sample.most(lambda text: is_national_id(text.zfill(width)), NEARLY_ALL, ENOUGH_IDS)


def _by_name(sample: Sample) -> str | None:
    named = words(sample.name)
    if has_word(sample.name, PHONE_WORDS) and sample.most(is_phone, MOST):
        return "phone"
    says_id = not ID_WORDS.isdisjoint(named) or any(pair <= set(named) for pair in ID_PAIRS)
    return "national id" if says_id and sample.most(could_be_national_id, MOST) else None


def _by_use(sample: Sample) -> str | None:
    if not sample.is_text:
        return "near-unique number" if is_near_unique_key(sample) else None
    if is_person_column(sample):
        return "person name"
    if is_address_column(sample):
        return "address"
    if (inside := embedded_kind(sample.many)) is not None:
        return f"{inside} in text"
    if is_prose(sample):
        return "free text"
    return "near-unique text" if sample.repeats_little else None
