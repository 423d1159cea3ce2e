"""Whose account is struck, by what, when and how hard.

Severity moves every parameter of a case between a mild end, which looks like
something genuine, and a severe one. All ranges are judgement [J].
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.data.toybank.draws import Floats, Ints, cumulative, pick
from riskgen.data.toybank.entries import DAY
from riskgen.data.toybank.spending import HOUR, Town

TYPOLOGIES = ("account_takeover", "card_testing", "mule_pass_through", "app_scam", "bust_out")
ACCOUNT_TAKEOVER, CARD_TESTING, MULE, APP_SCAM, BUST_OUT = range(5)
# Main accounts have the money that takeovers and scams are after.
_TYPOLOGY_SHARE = cumulative(np.array([[20, 28, 24, 12, 16], [33, 18, 12, 30, 7]]) / 100)
# Never on the first days of an account: there must be habits to depart from.
_EARLIEST, _LATEST = 0.05, 0.98


@dataclass(frozen=True, eq=False)
class Cases:
    """One fraud a row: whose account, which kind, when and how severe (0..1)."""

    owner: Ints = field(repr=False)
    typology: Ints = field(repr=False)
    second: Ints = field(repr=False)
    severity: Floats = field(repr=False)
    payee: Ints = field(repr=False)
    device: Ints = field(repr=False)

    def of(self, typology: int) -> Cases:
        """Return the cases of one kind."""
        kept = np.flatnonzero(self.typology == typology)
        return Cases(
            self.owner[kept],
            self.typology[kept],
            self.second[kept],
            self.severity[kept],
            self.payee[kept],
            self.device[kept],
        )

    def __len__(self) -> int:
        """Count the cases."""
        return len(self.owner)


def open_cases(town: Town, share: float, rng: np.random.Generator) -> Cases:
    """Choose the customers that are struck, ``share`` of all, once each."""
    people = town.customers
    n = round(share * people.n)
    owner = rng.choice(people.n, n, replace=False)
    begin = people.joined[owner]
    place = rng.uniform(_EARLIEST, _LATEST, n)
    mules = rng.integers(0, 4 * people.n, max(n // 3, 1))  # payees serve several cases
    phones = 4 * people.n + np.arange(max(n // 2, 1))
    return Cases(
        owner=owner,
        typology=pick(_TYPOLOGY_SHARE, people.main[owner].astype(np.int64), rng),
        second=(begin + place * (town.calendar.seconds - begin)).astype(np.int64),
        severity=rng.beta(2.2, 1.7, n),
        payee=mules[rng.integers(0, len(mules), n)],
        device=phones[rng.integers(0, len(phones), n)],
    )


def between(mild: float, severe: float, severity: Floats) -> Floats:
    """Return a positive parameter on the logarithmic path from mild to severe."""
    path: Floats = np.exp(np.log(mild) * (1 - severity) + np.log(severe) * severity)
    return path


def at_hour(cases: Cases, night: Floats, rng: np.random.Generator) -> Ints:
    """Return the start of each case, at night with the given probability."""
    asleep = rng.random(len(cases)) < night
    hour = np.where(asleep, rng.uniform(0, 6, len(cases)), rng.uniform(8, 23, len(cases)))
    return cases.second // DAY * DAY + (hour * HOUR).astype(np.int64)


def one_of(share: Floats, yes: Ints, no: Ints, rng: np.random.Generator) -> Ints:
    """Return ``yes`` with probability ``share``, else ``no``, for each case."""
    return np.where(rng.random(len(share)) < share, yes, no)
