"""SDV's words for what a column is, beside riskgen's.

Knows words only.
"""

from __future__ import annotations

from riskgen.data.inference.words import words
from riskgen.data.schema import Kind

# What identifies a person, and riskgen's word for it; the first sdtype of a
# word is the one that is written back.
PERSONAL: dict[str, str] = {
    "email": "e-mail",
    "phone_number": "phone",
    "ssn": "national id",
    "name": "person name",
    "first_name": "person name",
    "last_name": "person name",
    "iban": "IBAN",
    "bban": "bank account",
    "credit_card_number": "card number",
    "address": "address",
    "street_address": "address",
    "secondary_address": "address",
    "date_of_birth": "date of birth",
    "ipv4_address": "network address",
    "ipv6_address": "network address",
    "mac_address": "network address",
    "user_agent_string": "user agent",
    "latitude": "exact coordinates",
    "longitude": "exact coordinates",
    "license_plate": "license plate",
    "passport_number": "passport number",
    "text": "free text",
}
KINDS: dict[str, Kind] = {
    "numerical": "number",
    "categorical": "category",
    "ordinal": "category",
    "boolean": "flag",
    "datetime": "timestamp",
    "id": "category",
}
# Places and things, which many people share.
_SHARED = (
    *("city", "country", "country_code", "state", "state_abbr", "administrative_unit"),
    *("postcode", "swift8", "swift11", "vin", "company", "job", "currency_code"),
)
SDTYPES: tuple[str, ...] = (*KINDS, "unknown", *PERSONAL, *_SHARED)


def personal_word(sdtype: str, pii: bool | None) -> str | None:
    """Return what personal data a column is by the team's own word, or None.

    ``pii`` decides; where the file is silent, what identifies a person does.
    """
    if pii is False or (pii is None and sdtype not in PERSONAL):
        return None
    if sdtype in KINDS or sdtype == "unknown":
        return "called personal"
    return PERSONAL.get(sdtype, sdtype.replace("_", " "))


def kind_word(sdtype: str) -> Kind | None:
    """Return riskgen's kind of an sdtype; None where SDV does not know itself."""
    return None if sdtype == "unknown" else KINDS.get(sdtype, "category")


def personal_sdtype(personal: str, name: str) -> str:
    """Return the sdtype for a kind of personal data in a column called ``name``."""
    if personal == "exact coordinates":
        return (
            "longitude"
            if words(name)[-1:] in (("lon",), ("lng",), ("longitude",))
            else ("latitude")
        )
    if personal.endswith(" in text"):
        return "text"
    return next((sdtype for sdtype, word in PERSONAL.items() if word == personal), "unknown")
