"""National ids of Europe, one function each, with the rule's source.

Sees one text at a time, spaces already taken out, letters in capitals.
"""

from __future__ import annotations

import re

from riskgen.data.personal.birthdays import is_day, is_short_day, parts
from riskgen.data.personal.checkdigits import fits_luhn, fits_mod_11_10, weighted

_NINO = re.compile(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]")
_NIR = re.compile(r"[12](\d{2})(0[1-9]|1[0-2]|[2-4]\d|[5-9]\d)(\d{2}|2A|2B)\d{6}\d{2}")
_SPAIN = re.compile(r"[XYZ\d]\d{7}[A-Z]")
_SPAIN_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_ITALY = re.compile(r"[A-Z]{6}[\dLMNP-V]{2}[A-EHLMPRST][\dLMNP-V]{2}[A-Z][\dLMNP-V]{3}[A-Z]")
# Values of 0 to 9 and A to Z in odd places (Decreto ministeriale 23 December 1976, n. 13813).
_ITALY_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        [
            *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21),
            *(2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        ],
        strict=True,
    )
)
_CZECH = re.compile(r"(\d{6})/?(\d{4})")
_SWEDEN = re.compile(r"(?:19|20)?(\d{6})[-+]?(\d{4})")
_BELGIUM = re.compile(r"\d{2}\.?\d{2}\.?\d{2}-?\d{3}[-.]?\d{2}")
_SWISS = re.compile(r"756\.?\d{4}\.?\d{4}\.?\d{2}")


def is_uk_nino(text: str) -> bool:
    """National Insurance number; letters only, no check digit (HMRC manual NIM39110)."""
    return bool(_NINO.fullmatch(text))


def is_german_tax_id(text: str) -> bool:
    """Steuer-IdNr: MOD 11,10, one digit twice or thrice in the first ten (section 139b AO)."""
    if not re.fullmatch(r"[1-9]\d{10}", text):
        return False
    counts = sorted(text[:10].count(digit) for digit in set(text[:10]))
    return counts[-1] in (2, 3) and counts[-2] == 1 and fits_mod_11_10(text)


def is_french_nir(text: str) -> bool:
    """NIR, the social security number: 97 less the rest modulo 97 (INSEE; Corsica 2A, 2B)."""
    if not _NIR.fullmatch(text):
        return False
    number = int(text[:13].replace("2A", "19").replace("2B", "18"))
    return 97 - number % 97 == int(text[13:])


def is_spanish_id(text: str) -> bool:
    """DNI or NIE: a letter for the number modulo 23, X Y Z are 0 1 2 (RD 1553/2005)."""
    plain = text.replace("-", "").replace(".", "")
    if not _SPAIN.fullmatch(plain):
        return False
    number = int(str("XYZ".find(plain[0])) + plain[1:8]) if plain[0] in "XYZ" else int(plain[:8])
    return _SPAIN_LETTERS[number % 23] == plain[8]


def is_italian_fiscal_code(text: str) -> bool:
    """Codice fiscale: odd and even places summed modulo 26 (D.M. 23 December 1976, n. 13813)."""
    if not _ITALY.fullmatch(text):
        return False
    odd = sum(_ITALY_ODD[c] for c in text[:15:2])
    even = sum(int(c) if c.isdigit() else ord(c) - 65 for c in text[1:15:2])
    return chr(65 + (odd + even) % 26) == text[15]


def is_dutch_bsn(text: str) -> bool:
    """Burgerservicenummer: the test of eleven, last weight minus one (Rijksdienst, RvIG)."""
    if not re.fullmatch(r"\d{9}", text) or text.startswith("00"):
        return False
    return weighted(text, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def is_polish_pesel(text: str) -> bool:
    """PESEL: a birthday whose month tells the century, weights 1 3 7 9 (Act of 24.9.2010)."""
    if not re.fullmatch(r"\d{11}", text):
        return False
    year, month, day = parts(text)
    century = (1900, 2000, 2100, 2200, 1800)[month // 20]
    if not is_day(century + year, month % 20, day):
        return False
    return weighted(text, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def is_czech_birth_number(text: str) -> bool:
    """Rodné číslo of ten digits: divisible by 11, women's months + 50 (Act 133/2000 Sb., s. 13)."""
    found = _CZECH.fullmatch(text)
    if found is None:
        return False
    year, month, day = parts(found[1])
    # 20 is added where the numbers of a day run out (since 2004).
    month = month % 50 - 20 if month % 50 > 20 else month % 50
    number = int(found[1] + found[2][:3])
    # Until 1985 a remainder of 10 was written as 0.
    return is_short_day(year, month, day) and number % 11 % 10 == int(found[2][3])


def is_swedish_personal_number(text: str) -> bool:
    """Personnummer: birthday (or day + 60) and a Luhn digit (SFS 1991:481, section 18)."""
    found = _SWEDEN.fullmatch(text)
    if found is None:
        return False
    year, month, day = parts(found[1])
    return is_short_day(year, month, day - 60 if day > 60 else day) and fits_luhn(
        found[1] + found[2]
    )


def is_belgian_number(text: str) -> bool:
    """Rijksregisternummer: 97 less the rest modulo 97, 2 before it from 2000 (KB 3.4.1984)."""
    if not _BELGIUM.fullmatch(text):
        return False
    plain = re.sub(r"\D", "", text)
    year, month, day = parts(plain)
    if not is_short_day(year, month % 20, day):  # BIS numbers add 20 or 40 to the month
        return False
    check = int(plain[9:])
    return check in (97 - int(plain[:9]) % 97, 97 - int("2" + plain[:9]) % 97)


def is_swiss_ahv(text: str) -> bool:
    """AHV number: country code 756 and an EAN-13 check digit (AHVV, article 133)."""
    if not _SWISS.fullmatch(text):
        return False
    return weighted(re.sub(r"\D", "", text), (1, 3) * 6 + (1,)) % 10 == 0


EUROPEAN = (
    *(is_uk_nino, is_german_tax_id, is_french_nir, is_spanish_id, is_italian_fiscal_code),
    *(is_dutch_bsn, is_polish_pesel, is_czech_birth_number, is_swedish_personal_number),
    *(is_belgian_number, is_swiss_ahv),
)
