"""Account and card numbers: IBAN and the number on a payment card.

Sees one text at a time and answers yes or no.
"""

from __future__ import annotations

import re

from riskgen.data.personal.checkdigits import fits_luhn, fits_mod_97_10

# Length of an IBAN by country: SWIFT, IBAN Registry (ISO 13616-1).
_LENGTHS_TEXT = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27
DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28
IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22
MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24
SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30
"""
_LENGTHS = {item[:2]: int(item[2:]) for item in _LENGTHS_TEXT.split()}
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
# Issuer numbers and lengths of the card schemes in use: ISO/IEC 7812-1 gives the
# first digit its industry (3 travel, 4 to 6 banking, 8 and 9 national schemes).
_CARD = re.compile(
    r"4\d{12}|3[0689]\d{12}|3[47]\d{13}|([2-6]\d|8[12]|97)\d{14}|(3|4|5|6|8[12])\d{16,17}"
    r"|[3-6]\d{16}|[3-6]\d{18}"
)
_GAPS = str.maketrans("", "", " -\u00a0")


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN with a known length and valid check digits (ISO 13616-1)."""
    plain = text.translate(_GAPS).upper()
    if not _IBAN.fullmatch(plain) or len(plain) != _LENGTHS.get(plain[:2]):
        return False
    return fits_mod_97_10(plain[4:] + plain[:4])


def iban_length(country: str) -> int | None:
    """Return how long an IBAN of a country is, None where it has none."""
    return _LENGTHS.get(country)


def is_card(text: str) -> bool:
    """Whether a text is a payment card number: issuer, length, and Luhn digit (ISO/IEC 7812-1)."""
    plain = text.translate(_GAPS)
    return looks_like_card(plain) and fits_luhn(plain)


def looks_like_card(digits: str) -> bool:
    """Whether digits have the length and beginning of a card number, checked or not."""
    return bool(_CARD.fullmatch(digits)) and len(set(digits)) >= 3
