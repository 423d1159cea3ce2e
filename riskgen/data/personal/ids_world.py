"""National ids outside Europe, one function each, with the rule's source.

Sees one text at a time, spaces already taken out, letters in capitals.
"""

from __future__ import annotations

import re

from riskgen.data.personal.birthdays import is_day
from riskgen.data.personal.checkdigits import fits_verhoeff, weighted

_SSN = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}")
_PAN = re.compile(r"[A-Z]{3}[ABCEFGHJKLPT][A-Z]\d{4}[A-Z]")
_CPF = re.compile(r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}")
_CHINA = re.compile(r"[1-9]\d{16}[\dX]")
_CHINA_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def is_us_ssn(text: str) -> bool:
    """Social Security number with hyphens; it has no check digit (SSA, RM 10201.035)."""
    return bool(_SSN.fullmatch(text))


def is_aadhaar(text: str) -> bool:
    """Aadhaar: twelve digits, the first from 2 on, Verhoeff (UIDAI numbering scheme)."""
    plain = text.replace("-", "")
    return bool(re.fullmatch(r"[2-9]\d{11}", plain)) and fits_verhoeff(plain)


def is_indian_pan(text: str) -> bool:
    """Permanent account number; its letter rule is not public (Income Tax Rules, rule 114)."""
    return bool(_PAN.fullmatch(text))


def is_brazilian_cpf(text: str) -> bool:
    """CPF: two check digits modulo 11 (Receita Federal, IN RFB 1548/2015)."""
    plain = re.sub(r"[.-]", "", text)
    if not _CPF.fullmatch(text) or len(set(plain)) == 1:
        return False
    first = weighted(plain, range(10, 1, -1)) * 10 % 11 % 10
    second = weighted(plain, range(11, 1, -1)) * 10 % 11 % 10
    return plain[9:] == f"{first}{second}"


def is_chinese_resident_id(text: str) -> bool:
    """Resident identity number: birthday and MOD 11-2 (GB 11643-1999)."""
    if not _CHINA.fullmatch(text):
        return False
    if not is_day(int(text[6:10]), int(text[10:12]), int(text[12:14])):
        return False
    return "10X98765432"[weighted(text[:17], _CHINA_WEIGHTS) % 11] == text[17]


WORLDWIDE = (is_us_ssn, is_aadhaar, is_indian_pan, is_brazilian_cpf, is_chinese_resident_id)
