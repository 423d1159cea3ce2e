"""Whether a text is a national id of some country, and which names say so."""

from __future__ import annotations

import re

from riskgen.data.personal.ids_europe import EUROPEAN
from riskgen.data.personal.ids_world import WORLDWIDE

RULES = (*EUROPEAN, *WORLDWIDE)
# Fewest and most characters of any of the ids above, separators included.
SHORTEST, LONGEST = 9, 18
ID_WORDS = frozenset(
    {"ssn", "nino", "nir", "insee", "dni", "nie", "bsn", "pesel", "rodne", "personnummer"}
    | {"aadhaar", "aadhar", "cpf", "steuerid", "idnr", "codicefiscale", "passport", "tin"}
    | {"steueridnr", "steuernummer", "nationalid", "taxid", "ausweis", "ausweisnummer", "licence"}
)
ID_PAIRS = (
    *({"national", "id"}, {"tax", "id"}, {"tax", "number"}, {"social", "security"}),
    *({"codice", "fiscale"}, {"steuer", "id"}, {"rodne", "cislo"}, {"fodsels", "nummer"}),
    *({"national", "insurance"}, {"driver", "license"}, {"identity", "number"}),
)
_LOOKS = re.compile(r"(?=.*\d.*\d.*\d.*\d)[A-Z0-9./-]{6,20}")


def is_national_id(text: str) -> bool:
    """Whether a text keeps the rule of one of the countries known here."""
    plain = text.replace(" ", "").upper()
    return SHORTEST <= len(plain) <= LONGEST + 2 and any(rule(plain) for rule in RULES)


def could_be_national_id(text: str) -> bool:
    """Whether a text has four digits and no word in it, as every id has."""
    return bool(_LOOKS.fullmatch(text.replace(" ", "").upper()))
