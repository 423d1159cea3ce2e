"""Ways to reach a person: e-mail, phone, network address.

Sees one text at a time and answers yes or no.
"""

from __future__ import annotations

import re

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
# ITU-T E.164: a plus sign (or 00), a country code that does not begin with 0, 15 digits at most.
_SIGNED = re.compile(r"(\+\s?|00)[1-9][\d\s()./-]{5,19}\d")
_PHONE = re.compile(r"\+?[\d\s()./-]{7,20}")
_IP = re.compile(r"\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(:[0-9a-fA-F]{0,4}){4,7}")
_MAC = re.compile(r"[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}")  # IEEE 802

PHONE_WORDS = frozenset(
    {"phone", "tel", "telephone", "mobile", "msisdn", "handy", "fax", "cell", "telefon"}
    | {"telefono", "mobil", "rufnummer", "whatsapp"}
)


def is_email(text: str) -> bool:
    """Whether a text is an e-mail address (the part of RFC 5322 that is in use)."""
    return bool(_EMAIL.fullmatch(text))


def is_phone(text: str) -> bool:
    """Whether a text could be a phone number; many other numbers could too."""
    return bool(_PHONE.fullmatch(text)) and 7 <= sum(c.isdigit() for c in text) <= 15


def is_signed_phone(text: str) -> bool:
    """Whether a text is a phone number with its country code (ITU-T E.164)."""
    return bool(_SIGNED.fullmatch(text)) and 8 <= sum(c.isdigit() for c in text) <= 17


def is_network_address(text: str) -> bool:
    """Whether a text is an IPv4, IPv6 or hardware address."""
    if _MAC.fullmatch(text):
        return True
    if not _IP.fullmatch(text):
        return False
    return ":" in text or all(int(part) < 256 for part in text.split("."))
