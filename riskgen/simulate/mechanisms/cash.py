"""Which events are cash, or as good as cash, told by the words and codes of their kinds."""

from __future__ import annotations

import re

import numpy as np

from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Ints

_WORDS = frozenset(
    {"cash", "atm", "bargeld", "geldautomat", "bankomat", "efectivo", "contanti", "especes"}
    | {"hotovost", "hotovosti", "gotowka"}
)
# Quasi-cash: what turns credit into money at once.
_QUASI_WORDS = frozenset({"casino", "gambling", "betting", "crypto"})
# Merchant category codes of ISO 18245: manual and automated cash disbursements.
_CODES = frozenset({"6010", "6011"})
# Money transfers, quasi-cash, stored value and betting.
_QUASI_CODES = frozenset({"4829", "6050", "6051", "6540", "7995"})
_NOTES = (1, 5, 10, 20, 50, 100, 200, 500)
_NAMES = ("merchant", "counterparty", "country", "device", "address", "phone")


def cash_rows(accounts: Accounts) -> Flags:
    """Whether a kind of each event speaks of cash, shape (n_events,)."""
    return _speaking_of(accounts, _WORDS | _CODES)


def cash_like_rows(accounts: Accounts) -> Flags:
    """Whether a kind of each event speaks of cash or quasi-cash, shape (n_events,)."""
    return _speaking_of(accounts, _WORDS | _CODES | _QUASI_WORDS | _QUASI_CODES)


def in_notes(units: Ints, example: Ints, decimals: int) -> Ints:
    """Round amounts to the note that an example amount is paid in; 1 unit is left at least.

    To the nearest, so that many amounts add up to what was wanted.
    """
    result = units.copy()
    for step in _NOTES:
        note = int(step * 10**decimals)
        fits = (example > 0) & (np.mod(example, note) == 0) & (units >= 2 * note)
        result = np.where(fits, np.rint(units / note).astype(np.int64) * note, result)
    return np.maximum(result, 1)


def _speaking_of(accounts: Accounts, words: frozenset[str]) -> Flags:
    found = np.zeros(accounts.events.n_events, dtype=bool)
    for channel in accounts.events.schema.with_role("channel"):
        if channel.kind not in ("category", "flag") or channel.meaning in _NAMES:
            continue
        codes, levels = accounts.events.codes(channel.name)
        fits = np.array([*(bool(words & _parts(level)) for level in levels), False])
        found |= fits[codes]
    return found


def _parts(level: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+|[0-9]+", level.lower()))
