"""Where a person lives: street addresses and postcodes that name a street.

Sees samples; never repeats a value. A postcode of a town is an area, which
many people share; what fewer than 11 entities share becomes OTHER later.
"""

from __future__ import annotations

import re

from riskgen.data.inference.words import has_word
from riskgen.data.personal.sample import Sample

_STREET_WORDS = frozenset(
    {"street", "address", "strasse", "addr", "adresse", "anschrift", "direccion", "indirizzo"}
    | {"endereco", "housenumber", "hausnummer", "adres"}
)
_POSTCODE_WORDS = frozenset({"postcode", "zip", "zipcode", "plz", "postal", "cap", "pincode"})
# An address of a machine, or of the web, is none of a person's home.
_OTHER_ADDRESSES = frozenset({"ip", "mac", "web", "url", "wallet", "crypto"})
# Full British postcodes (Royal Mail: about 15 addresses), Dutch ones (4 digits and 2
# letters: a street side) and American ZIP+4 (a block).
_FINE = re.compile(
    r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{4} ?[A-Z]{2}|\d{5}-\d{4}|\d{9}", re.IGNORECASE
)
_NUMBER = r"\d{1,4} ?[a-zA-Z]?"
_ROADS = (
    r"(street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|ct|place|pl|way|close"
    r"|terrace|square)"
)
_STREET = re.compile(
    rf"{_NUMBER},? [\w .'-]+ {_ROADS}\.?\b.*"
    rf"|[\w .'-]*(stra(ß|ss)e|str\.|weg|platz|allee|gasse|ring|damm|ufer|straat|laan|gatan|vej) "
    rf"{_NUMBER}\b.*"
    rf"|({_NUMBER},? )?(rue|avenue|boulevard|place|via|viale|piazza|calle|avenida|ul\.|ulica|rua) "
    rf"[\w .'-]+(,? {_NUMBER})?",
    re.IGNORECASE,
)
# Share of the distinct values that must be street and number [J].
_MOST = 0.6


def is_address_column(sample: Sample) -> bool:
    """Whether a text column holds street addresses or postcodes of a street."""
    if has_word(sample.name, _POSTCODE_WORDS) and sample.most(_is_fine_postcode, _MOST, fewest=5):
        return True
    if has_word(sample.name, _STREET_WORDS) and not has_word(sample.name, _OTHER_ADDRESSES):
        return True
    return sample.most(_is_street, _MOST, fewest=5)


def _is_fine_postcode(text: str) -> bool:
    return bool(_FINE.fullmatch(text))


def _is_street(text: str) -> bool:
    return any(c.isdigit() for c in text) and bool(_STREET.fullmatch(text))
